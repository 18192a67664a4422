"""/loki/api/v1/delete: lines that are gone for every question asked after the answer.

Loki filters at once and removes a day later; here the lines are removed before the request is answered, or shortly
after when there are many. So a request can be listed and not be taken back. The list is kept in memory.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import Body, respond
from hannun.api.form import Form
from hannun.api.loki import parameters
from hannun.api.loki.answers import JSON, LokiError, bare, guarded
from hannun.api.loki.backend import PREFIX, Backend
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, HannunError, Overloaded
from hannun.model.http import Endpoint
from hannun.query.logql.deletion import Deletion, deletion

Status = Literal["received", "processed", "failed"]
REMEMBERED_MAX = 1_000
WAITING_MAX = 20
ANSWER_S = 10.0
DISABLED = "deletion is not available for this tenant"
TOO_LATE = "deletion of request which is in process or already processed is not allowed"
UNKNOWN = "could not find delete request with given id"
_log = logging.getLogger("hannun.loki.delete")


@dataclass(frozen=True, slots=True)
class Deleted:
    """One request as it is listed. Times in ns."""

    id: str
    query: str
    start_ns: int
    end_ns: int
    created_ns: int
    status: Status = "received"

    def listed(self) -> dict[str, object]:
        return {
            "request_id": self.id,
            "start_time": _seconds(self.start_ns),
            "end_time": _seconds(self.end_ns),
            "query": self.query,
            "status": self.status,
            "created_at": _seconds(self.created_ns),
        }


class Deletes:
    """Runs requests one after the other and remembers them. Lives on one event loop."""

    def __init__(self, backend: Backend, *, answer_s: float = ANSWER_S) -> None:
        self._backend = backend
        self._answer_s = answer_s
        self._known: OrderedDict[str, Deleted] = OrderedDict()
        self._one_by_one = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()

    async def add(self, request: Request) -> Response:
        form = await self._backend.form(request)
        asked = self._read(form)
        # The longest text takes half a second to read; the event loop has others to serve.
        wanted = await asyncio.to_thread(deletion, asked.query)
        if len(self._running) >= WAITING_MAX:
            raise Overloaded("too many delete requests are waiting", retry_after_s=10)
        self._remember(asked)
        task = asyncio.create_task(self._run(asked, wanted), name=f"delete request {asked.id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait({task}, timeout=self._answer_s)
        for finished in done:
            finished.result()
        return Response(status_code=204)

    async def list(self, request: Request) -> Response:
        form = await self._backend.form(request)
        first_ns = parameters.moment(form, "start", 0)
        last_ns = parameters.moment(form, "end", (1 << 63) - 1)
        found = [one for one in self._known.values() if one.start_ns <= last_ns and one.end_ns >= first_ns]
        return respond(Body(tuple(bare([one.listed() for one in found]))), media_type=JSON)

    async def cancel(self, request: Request) -> Response:
        form = await self._backend.form(request)
        known = self._known.get(form.one("request_id"))
        if known is None:
            raise LokiError(404, UNKNOWN)
        raise LokiError(400, TOO_LATE)

    def _read(self, form: Form) -> Deleted:
        """Raises BadQuery for what is missing or wrong, in Loki's words."""
        query = form.one("query")
        if not query:
            raise BadQuery("query not set")
        now_ns = self._backend.now_ns()
        if not form.one("start"):
            raise BadQuery("start time not set")
        start_ns, end_ns = _time(form, "start", now_ns), _time(form, "end", now_ns)
        if end_ns > now_ns + 60_000_000_000:
            raise BadQuery("deletes in the future are not allowed")
        if start_ns > end_ns:
            raise BadQuery("start time can't be greater than end time")
        if text := form.one("max_interval"):
            # Loki cuts a request at this length to bound one step; the store bounds its own steps.
            parameters.duration_ns(text, "invalid max_interval: valid time units are 's', 'm', 'h'")
        return Deleted(secrets.token_hex(4), query, start_ns, end_ns, now_ns)

    async def _run(self, asked: Deleted, wanted: Deletion) -> None:
        reader = self._backend.reader

        def work() -> int:
            streams = reader.streams((wanted.selector,), asked.start_ns, asked.end_ns + 1, Budget())
            wanted.refuse_labels(streams)
            return reader.delete(wanted.selector, wanted.where, asked.start_ns, asked.end_ns + 1)

        async with self._one_by_one:
            try:
                gone = await asyncio.to_thread(work)
            except HannunError as err:
                self._remember(replace(asked, status="failed"))
                _log.warning("delete request %s failed: %s", asked.id, err)
                raise
        self._remember(replace(asked, status="processed"))
        _log.info("delete request %s removed %d lines", asked.id, gone)

    def _remember(self, one: Deleted) -> None:
        self._known[one.id] = one
        while len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)


def _seconds(ns: int) -> float:
    return ns // 1_000_000 / 1000


def _time(form: Form, name: str, default_ns: int) -> int:
    """Seconds or RFC3339; what is too long for seconds is taken for nanoseconds, as everywhere else."""
    try:
        return parameters.moment(form, name, default_ns)
    except BadQuery as err:
        raise BadQuery(f"invalid {name} time: require unix seconds or RFC3339 format") from err


def endpoints(backend: Backend, *, mode: str) -> list[Endpoint]:
    """`mode` is Loki's deletion_mode; "disabled" answers 403."""
    path = "/loki/api/v1/delete"
    if mode == "disabled":

        async def disabled(_request: Request) -> Response:
            raise LokiError(403, DISABLED)

        return [
            Endpoint(method, path, guarded(disabled), Access.ADMIN, PREFIX)
            for method in ("GET", "POST", "PUT", "DELETE")
        ]
    deletes = Deletes(backend)
    return [
        Endpoint("GET", path, guarded(deletes.list), Access.VIEW, PREFIX),
        Endpoint("POST", path, guarded(deletes.add), Access.ADMIN, PREFIX),
        Endpoint("PUT", path, guarded(deletes.add), Access.ADMIN, PREFIX),
        Endpoint("DELETE", path, guarded(deletes.cancel), Access.ADMIN, PREFIX),
    ]
