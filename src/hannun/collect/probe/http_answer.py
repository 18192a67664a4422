"""What an http probe makes of its answer: the gauges of head and body, and whether it is good."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from hannun.collect.http_client import BodyRoom, Lease
from hannun.collect.probe import cel, certificates
from hannun.collect.probe.http_rules import (
    broken_body_rule,
    has_body_rules,
    has_header_rules,
    headers_are_good,
    status_is_valid,
    version_is_valid,
)
from hannun.collect.probe.http_trip import Moments, Reply
from hannun.collect.probe.report import Report
from hannun.config.blackbox.model import HttpProbe
from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.wire.compression import decompress

KEPT_BYTES_MAX = 16 << 20
"""A body that patterns are to be tried on, or that is to be decompressed, is kept up to this size."""
INLINE_BYTES = 64 << 10
_ROOM = BodyRoom(64 << 20)


async def judge(config: HttpProbe, report: Report, reply: Reply, moments: Moments, *, errored: bool) -> bool:
    """Whether the answer is good; `errored`: it is a redirect that was not followed."""
    report.say("Received HTTP response", status_code=reply.status)
    # All that the head tells is told before the body is read, which may take longer than there is time.
    report.set("probe_http_status_code", reply.status)
    report.set("probe_http_content_length", _content_length(reply, config.method))
    _tell_last_modified(report, reply)
    report.set("probe_http_version", _version_number(reply.version))
    report.set("probe_http_ssl", reply.session is not None)
    success = status_is_valid(config, reply.status, report)
    if success and has_header_rules(config):
        success = headers_are_good(config, reply, report)
        report.set("probe_failed_due_to_regex", 0 if success else 1)
    try:
        success = await _body_is_good(config, report, reply, success=success, errored=errored)
        moments.end = time.perf_counter()
    finally:
        # After the body, because reading certificates takes time that is not the target's.
        if reply.session is not None:
            certificates.tell(report, reply.session, verified=reply.verified)
    success = version_is_valid(config, reply.version, report) and success
    if reply.session is not None and config.fail_if_ssl:
        report.fail("Final request was over SSL")
        return False
    if reply.session is None and config.fail_if_not_ssl and success:
        report.fail("Final request was not over SSL")
        return False
    return success


async def _body_is_good(config: HttpProbe, report: Report, reply: Reply, *, success: bool, errored: bool) -> bool:
    rules = success and has_body_rules(config)
    cel_rules = success and cel.has_rules(config)
    if errored and not (rules or cel_rules):
        return success
    count = _Count()
    body = b""
    problem: Exception | None = None
    with _ROOM.lease() as lease:
        try:
            keep = rules or cel_rules
            body = await _read(config, reply, count, lease, keep=keep)
        except (HannunError, OSError, _Broken) as err:
            problem = err
        if rules:
            if problem is not None:
                report.fail("Error reading HTTP body", err=problem)
                report.set("probe_failed_due_to_regex", 1)
                return False
            success = await _patterns_agree(config, body, report)
        if cel_rules and success and problem is None:
            success = await _cel_agrees(config, body, report)
    if not errored:
        report.set("probe_http_uncompressed_body_length", count.size)
    if problem is not None:
        report.say("Failed to read HTTP response body", err=problem)
        return False
    return success


async def _patterns_agree(config: HttpProbe, body: bytes, report: Report) -> bool:
    check = broken_body_rule
    broken = check(config, body) if len(body) <= INLINE_BYTES else await asyncio.to_thread(check, config, body)
    report.set("probe_failed_due_to_regex", 0 if broken is None else 1)
    if broken is not None:
        report.fail(broken[0], regexp=broken[1])
    return broken is None


async def _cel_agrees(config: HttpProbe, body: bytes, report: Report) -> bool:
    broken = await asyncio.to_thread(cel.broken_rule, config, body)
    report.set("probe_failed_due_to_cel", 0 if broken is None else 1)
    if broken is not None:
        report.fail(broken[0], expression=broken[1])
    return broken is None


class _Broken(Exception):
    """The body ended in trouble."""


@dataclass(slots=True)
class _Count:
    size: int = 0


async def _read(config: HttpProbe, reply: Reply, count: _Count, lease: Lease, *, keep: bool) -> bytes:
    """The body when it is wanted (b"" otherwise), counted in any case. Raises FetchError, TooLarge, _Broken."""
    packed = config.compression not in ("", "identity")
    limit = config.body_size_limit_bytes or math.inf
    kept: list[bytes] = []
    raw = 0
    async for chunk in _chunks(reply):
        raw += len(chunk)
        if keep or packed:
            if raw > KEPT_BYTES_MAX:
                raise TooLarge(
                    f"the body is longer than {KEPT_BYTES_MAX >> 20} MiB",
                    "patterns and compression work up to there; set body_size_limit or ask for a smaller page",
                )
            lease.take(len(chunk))
            kept.append(chunk)
        if not packed:
            count.size = int(min(raw, limit))
            if raw > limit:
                raise TooLarge("http: request body too large")
    body = b"".join(kept)
    if not packed:
        return body
    most = int(min(limit, KEPT_BYTES_MAX))
    try:
        body = await asyncio.to_thread(
            decompress, body, [config.compression], limit_bytes=most, setting="body_size_limit"
        )
    except TooLarge:
        count.size = most
        raise
    except (WireError, Unsupported) as err:
        raise _Broken(str(err)) from err
    lease.take(len(body))
    count.size = len(body)
    return body


async def _chunks(reply: Reply) -> AsyncIterator[bytes]:
    import httpcore

    try:
        async for chunk in reply.body:
            yield chunk
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as err:
        raise _Broken(str(err) or type(err).__name__) from err


def _content_length(reply: Reply, method: str) -> int:
    """-1: not known before the end of the body."""
    if reply.status in (204, 304) or 100 <= reply.status < 200:
        return 0
    said = reply.value("Content-Length")
    if reply.value("Transfer-Encoding") or not (said.isascii() and said.isdecimal()):
        return -1
    return int(said[:18])


def _version_number(version: str) -> float:
    try:
        return float(version.removeprefix("HTTP/"))
    except ValueError:
        return 0.0


def _tell_last_modified(report: Report, reply: Reply) -> None:
    said = reply.value("Last-Modified")
    try:
        moment = parsedate_to_datetime(said) if said else None
    except (TypeError, ValueError, OverflowError):
        return
    if moment is not None:
        report.gauge(
            "probe_http_last_modified_timestamp_seconds",
            "Returns the Last-Modified HTTP response header in unixtime",
            int(moment.timestamp()),
        )
