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
from hannun.receive.sentry.crashes import MINIDUMP, TRACES, UNREAL, NotTaken
from hannun.receive.sentry.cron import CronReceiver
from hannun.receive.sentry.envelope import EnvelopeReceiver
from hannun.receive.sentry.error_page import ErrorPageReceiver
from hannun.receive.sentry.files import FilesReceiver
from hannun.receive.sentry.intake import SentryIntake
from hannun.receive.sentry.otlp import OtlpReceiver
from hannun.receive.sentry.security import SecurityReceiver
from hannun.receive.sentry.store import StoreReceiver
from hannun.receive.sentry.tunnel import TunnelReceiver

PREFIX = "/sentry"
ACCESS = Access.DSN
Handler = Callable[[Request], Awaitable[Response]]


def routes(intake: SentryIntake, *, otlp_logs: Handler | None = None) -> list[Endpoint]:
    """At the root and under /sentry, each with and without a slash at the end.

    `otlp_logs` takes OpenTelemetry's logs from everybody; None: nobody does.
    """
    store, cron, page = StoreReceiver(intake), CronReceiver(intake), ErrorPageReceiver(intake)
    tunnel, files = TunnelReceiver(intake).post, FilesReceiver(intake).post
    on_cron: dict[str, Handler] = dict.fromkeys(("GET", "POST", "PUT"), cron.call)
    table: list[tuple[str, dict[str, Handler]]] = [
        ("/api/{project}/envelope", {"POST": EnvelopeReceiver(intake).post}),
        ("/api/{project}/store", {"POST": store.post, "GET": store.pixel}),
        ("/api/{project}/security", {"POST": SecurityReceiver(intake).post}),
        ("/api/{project}/cron/{slug}", on_cron),
        ("/api/{project}/cron/{slug}/{key}", on_cron),
        ("/api/{project}/attachments", {"POST": files}),
        ("/api/{project}/events/{event_id}/attachments", {"POST": files}),
        ("/api/{project}/minidump", {"POST": NotTaken(intake, MINIDUMP, "minidump").post}),
        ("/api/{project}/unreal/{key}", {"POST": NotTaken(intake, UNREAL, "crash report of Unreal").post}),
        ("/api/{project}/integration/otlp/v1/traces", {"POST": NotTaken(intake, TRACES, "traces by OTLP").post}),
        ("/api/embed/error-page", {"GET": page.script, "POST": page.post}),
        ("/api/tunnel", {"POST": tunnel}),
        ("/tunnel", {"POST": tunnel}),
    ]
    if otlp_logs is not None:
        table.append(("/api/{project}/integration/otlp/v1/logs", {"POST": OtlpReceiver(intake, otlp_logs).post}))
    return [
        Endpoint(method, path + slash, handler, ACCESS, PREFIX)
        for path, methods in table
        for slash in ("/", "")
        for method, handler in {**methods, "OPTIONS": _preflight}.items()
    ]


async def _preflight(request: Request) -> Response:
    return answers.preflight()
