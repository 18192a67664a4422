"""Names that parsers find, as label names: `user.id` -> `user_id`, `1st` -> `_1st`."""

from __future__ import annotations

import re

_OTHER = re.compile(r"[^a-zA-Z0-9_]")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
CACHED_MAX = 1024


def sanitise(key: str) -> str:
    """ "" for a name of nothing but spaces."""
    key = key.strip()
    if "0" <= key[:1] <= "9":
        key = "_" + key
    return _OTHER.sub("_", key)


def join(prefix: str, key: str) -> str:
    """The name of a key inside an object."""
    return f"{prefix}_{_OTHER.sub('_', key.strip())}" if prefix else sanitise(key)


def is_label_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


class Names:
    """`sanitise`, remembered for the first names that come by."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, key: str) -> str:
        name = self._known.get(key)
        if name is None:
            name = sanitise(key)
            if len(self._known) < CACHED_MAX:
                self._known[key] = name
        return name
