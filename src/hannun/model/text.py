"""Words in the two languages we speak.

A text stands beside the code that says it, once per language, so that neither is a translation kept far away.
Placeholders are `str.format` names; a Korean text must not put a josa directly behind a placeholder ("{name}을"),
because its form depends on the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lang = Literal["ko", "en"]
LANGS: tuple[Lang, ...] = ("ko", "en")


@dataclass(frozen=True, slots=True)
class Text:
    en: str
    ko: str

    def say(self, lang: Lang, **values: object) -> str:
        """The text in `lang` with its placeholders filled."""
        chosen = self.ko if lang == "ko" else self.en
        return chosen.format(**values) if values else chosen

    def with_(self, **values: object) -> Text:
        """Both languages with the placeholders filled now, for errors that are shown later."""
        return Text(en=self.en.format(**values), ko=self.ko.format(**values))

    def __str__(self) -> str:
        return self.en


def say(text: str | Text, lang: Lang) -> str:
    """`text` in `lang`; plain strings (a peer's exact words) stay as they are."""
    return text.say(lang) if isinstance(text, Text) else text
