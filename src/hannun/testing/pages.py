"""The documentation as the tests read it: pages, their headings, links and code blocks. Pure but for reading files.

What a code block is stands after its fence: `sh` is run; `sh no-run` and `console` are for other machines or for root
and are only read; `text` is what a program says; the rest names its format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
LANGS = ("en", "ko")
_FENCE = re.compile(r"^( *)```(\S*)(?: +([^\n]*))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    note: str
    text: str

    @property
    def bare(self) -> str:
        """Without comments: what both languages must share."""
        lines = [re.sub(r"(^|\s)(#|//).*", "", line).rstrip() for line in self.text.splitlines()]
        return "\n".join(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class Page:
    lang: str
    name: str
    """`guide/accounts.md`"""
    text: str

    @property
    def path(self) -> Path:
        return DOCS / self.lang / self.name

    @property
    def blocks(self) -> list[Block]:
        return [
            Block(kind, note or "", re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
            for indent, kind, note, text in _FENCE.findall(self.text)
        ]

    def block(self, kind: str, holding: str = "") -> Block:
        """The only block of a kind that holds these words."""
        found = [block for block in self.blocks if block.kind == kind and holding in block.text]
        assert len(found) == 1, f"{self.lang}/{self.name} has {len(found)} {kind} blocks with {holding!r}"
        return found[0]

    @property
    def prose(self) -> str:
        """Everything that is no code block."""
        return _FENCE.sub("", self.text)

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """Headings as GitHub names them."""
        return {
            re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
            for heading in _HEADING.findall(self.prose)
        }


def page(lang: str, name: str) -> Page:
    return Page(lang, name, (DOCS / lang / name).read_text(encoding="utf-8"))


def pages(lang: str) -> list[Page]:
    names = sorted(path.relative_to(DOCS / lang).as_posix() for path in (DOCS / lang).rglob("*.md"))
    return [page(lang, name) for name in names]
