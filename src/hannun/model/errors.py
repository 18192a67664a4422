"""Errors that cross rooms. Each says what happened and, where there is one, what to do next.

`what` and `hint` are a `Text` where a person reads them and a plain string where a protocol fixes the words
(Prometheus clients match on them). Inner rooms raise; `api/` and `receive/` turn the class into the protocol's answer.
"""

from __future__ import annotations

from hannun.model.text import Lang, Text, say


class HannunError(Exception):
    """Base of every error that we raise on purpose. `str(err)` is English; `err.say(lang)` speaks both."""

    def __init__(self, what: str | Text, hint: str | Text | None = None) -> None:
        super().__init__(str(what) if hint is None else f"{what}. {hint}")
        self.what = what
        self.hint = hint

    def say(self, lang: Lang) -> str:
        what = say(self.what, lang)
        return what if self.hint is None else f"{what}. {say(self.hint, lang)}"


class ConfigError(HannunError):
    """A setting or file that cannot be used. Carries `file:line` in its words where there is a file."""


class WireError(HannunError):
    """Bytes that do not follow their format: the sender's fault, answered 400, never to be retried as they are."""


class TooLarge(HannunError):
    """A body, message or answer beyond its limit (413). The words name the limit and its setting."""


class Unsupported(HannunError):
    """A content type or encoding that we do not take (415)."""


class OutOfBounds(HannunError):
    """A timestamp outside what is accepted (400). The words name the bound."""


class Overloaded(HannunError):
    """A bounded queue is full (429, or 503 where the client only retries that)."""

    def __init__(self, what: str | Text, *, retry_after_s: int = 1) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s


class DiskFull(HannunError):
    """Free space is below the reserve (507). Nothing was stored."""


class StoreUnavailable(HannunError):
    """The engine cannot take this now: out of memory, closing, write-protected (503)."""


class StoreLost(StoreUnavailable):
    """The engine has ended itself and will answer nothing in this process any more. Only a new process helps (503)."""


class StoreLocked(HannunError):
    """Another process holds the data directory, or it was written by a newer version."""


class NotAllowed(HannunError):
    """The caller may not do this (403)."""


class NotFound(HannunError):
    """What was asked for by its id is not there (404)."""


class Conflict(HannunError):
    """The change contradicts what is there: a name that is taken, the last admin (409)."""


class QueryError(HannunError):
    """Base of errors of a question; the subclass is Prometheus's errorType."""


class BadQuery(QueryError):
    """The question itself is wrong (`bad_data`, 400)."""


class ExecutionError(QueryError):
    """The question is well formed but cannot be answered on these data (`execution`, 422)."""


class QueryTimeout(QueryError):
    """The deadline passed (`timeout`, 503)."""


class QueryCanceled(QueryError):
    """The client left or an operator cancelled (`canceled`, 499)."""
