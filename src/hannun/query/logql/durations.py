"""Durations and sizes as LogQL reads and prints them.

Durations are whole nanoseconds. Loki tries Prometheus's form (`1h30m`, `5d`) first and Go's (`1.5s`, `250µs`) where
that fails.
"""

from __future__ import annotations

import math

from hannun.gotemplate.go_numbers import format_duration
from hannun.gotemplate.go_numbers import parse_duration_ns as parse_go_duration_ns
from hannun.model.time import format_duration_ms, parse_duration_ms

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
_TEXT_MAX = 200
_SIZE_NAMES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def parse_range_ns(text: str) -> int:
    """What stands in brackets: Prometheus's form only. Raises ValueError with its words."""
    return parse_duration_ms(_bounded(text)) * NS_PER_MS


def parse_duration_ns(text: str) -> int:
    """Either form, with a sign in Go's. Raises ValueError with Go's words."""
    try:
        return parse_duration_ms(_bounded(text)) * NS_PER_MS
    except ValueError:
        return parse_go_duration_ns(_bounded(text))


def _bounded(text: str) -> str:
    """A hostile duration may be a hundred kilobytes; neither its reading nor its error need be."""
    if len(text) > _TEXT_MAX:
        raise ValueError(f'not a valid duration string: "{text[:60]}…"')
    return text


def prometheus_duration(ns: int) -> str:
    """As Prometheus prints one (`1h30m`); what has a part below a millisecond comes in Go's form."""
    return format_duration(ns) if ns % NS_PER_MS else format_duration_ms(ns // NS_PER_MS)


def format_bytes(count: int) -> str:
    """As Loki prints a size: powers of 1000, two digits, no space (`20kB`, `1.2MB`)."""
    if count < 10:
        return f"{count}B"
    power = min((len(str(count)) - 1) // 3, len(_SIZE_NAMES) - 1)
    value = math.floor(count / 1000**power * 10 + 0.5) / 10
    return f"{value:.1f}{_SIZE_NAMES[power]}" if value < 10 else f"{value:.0f}{_SIZE_NAMES[power]}"
