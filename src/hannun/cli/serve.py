"""`hannun serve`: settings in, the app runs until it is told to stop."""

from __future__ import annotations

from typing import Any

import click

from hannun.cli.command import Option, command
from hannun.cli.terminal import Terminal
from hannun.config.setting import Setting
from hannun.config.settings import SETTINGS
from hannun.model.text import Text

_WARNING = Text(en="warning: {words}", ko="주의: {words}")


def options() -> list[click.Parameter]:
    """One option per setting that has a flag. Values stay words: `config.load` reads them like those of the file."""
    return [_option(each) for each in SETTINGS.values() if each.flag is not None]


def _option(each: Setting[Any]) -> Option:
    assert each.flag is not None
    if each.is_switch:
        return Option(each.flag, each.name, is_flag=True, default=None, text=each.help)
    said = each.default_said if callable(each.default) or each.default_said else each.default or None
    return Option(each.flag, each.name, metavar=each.metavar, text=each.help, default_said=said)


@command(
    "serve",
    Text(
        en="Run the server\nEvery option is also a key of hannun.yml (data_dir: …) and a variable (HANNUN_DATA_DIR).",
        ko="서버를 실행합니다\n모든 옵션은 hannun.yml(data_dir: …)이나 환경 변수(HANNUN_DATA_DIR)로도 줄 수 있습니다.",
    ),
    *options(),
)
def serve(terminal: Terminal, **flags: str | bool | None) -> None:
    from hannun.config.load import load

    given = {name: "true" if value is True else str(value) for name, value in flags.items() if value is not None}
    settings, complaints = load({**given, **terminal.flags}, terminal.env)
    for complaint in complaints:
        terminal.warn(_WARNING.say(settings.lang, words=complaint.say(settings.lang)))
    from hannun.app import run

    run(settings, complaints)
