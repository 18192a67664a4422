"""The newest sample of each series as exposition text, the way Prometheus's /federate writes it. Pure.

Every family is untyped and every sample has its time, so that the scraper keeps both as they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hannun.model.labels import METRIC_NAME, Labels, quoted
from hannun.query.promql.numbers import go_general

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
UTF8_CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NOT_METRIC, _NOT_LABEL = re.compile(r"[^a-zA-Z0-9_:]"), re.compile(r"[^a-zA-Z0-9_]")
_PIECE_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest sample of a series."""

    labels: Labels
    ts_ms: int
    value: float


def takes_utf8(accept: str) -> bool:
    """Whether the scraper reads names of any letters: it asks for text 1.0.0 with `escaping=allow-utf-8`."""
    for offer in accept.lower().split(",")[:32]:
        media, *parameters = (piece.strip() for piece in offer.split(";"))
        if media == "text/plain" and {"version=1.0.0", "escaping=allow-utf-8"} <= set(parameters):
            return True
    return False


def text(samples: Iterable[Newest], external: Mapping[str, str], *, utf8: bool) -> Iterator[bytes]:
    """The page in pieces, sorted by metric name. Series without a name have no place in it and are left out.

    External labels are added where a series lacks them; an empty `instance` is added where nobody has one, so that
    a scraper that honours labels does not put its own there.
    """
    added = sorted({"instance": "", **external}.items())
    lines: list[str] = []
    family = ""
    for one in sorted(samples, key=lambda one: (one.labels.metric, one.labels.pairs)):
        name = one.labels.metric
        if name == "":
            continue
        if name != family:
            family = name
            lines.append(f"# TYPE {_family_name(name, utf8=utf8)} untyped\n")
        lines.append(_line(name, one, added, utf8=utf8))
        if len(lines) >= _PIECE_LINES:
            yield "".join(lines).encode("utf-8", "replace")
            lines = []
    if lines:
        yield "".join(lines).encode("utf-8", "replace")


def _line(name: str, one: Newest, added: list[tuple[str, str]], *, utf8: bool) -> str:
    own = [(label, value) for label, value in one.labels if label != METRIC_NAME]
    has = {label for label, _ in own}
    pairs = own + [(label, value) for label, value in added if label not in has]
    inner = ",".join(f"{_label_name(label, utf8=utf8)}={quoted(value)}" for label, value in pairs)
    if utf8 and not _METRIC.fullmatch(name):
        head = f"{{{quoted(name)}{',' if inner else ''}{inner}}}"
    else:
        head = f"{_legacy(name, _METRIC, _NOT_METRIC)}{{{inner}}}"
    return f"{head} {_number(one.value)} {one.ts_ms}\n"


def _family_name(name: str, *, utf8: bool) -> str:
    return quoted(name) if utf8 and not _METRIC.fullmatch(name) else _legacy(name, _METRIC, _NOT_METRIC)


def _label_name(name: str, *, utf8: bool) -> str:
    return quoted(name) if utf8 and not _LABEL.fullmatch(name) else _legacy(name, _LABEL, _NOT_LABEL)


def _legacy(name: str, valid: re.Pattern[str], bad: re.Pattern[str]) -> str:
    """The name in the old alphabet: what is outside becomes `_`."""
    if valid.fullmatch(name):
        return name
    plain = bad.sub("_", name)
    return f"_{plain[1:]}" if plain[0].isdigit() else plain


def _number(value: float) -> str:
    # Most values are small whole numbers, which need no care. Go's encoder writes -0 as 0 too.
    if -1e6 < value < 1e6 and value == int(value):
        return str(int(value))
    return go_general(value)
