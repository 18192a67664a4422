"""Plain JSON values within bounds: what may be written, how deep, how long, how much.

`cleansed` makes any decoded JSON writable (valid UTF-8, numbers of 64 bits, a bounded depth). `bounded` cuts a tree
that the sender filled freely (locals, extra, contexts) to a depth and a size, and says what it cut in its place.
"""

from __future__ import annotations

from typing import Any

import orjson

DEPTH_MAX = 100
"""Of anything at all; orjson itself stops at 254."""
_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
_DIGITS_MAX = 400
_KEY_CHARACTERS_MAX = 512
TOO_DEEP = "[too deep]"
CUT = "…"


def writable(value: Any) -> Any:
    """`value` itself when JSON can be written of it, else a cleansed copy. Costs one writing: 20 µs for 30 kB."""
    try:
        orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return cleansed(value)
    return value


def cleansed(value: Any, depth: int = 0) -> Any:
    """A copy that is JSON: lone surrogates become U+FFFD, endless numbers text, and what is too deep a word."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if _INT_MIN <= value <= _INT_MAX else big_number(value)
    if isinstance(value, float):
        return float(value) if value - value == 0.0 else None
    if isinstance(value, dict):
        if depth >= DEPTH_MAX:
            return TOO_DEEP
        return {clean_text(str(key)): cleansed(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return TOO_DEEP if depth >= DEPTH_MAX else [cleansed(item, depth + 1) for item in value]
    return clean_text(str(value))


def clean_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode() if not text.isascii() and _has_surrogates(text) else text


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def big_number(value: int) -> str:
    """An integer beyond 64 bits by its digits; one that nobody could read by its length."""
    if value.bit_length() > 3 * _DIGITS_MAX:
        return f"[integer of {value.bit_length()} bits]"
    return str(value)


class Room:
    """How much a tree may still hold: characters of its strings and number of its values."""

    __slots__ = ("characters", "cut", "values")

    def __init__(self, characters: int, values: int) -> None:
        self.characters = characters
        self.values = values
        self.cut = False


def bounded(value: Any, room: Room, depth: int, text_max: int) -> Any:
    """`value` at most `depth` levels of containers deep, its strings at most `text_max` long, all within `room`.

    What is cut leaves a word or `…` in its place and sets `room.cut`.
    """
    room.values -= 1
    if isinstance(value, str):
        longest = min(text_max, max(room.characters, 0))
        if len(value) > longest:
            room.cut = True
            value = shortened(value, longest)
        room.characters -= len(value)
        return value
    if isinstance(value, dict):
        if depth <= 0:
            return _too_deep(value, room, text_max)
        kept: dict[str, Any] = {}
        for key, item in value.items():
            if room.values <= 0 or room.characters <= 0:
                room.cut = True
                kept[CUT] = item if key == CUT else f"{len(value) - len(kept)} more"
                break
            room.characters -= len(key)
            if len(key) > _KEY_CHARACTERS_MAX:
                room.cut = True
                key = shortened(key, _KEY_CHARACTERS_MAX)
            kept[key] = bounded(item, room, depth - 1, text_max)
        return kept
    if isinstance(value, list | tuple):
        if depth <= 0:
            return _too_deep(value, room, text_max)
        items: list[Any] = []
        for item in value:
            if room.values <= 0 or room.characters <= 0:
                room.cut = True
                left = len(value) - len(items)
                items.append(item if left == 1 and _tells_cut(item) else f"{CUT} {left} more")
                break
            items.append(bounded(item, room, depth - 1, text_max))
        return items
    if isinstance(value, float) and value - value != 0.0:
        return None
    return value


def _tells_cut(item: Any) -> bool:
    return isinstance(item, str) and item.startswith(CUT)


def _too_deep(value: Any, room: Room, text_max: int) -> Any:
    if not value:
        return value
    room.cut = True
    room.values += 1  # the word is counted in its place
    return bounded(TOO_DEEP, room, 0, text_max)


def shortened(text: str, longest: int) -> str:
    """`text` in at most `longest` characters, the last of which is `…` when something was cut."""
    if len(text) <= longest:
        return text
    return text[: max(longest - 1, 0)].rstrip(CUT) + CUT if longest else ""
