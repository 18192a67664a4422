"""The grpc prober: one `grpc.health.v1.Health/Check` and the serving status that it answers.

Spoken over h2 directly: one unary call needs no gRPC library, and the certificates stay at hand.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from hannun import __version__
from hannun.collect.http_client.url import Url
from hannun.collect.probe import address, certificates
from hannun.collect.probe.connection import Connection, connect
from hannun.collect.probe.grpc_health import STATUSES, health_request, serving_status
from hannun.collect.probe.registry import Attempt, prober
from hannun.config.blackbox.model import GrpcProbe
from hannun.model.errors import WireError

UNAVAILABLE, OK, UNKNOWN, INTERNAL = 14, 0, 2, 13
MESSAGE_BYTES_MAX = 1 << 20
HEADERS_MAX = 200


@dataclass(slots=True)
class _Answer:
    headers: dict[str, str] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    broken: str = ""


@prober(GrpcProbe)
async def probe(config: GrpcProbe, attempt: Attempt) -> bool:
    report = attempt.report
    report.declare("probe_grpc_duration_seconds", "Duration of gRPC request by phase", (("phase", "resolve"),))
    report.declare("probe_grpc_ssl", "Indicates if SSL was used for the connection", ())
    report.declare("probe_grpc_status_code", "Response gRPC status code", ())
    report.declare("probe_grpc_healthcheck_response", "Response HealthCheck response")
    report.declare("probe_ssl_earliest_cert_expiry", "Returns last SSL chain expiry in unixtime", ())
    has_scheme = attempt.target.startswith(("http://", "https://"))
    url = Url.parse(attempt.target if has_scheme else f"http://{attempt.target}")
    where = await address.choose(url.host, config.ip, attempt)
    begin_s = time.perf_counter()
    report.add("probe_grpc_duration_seconds", where.lookup_s, (("phase", "resolve"),))
    status, served = UNAVAILABLE, ""
    try:
        async with connect(where, url.port, config.ip.source_address) as connection:
            if config.use_tls:
                await connection.start_tls(config.tls, config.tls.server_name or url.host, ["h2"])
                report.set("probe_grpc_ssl", 1)
                verified = not config.tls.insecure_skip_verify
                certificates.tell(report, connection.session, verified=verified, chain_expiry=False)
            answer = await _call(connection, config, url)
            status, served = _read(answer, attempt)
    finally:
        report.add("probe_grpc_duration_seconds", time.perf_counter() - begin_s, (("phase", "check"),))
        report.set("probe_grpc_status_code", status)
        for name in STATUSES.values():
            report.set("probe_grpc_healthcheck_response", 1 if name == served else 0, (("serving_status", name),))
    report.say("Got health check response", status_code=status, serving_status=served or "none")
    return status == OK and served == "SERVING"


async def _call(connection: Connection, config: GrpcProbe, url: Url) -> _Answer:
    """One unary call. Raises OSError when the peer speaks no HTTP/2 or hangs up."""
    import h2.config
    import h2.connection
    import h2.exceptions

    speaker = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
    speaker.initiate_connection()
    stream = speaker.get_next_available_stream_id()
    speaker.send_headers(stream, _headers(config, url))
    body = health_request(config.service)
    speaker.send_data(stream, b"\0" + struct.pack("!I", len(body)) + body, end_stream=True)
    await connection.send(speaker.data_to_send())
    answer = _Answer()
    try:
        while True:
            got = await connection.receive()
            if not got:
                raise ConnectionError("error reading server preface: EOF")
            # Every event is looked at: what belongs to the answer may stand behind what ends it.
            endings = [_take(event, stream, answer, speaker) for event in speaker.receive_data(got)]
            await connection.send(speaker.data_to_send())
            if any(endings):
                return answer
    except (h2.exceptions.ProtocolError, UnicodeDecodeError) as err:
        raise ConnectionError(f"the peer does not speak HTTP/2: {err}") from err


def _headers(config: GrpcProbe, url: Url) -> list[tuple[str, str]]:
    own = [
        (":method", "POST"),
        (":scheme", "https" if config.use_tls else "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", url.authority),
        ("content-type", "application/grpc"),
        ("user-agent", f"hannun/{__version__}"),
        ("te", "trailers"),
    ]
    return own + [(name.lower(), value) for name, values in config.metadata.items() for value in values]


def _take(event: Any, stream: int, answer: _Answer, speaker: Any) -> bool:
    """True: the answer is whole, or will not come."""
    import h2.events

    match event:
        case h2.events.ConnectionTerminated():
            answer.broken = "the server closed the connection"
            return True
        case h2.events.ResponseReceived(stream_id=at) | h2.events.TrailersReceived(stream_id=at) if at == stream:
            for name, value in (event.headers or [])[:HEADERS_MAX]:
                answer.headers[str(name)] = str(value)
        case h2.events.DataReceived(stream_id=at) if at == stream:
            answer.data += event.data
            speaker.acknowledge_received_data(event.flow_controlled_length, stream)
            if len(answer.data) > MESSAGE_BYTES_MAX:
                answer.broken = f"the answer is longer than {MESSAGE_BYTES_MAX} bytes"
                return True
        case h2.events.StreamReset(stream_id=at) if at == stream:
            answer.broken = "the server reset the stream"
            return True
        case h2.events.StreamEnded(stream_id=at) if at == stream:
            return True
    return False


def _read(answer: _Answer, attempt: Attempt) -> tuple[int, str]:
    """(gRPC status code, serving status or "")."""
    report = attempt.report
    if answer.broken:
        report.fail("can't connect grpc server:", err=answer.broken)
        return UNAVAILABLE, ""
    status = _status(answer.headers)
    if status != OK:
        words = unquote(answer.headers.get("grpc-message", ""))
        report.fail("can't connect grpc server:", code=status, err=report.told(words))
        return status, ""
    try:
        return OK, serving_status(bytes(answer.data))
    except WireError as err:
        report.fail("health check answer cannot be read", err=err)
        return INTERNAL, ""


def _status(headers: Mapping[str, str]) -> int:
    """`grpc-status`; without it what gRPC makes of the HTTP status."""
    said = headers.get("grpc-status", "")
    if said.isascii() and said.isdecimal():
        return int(said[:4])
    by_http = {"400": INTERNAL, "401": 16, "403": 7, "404": 12, "429": 14, "502": 14, "503": 14, "504": 14}
    return by_http.get(headers.get(":status", ""), UNKNOWN)
