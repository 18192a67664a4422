"""`hannun check FILE…`: can this configuration be used? Exit 0 when every file can.

For our own hannun.yml and for the files of the products that Hannun stands in for; which one it is shows in its keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hannun.cli.command import Argument, Option, command
from hannun.cli.terminal import DONE, FAILED, Terminal
from hannun.model.text import Text

if TYPE_CHECKING:
    from hannun.config.check import Tools


@command(
    "check",
    Text(
        en="Check configuration files\n"
        "Takes prometheus.yml, rules, file_sd targets, blackbox.yml, web configs,\n"
        "files of Loki and Promtail, and hannun.yml.\n"
        "Prints `file:line: message`; exit 1 when a file cannot be used.",
        ko="설정 파일을 검사합니다\n"
        "prometheus.yml, 규칙, file_sd 대상, blackbox.yml, 웹 설정, Loki와 Promtail 설정, hannun.yml을 알아봅니다.\n"
        "`파일:줄: 내용`을 출력하고, 쓸 수 없는 파일이 있으면 1로 끝납니다.",
    ),
    Argument("files", text=Text(en="The files to check", ko="검사할 파일"), metavar="FILE…", nargs=-1, required=True),
    Option(
        "--strict",
        is_flag=True,
        text=Text(
            en="Refuse what promtool and blackbox_exporter refuse: unknown keys, paths that only a container has",
            ko="promtool과 blackbox_exporter가 거절하는 것(모르는 키, 컨테이너에만 있는 경로 등)을 똑같이 거절합니다",
        ),
    ),
)
def check(terminal: Terminal, files: tuple[str, ...], strict: bool) -> int:
    from hannun.config.check import check as check_file

    tools = _tools()
    wrong = False
    for file in files:
        complaints = check_file(Path(file), terminal.env, strict=strict, tools=tools)
        for complaint in complaints:
            # As compilers print it: an editor jumps to the place, and a warning is told from an error.
            said = complaint.text.say(terminal.lang)
            terminal.say(f"{complaint.place}: {said if complaint.fatal else _WARNING.say(terminal.lang, words=said)}")
        refused = any(complaint.fatal for complaint in complaints)
        wrong = wrong or refused
        if not refused:
            terminal.say(_FINE, file=file)
    return FAILED if wrong else DONE


def _tools() -> Tools:
    """The rooms that judge expressions and relabeled targets lie downstream of config; the door may open them."""
    from hannun.config.check import Tools
    from hannun.process.relabel import Relabeler
    from hannun.query.promql.engine import check as check_expr

    return Tools(check_expr, lambda rules, labels: Relabeler(rules).apply(labels))


_WARNING = Text(en="warning: {words}", ko="주의: {words}")
_FINE = Text(en="{file}: can be used", ko="{file}: 쓸 수 있습니다")
