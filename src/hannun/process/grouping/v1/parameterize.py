"""Takes what differs from event to event out of a message: ids, numbers, times, addresses become `<name>`.

One alternation, the leftmost match wins, and among those that begin at one place the first in the list: so an address
is not taken apart into its numbers. Every piece is bounded, so that a hostile message costs no more than a long one.
"""

from __future__ import annotations

import re
from functools import lru_cache

LENGTH_MAX = 8192
"""Longer texts stay as they are: they are dumps, not messages."""
LINES_KEPT = 2

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_DAY_LONG = r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
_ZONE = r"(?:[+-]\d{2}:?[0-5]\d|UTC|UT|GMT|[ECMP][SD]T|Z)"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = rf"(?<![\w.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\w]|\.\d)"
_GROUP = r"[0-9a-fA-F]{1,4}"
_IPV6 = (
    rf"(?<![\w:])(?:(?:{_GROUP}:){{7}}{_GROUP}|(?:{_GROUP}:){{1,6}}(?::{_GROUP}){{1,6}}|(?:{_GROUP}:){{1,7}}:"
    rf"|:(?::{_GROUP}){{1,7}}|::ffff:{_OCTET}(?:\.{_OCTET}){{3}}|::1)(?![\w:])"
)
_TLD = (
    "com|net|org|io|dev|app|kr|co|jp|cn|us|uk|de|fr|it|es|nl|eu|ch|at|be|se|no|fi|dk|pl|cz|ru|ua|tr|in|au|nz|ca|mx|br|"
    "ar|cl|za|sg|hk|tw|th|vn|id|my|ph|il|ir|ae|sa|gr|pt|ie|hu|ro|sk|bg|hr|rs|lt|lv|info|biz|edu|gov|mil|int|tv|me|cc|"
    "xyz|site|online|club|shop|cloud|news|pro|tips|link|wiki|mobi|jobs|cat|fm|is|to|ms|ai|local|internal"
)

