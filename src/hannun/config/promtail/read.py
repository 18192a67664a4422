"""Scalars as Promtail's files write them: Go's durations or Prometheus's, sizes as numbers of bytes or with a unit."""

from __future__ import annotations

from hannun.config.complaint import quote
from hannun.config.prometheus import scalars
from hannun.config.prometheus.section import Section
from hannun.config.values import BadValue


def duration(section: Section, key: str, default_ms: int) -> int:
    """In ms. A key with nothing behind it is the default, too."""
    return section.word(key, lambda words: _duration(words, default_ms), default_ms)


def number_or_size(section: Section, key: str, default: int = 0) -> int:
    """In bytes: `1048576`, `256KB`, `1MiB`."""
    return section.word(key, lambda words: _size(words, default), default)


def one_of(section: Section, key: str, known: tuple[str, ...], default: str) -> str:
    def read(words: str) -> str:
        if not words:
            return default
        if words.lower() in known:
            return words.lower()
        listed = ", ".join(known)
        raise BadValue(f"{quote(words)}: write one of {listed}", f"{quote(words)}: {listed} 가운데 하나로 적어 주세요")

    return section.word(key, read, default)


def _duration(words: str, default_ms: int) -> int:
    if not words:
        return default_ms
    try:
        return scalars.go_duration(words)
    except BadValue as err:
        try:
            return scalars.duration(words)
        except BadValue:
            raise err from None


def _size(words: str, default: int) -> int:
    if not words:
        return default
    if words.isascii() and words.isdigit() and len(words) < 16:
        return int(words)
    return scalars.size(words.upper().replace(" ", "").replace("IB", "iB"))
