"""`hannun serve`: settings in, the app runs until it is told to stop."""

from __future__ import annotations

from hannun.cli.command import command
from hannun.cli.terminal import Terminal
from hannun.cli.where import given, serve_options
from hannun.model.text import Text

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
    from hannun.app import run

    run(settings, complaints)
