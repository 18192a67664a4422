"""One compiled rule: what it looks for in a text, and what it makes of it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hannun.process.scrubbing import values
from hannun.process.scrubbing.values import FILTERED, Pattern

PATTERNS: Mapping[str, tuple[Pattern, ...]] = {
    "ip": (values.IPV4, values.IPV6),
    "email": (values.EMAIL,),
    "creditcard": (values.CARD,),
    "iban": (values.IBAN,),
    "mac": (values.MAC,),
    "uuid": (values.UUID,),
    "imei": (values.IMEI,),
    "pemkey": (values.PEM,),
    "urlauth": (values.URL_USER,),
    "usssn": (values.SSN,),
    "rrn": (values.RRN,),
    "userpath": (values.USER_PATH,),
    "bearer": (values.BEARER,),
}
"""Rule types that look for the form of a value. `rrn` (주민등록번호) is ours."""
WORDS: Mapping[str, str] = {"usssn": "us-ssn", "urlauth": "auth", "userpath": "user"}
"""What `replace` writes in brackets where it is not the type's own name."""
DEFAULT_METHOD: Mapping[str, str] = {"mac": "mask", "uuid": "mask", "usssn": "mask", "password": "remove"}
METHODS = ("remove", "mask", "hash", "replace")

_SENSITIVE = r"password|secret|passwd|api[-_]?key|auth|credentials|mysql_pwd|private[-_]?key|^otp$|^two[-_]factor$"
_IN_KEY = rf"(?i){_SENSITIVE}|token"
_IN_VALUE = rf"(?i){_SENSITIVE}|token\S{{0,64}}[:=]"


@dataclass(frozen=True, slots=True)
class Redaction:
    """`text` is what `replace` writes."""

    method: str
    text: str = FILTERED

    def of(self, found: str) -> str:
        match self.method:
            case "mask":
                return "*" * len(found)
            case "hash":
                # An empty key, as in Sentry: the same value gives the same hash on every server.
                return hmac.new(b"", found.encode("utf-8", "replace"), hashlib.sha1).hexdigest().upper()
            case "replace":
                return self.text
        return ""


@dataclass(frozen=True, slots=True)
class Parts:
    """Hides what `patterns` find in a text."""

    patterns: tuple[Pattern, ...]
    redaction: Redaction

    def text(self, value: str, name: str) -> str | None:
        for pattern in self.patterns:
            value = pattern.hidden(value, self.redaction.of)
        return value

    def container(self, value: Any, name: str) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Groups:
    """Hides groups of a user's own RE2 expression."""

    regex: Any
    groups: tuple[int, ...]
    redaction: Redaction

    def text(self, value: str, name: str) -> str | None:
        data = value.encode("utf-8", "replace")
        parts: list[bytes] = []
        end = 0
        for match in self.regex.finditer(data):
            for group in self.groups:
                start, stop = match.span(group)
                if start < end or start == stop:
                    continue
                parts += (data[end:start], self.redaction.of(data[start:stop].decode("utf-8", "replace")).encode())
                end = stop
        return (b"".join(parts) + data[end:]).decode("utf-8", "replace") if parts else value

    def container(self, value: Any, name: str) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    """Hides the whole value: always, or where `key` (the name it stands under) or `value` match."""

    redaction: Redaction
    key: Callable[[str], bool] | None = None
    value: Callable[[str], bool] | None = None

    def text(self, value: str, name: str) -> str | None:
        if not self._is_meant(name) and not (self.value is not None and self.value(value)):
            return value
        return None if self.redaction.method == "remove" else self.redaction.of(value)

    def container(self, value: Any, name: str) -> Any:
        """Numbers, objects and lists: left out, or the word that stands for them."""
        if not self._is_meant(name):
            return value
        return self.redaction.text if self.redaction.method == "replace" else None

    def _is_meant(self, name: str) -> bool:
        return self.key is None or self.key(name)


Rule = Parts | Groups | Whole


def password(redaction: Redaction) -> tuple[Rule, ...]:
    """`@password`: by the field's name, or by what the value speaks of."""
    return (Parts((values.BEARER,), redaction), Whole(redaction, _searching(_IN_KEY), _searching(_IN_VALUE)))


def _searching(pattern: str) -> Callable[[str], bool]:
    regex = re.compile(pattern)
    return lambda text: regex.search(text[:65_536]) is not None
