"""`hannun doctor`: would a server run well here? Plain sentences, worst last, each with what to do.

A check is one small function in `checks.py`; it looks, changes nothing, and answers what it found.
"""

from __future__ import annotations

from hannun.cli.command import command
from hannun.cli.doctor.finding import Finding, Grade
from hannun.cli.terminal import DONE, FAILED, Terminal
from hannun.cli.where import given, serve_options
from hannun.model.text import Lang, Text

__all__ = ["doctor"]


@command(
    "doctor",
    Text(
        en="Check machine and settings\nTakes the options of serve. Exit 1 when something keeps it from running.",
        ko="이 컴퓨터와 설정을 점검합니다\nserve의 옵션을 받고, 서버를 띄울 수 없는 문제가 있으면 1로 끝납니다.",
    ),
    *serve_options(),
)
def doctor(terminal: Terminal, **flags: str | bool | None) -> int:
    from hannun.cli.doctor.checks import examine

    bad = warned = 0
    for finding in examine({**given(flags), **terminal.flags}, terminal.env):
        bad += finding.grade is Grade.BAD
        warned += finding.grade is Grade.WARN
        for line in lines(finding, terminal.lang):
            terminal.say(line)
    terminal.say("")
    if bad:
        terminal.say(_BAD, count=bad)
    else:
        terminal.say(_WARNED if warned else _WELL, count=warned)
    return FAILED if bad else DONE


def lines(finding: Finding, lang: Lang) -> list[str]:
    """`ok    …`, and below what is not: `do    …`."""
    said = [f"{_GRADES[finding.grade].say(lang)}  {finding.what.say(lang)}"]
    if finding.do is not None:
        said.append(f"      → {finding.do.say(lang)}")
    return said


_GRADES = {
    Grade.OK: Text(en="ok  ", ko="정상"),
    Grade.WARN: Text(en="note", ko="참고"),
    Grade.BAD: Text(en="BAD ", ko="문제"),
}
_WELL = Text(en="All is well.", ko="모두 정상입니다.")
_WARNED = Text(en="A server runs here; notes: {count}.", ko="서버를 띄울 수 있습니다. 참고할 것 {count}건.")
_BAD = Text(en="To be mended before a server runs here: {count}.", ko="서버를 띄우기 전에 고쳐야 할 것 {count}건.")
