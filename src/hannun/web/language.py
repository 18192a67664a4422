"""Which of our two languages a browser asks for. Pure."""

from __future__ import annotations

from hannun.model.text import LANGS, Lang

_LENGTH_MAX = 1024


def accepted(header: str | None) -> Lang | None:
    """The first of our languages in `Accept-Language` by weight (RFC 9110 §12.5.4); None when it names neither."""
    if not header or len(header) > _LENGTH_MAX:
        return None
    best: tuple[float, Lang] | None = None
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        lang = next((lang for lang in LANGS if lang == primary), None)
        weight = _weight(parameters)
        if lang is not None and weight > 0 and (best is None or weight > best[0]):
            best = (weight, lang)
    return best[1] if best else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
