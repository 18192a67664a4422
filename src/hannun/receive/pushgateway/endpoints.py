"""The Pushgateway's HTTP API, with the statuses and bodies of Pushgateway 1.5.1."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from hannun.model.access import Access
from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.model.family import Family
from hannun.model.http import Endpoint
from hannun.model.pushed import Pairs
from hannun.observe.outcomes import Outcome
from hannun.receive.answer import refuse
from hannun.receive.body import SlowBody, read_body
from hannun.receive.intake import SIGNAL
from hannun.receive.limits import BODY_SETTING
from hannun.receive.pushgateway.gateway import PushGateway
from hannun.receive.pushgateway.groups import Group
from hannun.receive.pushgateway.page import Inconsistent, Read, own_families, read_families
from hannun.receive.pushgateway.path import grouping
from hannun.wire.compression import content_encodings, decompress
from hannun.wire.exposition import TEXT_CONTENT_TYPE, encode_text, number

PREFIX = "/pushgateway"
VERSION = "1.5.1"
INLINE_BYTES_MAX = 16 << 10
"""A longer page is read in a thread: the plain reader takes 10 µs a line."""


class Endpoints:
    def __init__(self, gateway: PushGateway) -> None:
        self._gateway = gateway

    async def push(self, request: Request) -> Response:
        """PUT replaces the group, POST only the metrics of the same names."""
        gateway = self._gateway
        try:
            labels = _labels(request)
            with gateway.in_flight.hold() as held:
                body = await read_body(request, gateway.limits, held)
                families, histograms = await self._read(request, body, labels)
                gateway.intake.outcomes.count(
                    SIGNAL, Outcome.FILTERED, histograms, reason="native buckets, which groups do not keep"
                )
                async with gateway.lock(labels):
                    before = gateway.groups.get(labels)
                    families = gateway.groups.merged(labels, families, keep_others=request.method == "POST")
                    failed_ms = before.failed_ms if before else 0
                    await gateway.change(labels, families, pushed_ms=gateway.clock.now_ms(), failed_ms=failed_ms)
        except Inconsistent as err:
            await self._note_failure(labels)
            self._count(err)
            return refuse(err, overloaded=503)
        except HannunError as err:
            self._count(err)
            return refuse(err, overloaded=503)
        return Response(status_code=200)

    async def delete(self, request: Request) -> Response:
        """202 whether there was such a group or not."""
        try:
            labels = _labels(request)
            async with self._gateway.lock(labels):
                await self._gateway.remove(labels)
        except HannunError as err:
            return refuse(err, overloaded=503)
        return Response(status_code=202)

    async def wipe(self, _: Request) -> Response:
        try:
            for group in self._gateway.groups.all():
                async with self._gateway.lock(group.labels):
                    await self._gateway.remove(group.labels)
        except HannunError as err:
            return refuse(err, overloaded=503)
        return Response(status_code=202)

    async def page(self, _: Request) -> Response:
        """What a scraper with `honor_labels: true` reads from a Pushgateway."""
        body = await asyncio.to_thread(_page, self._gateway.groups.all())
        return Response(body, headers={"content-type": TEXT_CONTENT_TYPE})

    async def metrics(self, _: Request) -> Response:
        groups = sorted(self._gateway.groups.all(), key=lambda group: group.labels)
        return await asyncio.to_thread(lambda: JSONResponse({"status": "success", "data": _told(groups)}))

    async def status(self, _: Request) -> Response:
        build = {"version": VERSION, "revision": "hannun", "branch": "", "buildDate": "", "buildUser": ""}
        return JSONResponse({"status": "success", "data": {"build_information": build, "flags": {}}})

    async def fine(self, _: Request) -> Response:
        return PlainTextResponse("OK")

    async def _read(self, request: Request, body: bytes, labels: Pairs) -> Read:
        gateway = self._gateway
        encodings = content_encodings(request.headers.get("content-encoding"))
        content_type = request.headers.get("content-type", "")

        def now() -> Read:
            limit = gateway.limits.body_bytes_max
            raw = decompress(body, encodings, limit_bytes=limit, setting=BODY_SETTING) if encodings else body
            return read_families(raw, content_type, labels, gateway.push_limits.page)

        if not encodings and len(body) <= INLINE_BYTES_MAX:
            return now()
        return await asyncio.to_thread(now)

    async def _note_failure(self, labels: Pairs) -> None:
        """`push_failure_time_seconds` moves; when even that cannot be stored, the push's own error is told."""
        gateway = self._gateway
        async with gateway.lock(labels):
            before = gateway.groups.get(labels)
            families, pushed_ms = (before.families, before.pushed_ms) if before else ((), 0)
            try:
                await gateway.change(labels, families, pushed_ms=pushed_ms, failed_ms=gateway.clock.now_ms())
            except HannunError:
                gateway.intake.outcomes.count(SIGNAL, Outcome.LIMITED, reason="failed push that could not be noted")

    def _count(self, err: HannunError) -> None:
        count = self._gateway.intake.outcomes.count
        match err:
            case Inconsistent():
                count(SIGNAL, Outcome.INVALID, reason="pushed page that is inconsistent")
            case WireError() | Unsupported():
                count(SIGNAL, Outcome.INVALID, reason="request that cannot be read")
            case SlowBody():
                count(SIGNAL, Outcome.INVALID, reason="request whose body did not arrive in time")
            case TooLarge():
                count(SIGNAL, Outcome.LIMITED, reason="request that is too large")


