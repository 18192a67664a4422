"""`--classic-ports`: where the replaced products listened."""

from __future__ import annotations

from pathlib import Path

from hannun.config.complaint import quote
from hannun.config.values import BadValue
from hannun.model.classic import PREFIX_OF, SYSLOG

ALL = "all"
KNOWN = (*PREFIX_OF, SYSLOG)


def ports(words: str, _base: Path) -> tuple[int, ...]:
    """`all`, or some of the ports that this version speaks for, separated by commas."""
    found: dict[int, None] = {}
    for part in (each.strip().lower() for each in words.split(",")):
        if part in (ALL, "true"):
            found |= dict.fromkeys(KNOWN)
        elif part.isascii() and part.isdecimal() and len(part) <= 5 and int(part) in KNOWN:
            found[int(part)] = None
        elif part not in ("", "false"):
            known = ", ".join(str(port) for port in KNOWN)
            raise BadValue(
                f"{quote(part)} is none of the ports {known}; write some of them, or {ALL}",
                f"{quote(part)}: {known} 가운데 고르거나 {ALL}이라고 적어 주세요",
            )
    return tuple(found)
