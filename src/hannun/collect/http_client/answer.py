"""What an asked server gave, or how the asking failed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum

from hannun.model.errors import HannunError
from hannun.model.text import Text

Headers = tuple[tuple[str, str], ...]


class Failure(Enum):
    """Why there is no answer. `UNRESOLVED` and `REFUSED`: nobody is there at all."""

    UNRESOLVED = "the name does not resolve"
    REFUSED = "nothing listens there"
    UNREACHABLE = "no way to the address"
    TIMEOUT = "the deadline passed"
    TLS = "no trust between the two"
    REDIRECT = "too many redirects or one that leads nowhere"
    TOO_LARGE = "the body is over its limit"
    BROKEN = "the bytes are no HTTP answer"
    SECRET = "a secret file cannot be read"  # noqa: S105 - a sentence
    TOKEN = "no OAuth 2 token was given"  # noqa: S105 - a sentence
    URL = "the URL cannot be asked"
    BUSY = "too many large bodies are being read at once"


class FetchError(HannunError):
    """The words follow those that Prometheus's `lastError` has for the same trouble."""

    def __init__(self, failure: Failure, what: str | Text, hint: str | Text | None = None) -> None:
        super().__init__(what, hint)
        self.failure = failure


def header(headers: Headers, name: str) -> str:
    """The first value under a lower-case name, or ""."""
    return next((value for key, value in headers if key == name), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have lower-case names. `body` is decompressed; `url` is where it came from after redirects."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    url: str

    def header(self, name: str) -> str:
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is read as it comes (a watch). `chunks` raises FetchError."""

    status: int
    headers: Headers
    url: str
    chunks: AsyncIterator[bytes]

    def header(self, name: str) -> str:
        return header(self.headers, name)