def _labels(request: Request) -> Pairs:
    return grouping(str(request.path_params["rest"]), job_is_base64="job@base64/" in request.url.path)


def _page(groups: Sequence[Group]) -> bytes:
    """All groups as one page: each family once, as the format wants it."""
    families: dict[str, list[Family]] = {}
    for group in groups:
        for family in (*group.families, *own_families(group.labels, group.pushed_ms, group.failed_ms)):
            families.setdefault(family.name, []).append(family)
    return encode_text(
        Family(name, some[0].type, some[0].help, tuple(sample for one in some for sample in one.samples), some[0].unit)
        for name, some in sorted(families.items())
    )


def _told(groups: Sequence[Group]) -> list[dict[str, Any]]:
    return [_group(group) for group in groups]


def _group(group: Group) -> dict[str, Any]:
    own = own_families(group.labels, group.pushed_ms, group.failed_ms)
    told: dict[str, Any] = {family.name: _family(family, group.pushed_ms) for family in (*group.families, *own)}
    return {
        **told,
        "labels": dict(group.labels),
        "last_push_successful": group.pushed_ms > 0 and group.pushed_ms >= group.failed_ms,
    }


def _family(family: Family, pushed_ms: int) -> dict[str, Any]:
    from datetime import UTC, datetime

    when = datetime.fromtimestamp(pushed_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kind = "UNTYPED" if family.type == "unknown" else family.type.upper()
    head = {"time_stamp": when, "type": kind, **({"help": family.help} if family.help else {})}
    return {**head, "metrics": _metrics(family)}


def _metrics(family: Family) -> list[dict[str, Any]]:
    """One entry per label set; buckets and quantiles, sum and count of one stand together."""
    bound = {"histogram": ("le", "buckets"), "summary": ("quantile", "quantiles")}.get(family.type)
    if bound is None:
        return [{"labels": dict(sample.labels), "value": number(sample.value)} for sample in family.samples]
    label, parts = bound
    found: dict[Pairs, dict[str, Any]] = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        at = labels.pop(label, None)
        entry = found.setdefault(tuple(sorted(labels.items())), {"labels": labels, parts: {}})
        if at is not None:
            entry[parts][at] = number(sample.value)
        elif sample.name.endswith("_sum"):
            entry["sum"] = number(sample.value)
        elif sample.name.endswith("_count"):
            entry["count"] = number(sample.value)
    return list(found.values())


def routes(gateway: PushGateway, *, enable_admin_api: bool) -> list[Endpoint]:
    """Pushes at the root and under /pushgateway; what other products own at the root, only under the prefix."""
    own = Endpoints(gateway)
    pushes = [
        Endpoint(method, f"/metrics/{job}/{{rest:path}}", handler, Access.PUSH, PREFIX)
        for job in ("job", "job@base64")
        for method, handler in (("PUT", own.push), ("POST", own.push), ("DELETE", own.delete))
    ]
    reads = [
        Endpoint("GET", "/metrics", own.page, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/api/v1/metrics", own.metrics, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/api/v1/status", own.status, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/-/healthy", own.fine, Access.PUBLIC, PREFIX, at_root=False),
        Endpoint("GET", "/-/ready", own.fine, Access.PUBLIC, PREFIX, at_root=False),
    ]
    wipe = Endpoint("PUT", "/api/v1/admin/wipe", own.wipe, Access.ADMIN, PREFIX, at_root=False)
    return [*pushes, *reads, *([wipe] if enable_admin_api else [])]
