"""The tokens of the two text formats, as Prometheus 3.x's lexers cut them.

The text format lets blanks stand between all tokens and newlines in label values; OpenMetrics has exactly one space
before a value and none elsewhere. All patterns are possessive: no byte is looked at twice, whatever the page holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NAME = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*+")
LABEL_NAME = re.compile(rb"[a-zA-Z_][a-zA-Z0-9_]*+")
_QUOTED = rb'"(?:[^\\"]|\\[^\n])*+"'
_QUOTED_ON_A_LINE = rb'"(?:[^\\"\n]|\\[^\n])*+"'
_LABEL = rb"([a-zA-Z_][a-zA-Z0-9_]*+|" + _QUOTED + rb")"

MetaKind = Literal["help", "type", "unit"]


@dataclass(frozen=True, slots=True)
class Grammar:
    """`pair` takes the name, the value and the comma behind them, `metric` a quoted name and what ends it."""

    title: str
    pair: re.Pattern[bytes]
    metric: re.Pattern[bytes]
    open: re.Pattern[bytes]
    close: re.Pattern[bytes]
    value: re.Pattern[bytes]
    comment: re.Pattern[bytes]
    types: dict[bytes, str]
    commas_needed: bool
    """Between label pairs; the text format does without."""


TEXT = Grammar(
    title="text format",
    pair=re.compile(rb"[ \t]*+" + _LABEL + rb"[ \t]*+=[ \t]*+(" + _QUOTED + rb")[ \t]*+(,?)"),
    metric=re.compile(rb"[ \t]*+(" + _QUOTED + rb")[ \t]*+([,}])"),
    open=re.compile(rb"[ \t]*+\{"),
    close=re.compile(rb"[ \t]*+\}"),
    value=re.compile(rb"[ \t]*+([^{ \t\n]++)"),
    comment=re.compile(
        rb"#[ \t]++(HELP|TYPE)[ \t]++(?:([a-zA-Z_:][a-zA-Z0-9_:]*+|" + _QUOTED + rb")([^\n]*+))?|#[^\n]*+"
    ),
    types={
        b"counter": "counter",
        b"gauge": "gauge",
        b"histogram": "histogram",
        b"summary": "summary",
        b"untyped": "unknown",
    },
    commas_needed=False,
)
OPENMETRICS = Grammar(
    title="OpenMetrics",
    pair=re.compile(_LABEL + rb"=(" + _QUOTED_ON_A_LINE + rb")(,?)"),
    metric=re.compile(rb"(" + _QUOTED + rb")([,}])"),
    open=re.compile(rb"\{"),
    close=re.compile(rb"\}"),
    value=re.compile(rb" ([^ \n]++)"),
    comment=re.compile(rb"# (HELP|TYPE|UNIT) (?:([a-zA-Z_:][a-zA-Z0-9_:]*+|" + _QUOTED + rb")(?: ([^\n]*+))?)?"),
    types={
        name.encode(): name
        for name in (
            "counter",
            "gauge",
            "histogram",
            "gaugehistogram",
            "summary",
            "info",
            "stateset",
            "unknown",
        )
    },
    commas_needed=True,
)

EOF_LINE = re.compile(rb"# EOF\n?")
EXEMPLAR = re.compile(rb" # \{")
BLANKS = re.compile(rb"[ \t]*+")
TEXT_TAIL = re.compile(rb"[ \t]*+(?:([0-9]++)[ \t]*+)?(?:\n|\Z)")
