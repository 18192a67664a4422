"""`hannun check FILE…`: would this configuration start a server? Exit 0 when every file would."""

from __future__ import annotations

from pathlib import Path

from hannun.cli.command import Argument, command
from hannun.cli.terminal import DONE, FAILED, Terminal
from hannun.model.text import Text


@command(
    "check",
    Text(
        en="Check configuration files (hannun.yml)\nPrints `file:line: message`; exit 1 when a file cannot be used.",
        ko="설정 파일(hannun.yml)을 검사합니다\n`파일:줄: 내용`을 출력하고, 쓸 수 없는 파일이 있으면 1로 끝납니다.",
    ),
    Argument("files", text=Text(en="The files to check", ko="검사할 파일"), metavar="FILE…", nargs=-1, required=True),
)
def check(terminal: Terminal, files: tuple[str, ...]) -> int:
    from hannun.config.load import check as check_file

    wrong = False
    for file in files:
        complaints = check_file(Path(file), terminal.env)
        for complaint in complaints:
            # As compilers print it: an editor jumps to the place, and a warning is told from an error.
            said = complaint.text.say(terminal.lang)
            terminal.say(f"{complaint.place}: {said if complaint.fatal else _WARNING.say(terminal.lang, words=said)}")
        refused = any(complaint.fatal for complaint in complaints)
        wrong = wrong or refused
        if not refused:
            terminal.say(_FINE, file=file)
    return FAILED if wrong else DONE


_WARNING = Text(en="warning: {words}", ko="주의: {words}")
_FINE = Text(en="{file}: can be used", ko="{file}: 쓸 수 있습니다")
