"""nginx over its stub_status page, named as nginx-prometheus-exporter names it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hannun.collect.host.builder import Builder
from hannun.collect.services.fetch import Asker, explain
from hannun.collect.services.registry import Part, Session, service
from hannun.config.services import ServiceUrl

PAGE_BYTES_MAX = 64 << 10
_PAGE = re.compile(
    r"\s*Active connections: (\d{1,18})\s+"
    r"server accepts handled requests(?: request_time)?\s+(\d{1,18}) (\d{1,18}) (\d{1,18})(?: \d{1,18})?\s+"
    r"Reading: (\d{1,18}) Writing: (\d{1,18}) Waiting: (\d{1,18})\s*"
)
# In the order of the page.
METRICS = (
    ("nginx_connections_active", "gauge", "Active client connections"),
    ("nginx_connections_accepted", "counter", "Accepted client connections"),
    ("nginx_connections_handled", "counter", "Handled client connections"),
    ("nginx_http_requests_total", "counter", "Total http requests"),
    ("nginx_connections_reading", "gauge", "Connections where NGINX is reading the request header"),
    ("nginx_connections_writing", "gauge", "Connections where NGINX is writing the response back to the client"),
    ("nginx_connections_waiting", "gauge", "Idle client connections"),
)


def read_page(page: str) -> tuple[int, ...]:
    """The seven numbers of stub_status, as `METRICS` orders them. Raises ValueError for any other page."""
    found = _PAGE.fullmatch(page)
    if found is None:
        raise ValueError("not a stub_status page; give the path of a location with `stub_status;` in it")
    return tuple(int(number) for number in found.groups())


@service("nginx")
class Nginx(Session):
    up = ("nginx_up", "Status of the last metric scrape")

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        self._asker = Asker(url, password, timeout_s)
        self._path = url.path
        self._numbers: tuple[int, ...] = ()

    def check(self) -> None:
        self._numbers = read_page(self._asker.get(self._path, PAGE_BYTES_MAX).decode("utf-8", "replace"))

    def parts(self) -> Sequence[tuple[str, Part]]:
        return (("stub_status", self._stub_status),)

    def close(self) -> None:
        self._asker.close()

    def _stub_status(self, builder: Builder) -> None:
        # The page that proved nginx alive holds everything: a second request would only count itself.
        for (name, kind, text), number in zip(METRICS, self._numbers, strict=True):
            builder.add(name, kind, text, (), float(number))

    @classmethod
    def explain(cls, err: BaseException) -> str:
        return explain(
            err,
            missing="add `location /stub_status { stub_status; }` or give the path that has it",
            login="allow this machine in that location",
        )
