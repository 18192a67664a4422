"""The person at the other end: their language, what is printed to them, what is asked of them."""

from __future__ import annotations

import getpass
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from hannun.model.errors import HannunError
from hannun.model.text import Lang, Text, say

DONE, FAILED, MISUNDERSTOOD, INTERRUPTED = 0, 1, 2, 130
"""Exit codes."""
PASSWORD_MAX = 1_024
WIDTH_MIN, WIDTH_MAX = 40, 100


class CommandError(HannunError):
    """A command that could not do its work: one line on stderr, exit 1."""


class UsageError(HannunError):
    """A command line that cannot be understood: one line on stderr, exit 2."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Given to every command. `flags` holds what may stand anywhere on the line: lang, log_level."""

    lang: Lang
    env: Mapping[str, str]
    flags: Mapping[str, str] = field(default_factory=dict)
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    width_fixed: int = 0
    """Columns to lay out for; 0 asks the terminal."""

    def say(self, text: str | Text, **values: object) -> None:
        words = text.say(self.lang, **values) if isinstance(text, Text) else text
        print(words, file=self.out)

    def warn(self, text: str | Text) -> None:
        print(say(text, self.lang), file=self.err)

    @property
    def width(self) -> int:
        return self.width_fixed or max(WIDTH_MIN, min(WIDTH_MAX, shutil.get_terminal_size((80, 24)).columns))

    def table(self, head: Sequence[Text | str], rows: Iterable[Sequence[str]]) -> None:
        """Columns two spaces apart, aligned by what a terminal shows: a Hangul syllable is two cells wide."""
        lines = [[say(name, self.lang) for name in head], *([*row] for row in rows)]
        widths = [max(cells(line[column]) for line in lines) for column in range(len(head))]
        for line in lines:
            shown = (pad(one_line(word), width) for word, width in zip(line, widths, strict=True))
            print("  ".join(shown).rstrip(), file=self.out)

    def ask_password(self, name: str) -> str:
        """A password from a prompt, twice; from the first line of stdin where that is no terminal."""
        if not self.stdin.isatty():
            password = self.stdin.readline(PASSWORD_MAX + 2).rstrip("\r\n")
        else:
            try:
                password = getpass.getpass(_PASSWORD.say(self.lang, name=name))
                if password != getpass.getpass(_AGAIN.say(self.lang)):
                    raise CommandError(_DIFFERENT)
            except EOFError:
                password = ""
        if not password:
            raise CommandError(_NO_PASSWORD)
        if len(password) > PASSWORD_MAX:
            raise CommandError(_LONG_PASSWORD.with_(most=PASSWORD_MAX))
        return password


_PASSWORD = Text(en="Password for {name}: ", ko="{name} 비밀번호: ")
_AGAIN = Text(en="Once more: ", ko="한 번 더: ")
_DIFFERENT = Text(en="the two passwords differ; nothing was changed", ko="두 비밀번호가 다릅니다. 바뀐 것은 없습니다")
_NO_PASSWORD = Text(
    en="no password was given; type it at the prompt or pipe it in, `hannun … < file`",
    ko="비밀번호가 없습니다. 물을 때 입력하거나 `hannun … < 파일`처럼 표준 입력으로 주세요",
)
_LONG_PASSWORD = Text(en="a password has at most {most} characters", ko="비밀번호는 {most}자까지입니다")


def cells(words: str) -> int:
    """How many columns of a terminal the words take."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in words
    )


def pad(words: str, width: int) -> str:
    return words + " " * (width - cells(words))


def one_line(words: str) -> str:
    """Words from elsewhere with nothing in them that moves the cursor."""
    return "".join(letter if letter.isprintable() else "·" for letter in words)


def wrap(words: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at spaces only: a Korean word stays whole, as it does on the page."""
    lines: list[str] = []
    for word in words.split():
        if lines and cells(lines[-1]) + 1 + cells(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]
