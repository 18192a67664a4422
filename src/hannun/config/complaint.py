"""What we have to say about a configuration, each with its place.

A warning leaves the setting out and goes on, because files written for other versions and other products must load.
Only a value that cannot be meant (`listen: banana`) refuses the start.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hannun.model.errors import ConfigError
from hannun.model.text import Lang, Text


@dataclass(frozen=True, slots=True)
class Complaint:
    """`file` is a path as the user wrote it, or the flag or variable itself; `line` counts from 1, 0 where none is."""

    file: str
    line: int
    text: Text
    fatal: bool = False

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def say(self, lang: Lang) -> str:
        return f"{self.place}: {self.text.say(lang)}"

    def as_text(self) -> Text:
        return Text(en=self.say("en"), ko=self.say("ko"))

    def __str__(self) -> str:
        return self.say("en")


_MORE = Text(
    en="{count} more in the same configuration; `hannun check` lists them all",
    ko="같은 설정에 {count}건이 더 있습니다. `hannun check`로 모두 볼 수 있습니다",
)


class Refused(ConfigError):
    """A configuration that cannot be used. Its words are the first fatal complaint; `complaints` holds all of them."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        fatal = [complaint for complaint in self.complaints if complaint.fatal]
        assert fatal, "warnings alone never refuse a configuration"
        more = len(fatal) - 1
        super().__init__(fatal[0].as_text(), _MORE.with_(count=more) if more else None)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that the user most likely meant, if one is near enough to be worth saying."""
    from difflib import get_close_matches  # 6 ms that only a mistake should cost

    found = get_close_matches(word[:100], list(known), n=1, cutoff=0.7)
    return found[0] if found else None


def quote(words: str, *, most: int = 80) -> str:
    """The user's own words, on one line and short enough to quote back."""
    shown = words if len(words) <= most else words[: most - 1] + "…"
    return '"' + "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in shown) + '"'