PATTERNS: tuple[tuple[str, str], ...] = (
    ("email", r"(?<![\w.+%-])[\w.!#$%&'*+/?^`{|}~-]{1,64}@[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){0,8}"),
    ("url", r"\b(?:wss?|https?|ftp)://[^\s/$.?#][^\s]*"),
    ("hostname", rf"(?<![\w.-])(?:[a-zA-Z0-9-]{{1,63}}\.){{1,8}}(?:{_TLD}|{_TLD.upper()})(?![\w-]|\.\w)"),
    ("traceparent", r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b|\b[0-9a-f]{32}-[0-9a-f]{16}(?:-[01])?\b"),
    ("uuid", r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),
    ("sha1", r"\b[0-9a-fA-F]{40}\b"),
    ("md5", r"\b[0-9a-fA-F]{32}\b"),
    (
        "date",
        rf"{_DAY},\s\d{{1,2}}\s{_MONTH}\s\d{{2,4}}\s{_CLOCK}\s{_ZONE}"
        rf"|\b(?:{_DAY}\s)?{_MONTH}\s{{1,2}}[0-3]?\d,\s\d{{2,4}}"
        rf"|{_DAY_LONG},\s\d{{2}}-{_MONTH}-\d{{2}}\s\d{{2}}:\d{{2}}:\d{{2}}\s{_ZONE}"
        rf"|\b\d{{4}}-\d{{2}}-\d{{2}}T\d{{2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?{_ZONE}?"
        rf"|\b\d{{4}}[-/.]?[01]\d[-/.]?[0-3]\d\s[0-2]\d:[0-5]\d(?::[0-5]\d(?:[.,]\d{{1,9}})?)?(?:\s?{_ZONE})?"
        rf"|\b(?:{_DAY}\s{{1,2}})?{_MONTH}\s{{1,2}}\d{{1,2}}\s{{1,2}}\d{{2}}:\d{{2}}:\d{{2}}(?:\s(?:{_ZONE}\s)?\d{{4}})?"
        rf"|\b\d{{1,2}}/{_MONTH}/\d{{4}}:\d{{2}}:\d{{2}}:\d{{2}}(?:\s{_ZONE})?"
        r"|\b\d{1,2}:\d{2}(?::\d{2})?\s[aApP][mM]\b"
        r"|\b\d{4}[-/][01]\d[-/][0-3]\d\b"
        r"|\b[0-3]?\d[-/.][01]?\d[-/.](?:19|20)\d{2}\b"
        r"|\b[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?\b"
        r"|\b\d{4}년\s?\d{1,2}월\s?\d{1,2}일(?:\s?\d{1,2}시(?:\s?\d{1,2}분(?:\s?\d{1,2}초)?)?)?"
        r"|datetime\.datetime\([^)\n]{0,80}\)",
    ),
    ("duration", r"\b\d{1,20}(?:\.\d{1,20})?(?:ns|us|µs|ms|s|sec|secs|seconds|초)(?![\w])"),
    ("mac", r"\b[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}\b"),
    ("ip", rf"{_IPV4}|{_IPV6}"),
    ("swift_txn_id", r"\btx[0-9a-f]{21}-[0-9a-f]{10}[a-z0-9-]{0,40}"),
    (
        "hex",
        r"\b0[xX][0-9a-fA-F]{1,128}\b|\b(?=[a-f]{0,127}\d)[0-9a-f]{8,128}\b|\b(?=[A-F]{0,127}\d)[0-9A-F]{8,128}\b",
    ),
    ("git_sha", r"\b(?=[a-f]{1,6}\d|\d{1,6}[a-f])[0-9a-f]{7}\b"),
    (
        "random_id",
        r"\b(?=[A-Za-z0-9_-]{0,63}\d)(?=[A-Za-z0-9_-]{0,63}[a-z])(?=[A-Za-z0-9_-]{0,63}[A-Z])"
        r"(?=(?:[A-Za-z_-]{0,63}\d){3})[A-Za-z0-9_-]{16,64}\b",
    ),
    ("float", r"(?<![\w.])-?\d{1,40}\.\d{1,40}(?:[eE][+-]?\d{1,4})?(?![\w.]|\.\d)|\b\d{1,40}\.\d{1,40}\b"),
    ("int", r"(?<![\w])-?\d{1,3}(?:,\d{3}){1,12}\b|(?<![\w])-\d{1,40}\b|\b\d{1,40}\b"),
    ("quoted_str", r"""(?<==)'[^'\n]{1,4096}'|(?<==)"[^"\n]{1,4096}\""""),
    ("bool", r"(?<==)(?:[Tt]rue|[Ff]alse)\b"),
)
# ASCII, so that a word of Korean ends where its number begins: 12,000원, 3건.
_ALL = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in PATTERNS), re.ASCII)
_WORTH = re.compile(r"[\d@]|://|\.[a-zA-Z]|=|datetime")
"""What no pattern does without; most messages are fixed words and need not be searched at all."""


def parameterize(text: str) -> str:
    """`text` with every variable piece replaced by `<name>`. Texts beyond `LENGTH_MAX` come back as they are."""
    if len(text) > LENGTH_MAX or _WORTH.search(text) is None:
        return text
    return _remembered(text) if len(text) <= 512 else _replaced(text)


def message_of(text: str) -> str:
    """A message as it is grouped by: its first two lines that say something, then parameterised."""
    if "\n" not in text and "\r" not in text:
        return parameterize(text)
    said = [line for line in text.splitlines() if line.strip()]
    kept = "\n".join(said[:LINES_KEPT])
    return parameterize(kept if kept == text else f"{kept}...")


@lru_cache(maxsize=4096)
def _remembered(text: str) -> str:
    return _replaced(text)


def _replaced(text: str) -> str:
    return _ALL.sub(lambda match: f"<{match.lastgroup}>", text)
