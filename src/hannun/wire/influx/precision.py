"""The `precision` parameter: what one unit of a timestamp is."""

from __future__ import annotations

from fractions import Fraction

from hannun.model.errors import WireError

_MS = {
    "ns": Fraction(1, 1_000_000),
    "u": Fraction(1, 1_000),
    "ms": Fraction(1),
    "s": Fraction(1_000),
    "m": Fraction(60_000),
    "h": Fraction(3_600_000),
}
PRECISIONS: dict[str, Fraction] = {**_MS, "": _MS["ns"], "n": _MS["ns"], "us": _MS["u"], "µ": _MS["u"]}
"""Milliseconds per unit."""


def precision(word: str) -> Fraction:
    """Raises WireError in InfluxDB's words."""
    found = PRECISIONS.get(word)
    if found is None:
        raise WireError(f'invalid precision "{word[:20]}" (use n, u, ms, s, m or h)')
    return found
