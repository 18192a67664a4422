"""`hannun serve`: settings in, the app runs until it is told to stop."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import hannun
from hannun.cli.command import command
from hannun.cli.terminal import Terminal
from hannun.cli.where import given, serve_options
from hannun.model.text import Text
from hannun.observe.memory import share_one_heap

_WARNING = Text(en="warning: {words}", ko="주의: {words}")


@command(
    "serve",
    Text(
        en="Run the server\nEvery option is also a key of hannun.yml (data_dir: …) and a variable (HANNUN_DATA_DIR).",
        ko="서버를 실행합니다\n모든 옵션은 hannun.yml(data_dir: …)이나 환경 변수(HANNUN_DATA_DIR)로도 줄 수 있습니다.",
    ),
    *serve_options(),
)
def serve(terminal: Terminal, **flags: str | bool | None) -> None:
    from hannun.config.load import load

    settings, complaints = load({**given(flags), **terminal.flags}, terminal.env)
    for complaint in complaints:
        terminal.warn(_WARNING.say(settings.lang, words=complaint.say(settings.lang)))
    keep_kernels_in(settings.data_dir)
    share_one_heap()
    # What a start builds stays: looking through it again and again for garbage is an eighth of the start's CPU time.
    # The app lets the collector work again when all stands.
    gc.disable()
    from hannun.app import run

    run(settings, complaints)


def keep_kernels_in(data_dir: Path) -> None:
    """Where compiled kernels are kept when they cannot lie beside the code: a service often may not write there.

    Must be told before numba is imported; without any writable place numba refuses to import the kernels at all.
    """
    beside = Path(hannun.__file__).parent
    if not os.access(beside, os.W_OK) and "NUMBA_CACHE_DIR" not in os.environ:
        os.environ["NUMBA_CACHE_DIR"] = str(data_dir.absolute() / "kernels")
