"""What the parser makes of one text: templates by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hannun.gotemplate.nodes import Node, Text

Body = tuple[Node, ...]
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Parsed:
    """`templates`: the bodies by name; the text's own is among them under the name it was parsed with."""

    name: str
    source: str
    templates: dict[str, Body] = field(default_factory=dict)


def is_blank(body: Body) -> bool:
    return all(isinstance(node, Text) and _BLANK.fullmatch(node.text) is not None for node in body)
