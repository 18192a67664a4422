"""Sentry's ingestion: the routes that a DSN leads to.

They ask no token of ours: whoever shows a live DSN key of the project may send, from any page and any host, as the key
stands in every browser that loads the application. So everything behind them is bounded and nothing can be read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.http import Endpoint
from hannun.receive.sentry import answers
from hannun.receive.sentry.envelope import EnvelopeReceiver
from hannun.receive.sentry.intake import SentryIntake
from hannun.receive.sentry.store import StoreReceiver

PREFIX = "/sentry"
ACCESS = Access.PUBLIC
Handler = Callable[[Request], Awaitable[Response]]


async def _preflight(request: Request) -> Response:
    return answers.preflight()


def routes(intake: SentryIntake) -> list[Endpoint]:
    """At the root and under /sentry, each with and without a slash at the end."""
    envelope, store = EnvelopeReceiver(intake), StoreReceiver(intake)
    table: list[tuple[str, dict[str, Handler]]] = [
        ("/api/{project}/envelope", {"POST": envelope.post}),
        ("/api/{project}/store", {"POST": store.post, "GET": store.pixel}),
    ]
    return [
        Endpoint(method, path + slash, handler, ACCESS, PREFIX)
        for path, methods in table
        for slash in ("/", "")
        for method, handler in {**methods, "OPTIONS": _preflight}.items()
    ]
