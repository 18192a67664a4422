"""What gives itself away by its form: card numbers, keys, credentials in URLs, identity numbers.

Each pattern finds candidates; where a checksum exists it decides, so that order numbers and ids stay readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

FILTERED = "[Filtered]"


def luhn(digits: str) -> bool:
    """The check digit of card numbers."""
    total = 0
    for at, sign in enumerate(reversed(digits)):
        value = int(sign)
        if at % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def _is_card(text: str) -> bool:
    digits = "".join(sign for sign in text if "0" <= sign <= "9")
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn(digits)


def _is_iban(text: str) -> bool:
    """ISO 13616: the rearranged number leaves 1 when divided by 97."""
    try:
        return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1
    except ValueError:
        return False


_RRN_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_CENTURY = {
    "1": 1900,
    "2": 1900,
    "5": 1900,
    "6": 1900,
    "3": 2000,
    "4": 2000,
    "7": 2000,
    "8": 2000,
    "9": 1800,
    "0": 1800,
}


def _is_rrn(text: str) -> bool:
    """주민등록번호 and 외국인등록번호: a date of birth, and the check digit of those given before October 2020.

    Later numbers have no check digit; they count when written with the hyphen that a random id would not have.
    """
    digits = text.replace("-", "").replace(" ", "")
    if not 1 <= int(digits[2:4]) <= 12 or not 1 <= int(digits[4:6]) <= 31:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _RRN_WEIGHTS, strict=False))
    base = 13 if digits[6] in "5678" else 11
    if (base - total % 11) % 10 == int(digits[12]):
        return True
    return "-" in text and _CENTURY[digits[6]] + int(digits[:2]) >= 2000


def _always(text: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Pattern:
    """`group` of each match of `regex` is what is to hide, when `check` of it says so."""

    name: str
    regex: re.Pattern[str]
    group: int = 0
    check: Callable[[str], bool] = _always

    def hidden(self, text: str, with_: Callable[[str], str]) -> str:
        """`text` with what is to hide replaced."""
        parts: list[str] = []
        end = 0
        for match in self.regex.finditer(text):
            found = match[self.group]
            if found and self.check(found):
                start, stop = match.span(self.group)
                parts += (text[end:start], with_(found))
                end = stop
        return "".join(parts) + text[end:] if parts else text


CARD = Pattern(
    "creditcard",
    re.compile(r"(?<![\w.\-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w\-]|\.\d)", re.ASCII),
    check=_is_card,
)
IBAN = Pattern("iban", re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b", re.ASCII), check=_is_iban)
PEM = Pattern(
    "pemkey",
    re.compile(
        r"-----BEGIN [A-Z ]{0,40}(?:PRIVATE|PUBLIC) KEY(?: BLOCK)?-----\s{0,4}([^-]{1,16384}(?:-[^-]+){0,8})", re.ASCII
    ),
    group=1,
)
SSN = Pattern("usssn", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", re.ASCII))
RRN = Pattern("rrn", re.compile(r"(?<![\w-])\d{6}[- ]?[0-9]\d{6}(?![\w-])", re.ASCII), check=_is_rrn)
URL_PASSWORD = Pattern("urlauth", re.compile(r"//[\w%.+~-]{0,128}:([^\s/@:\"'<>]{1,256})@"), group=1)
URL_USER = Pattern("urlauth", re.compile(r"//([\w%.+~-]{1,128}(?::[^\s/@:\"'<>]{0,256})?)@"), group=1)
BEARER = Pattern("bearer", re.compile(r"(?i)\bbearer\s{1,8}([^\s\"',;]{1,4096})"), group=1)
EMAIL = Pattern(
    "email",
    re.compile(
        r"(?<![\w.+-])[\w.!#$%&'*+=?^`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b"
    ),
)

_V6 = r"[0-9a-fA-F]{1,4}"
_V4 = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}"
IPV4 = Pattern("ip", re.compile(rf"(?<![\w.]){_V4}(?![\w]|\.\d)", re.ASCII))
IPV6 = Pattern(
    "ip",
    re.compile(
        rf"(?<![\w:.])(?:(?:{_V6}:){{2,7}}(?::?{_V6}){{1,7}}|(?:{_V6}:){{1,7}}:|::(?:{_V6}:){{0,6}}(?:{_V6}|{_V4}))(?![\w:])",
        re.ASCII,
    ),
    check=lambda text: _is_ipv6(text),
)
MAC = Pattern("mac", re.compile(r"\b(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\b", re.ASCII))
UUID = Pattern("uuid", re.compile(r"\b[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\b", re.ASCII))
IMEI = Pattern("imei", re.compile(r"(?<![\w-])\d{2}-?\d{6}-?\d{6}-?\d{1,2}(?![\w-])", re.ASCII))
USER_PATH = Pattern(
    "userpath",
    re.compile(
        r"(?i)(?:\b[a-z]:[\\/]|/|\\)(?:users|home|documents and settings|profiles)[\\/]{1,2}([^/\\\r\n\x00]{1,256})"
    ),
    group=1,
)


def _is_ipv6(text: str) -> bool:
    from ipaddress import IPv6Address

    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


_NUMBERS = (CARD, IBAN, SSN, RRN)
_MAY_BE_NUMBER = re.compile(r"\d[\d -]{8,}\d|[A-Z]{2}\d{2}[A-Z0-9]{11}", re.ASCII)


def without_parts(text: str) -> str:
    """`text` without what the defaults hide wherever it stands; only the part that matches becomes `[Filtered]`.

    Most texts hold nothing of the kind, so each pattern is asked only where a cheap sign of it is there.
    """
    if "-----BEGIN" in text:
        text = PEM.hidden(text, _filtered)
    if "earer" in text or "EARER" in text:
        text = BEARER.hidden(text, _filtered)
    if "@" in text:
        text = URL_PASSWORD.hidden(text, _filtered)
    if _MAY_BE_NUMBER.search(text):
        for pattern in _NUMBERS:
            text = pattern.hidden(text, _filtered)
    return text


def _filtered(found: str) -> str:
    return FILTERED
