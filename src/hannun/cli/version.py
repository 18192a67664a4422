"""`hannun version`."""

from __future__ import annotations

from hannun import __version__
from hannun.cli.command import command
from hannun.cli.terminal import Terminal
from hannun.model.text import Text


@command("version", Text(en="Print the version", ko="버전을 보여줍니다"))
def version(terminal: Terminal) -> None:
    terminal.say(f"hannun {__version__}")
