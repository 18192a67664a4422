"""The icmp prober: one echo request and its reply, with the hop limit that it came back with.

First an unprivileged ICMP socket (Linux: `net.ipv4.ping_group_range`), then a raw one (CAP_NET_RAW), as
blackbox_exporter does; only a raw socket may set the DF bit's header, so `dont_fragment` asks for it by option.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import struct
import sys
import time
from dataclasses import dataclass

from hannun.collect.probe import address
from hannun.collect.probe.address import Resolved
from hannun.collect.probe.registry import Attempt, prober
from hannun.config.blackbox.model import IcmpProbe
from hannun.model.errors import HannunError
from hannun.model.text import Text

PAYLOAD = b"Prometheus Blackbox Exporter"
PHASES = ("resolve", "rtt", "setup")
REPLIES_MAX = 10_000
"""A raw socket sees the replies to everybody on this machine; this many are looked at for ours."""
_SEQUENCE = itertools.count(int.from_bytes(os.urandom(2), "big"))
# The kernel's numbers; the socket module of 3.11 does not name all of them.
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PMTUDISC_DO, _IP_RECVTTL = 10, 23, 2, 12
_TOLD = {4: (8, 0), 6: (128, 129)}
"""IP version -> types of echo request and echo reply."""

NOT_PERMITTED = Text(
    en="This process may not send ICMP. Allow it with: sysctl -w net.ipv4.ping_group_range='0 2147483647', or give it "
    "CAP_NET_RAW (systemd: AmbientCapabilities=CAP_NET_RAW, docker: --cap-add NET_RAW)",
    ko="이 프로세스는 ICMP를 보낼 권한이 없습니다. sysctl -w net.ipv4.ping_group_range='0 2147483647' 로 허용하거나 "
    "CAP_NET_RAW 권한을 주세요(systemd: AmbientCapabilities=CAP_NET_RAW, docker: --cap-add NET_RAW)",
)


class NotPermitted(HannunError):
    """The system gives us no ICMP socket of either kind."""


@dataclass(frozen=True, slots=True)
class Echo:
    """`id` is ours on a raw socket; the kernel chooses it on an unprivileged one."""

    version: int
    id: int
    sequence: int
    payload: bytes

    def request(self) -> bytes:
        kind = _TOLD[self.version][0]
        head = struct.pack("!BBHHH", kind, 0, 0, self.id, self.sequence)
        # For IPv6 the kernel fills the sum in, because it covers addresses that only it knows.
        total = checksum(head + self.payload) if self.version == 4 else 0
        return struct.pack("!BBHHH", kind, 0, total, self.id, self.sequence) + self.payload

    def answered_by(self, packet: bytes, *, raw: bool) -> bool:
        """`packet` without an IP header."""
        if len(packet) < 8:
            return False
        kind, code, _, number, sequence = struct.unpack_from("!BBHHH", packet)
        same = kind == _TOLD[self.version][1] and code == 0 and sequence == self.sequence
        return same and packet[8:] == self.payload and (not raw or number == self.id)


@prober(IcmpProbe)
async def probe(config: IcmpProbe, attempt: Attempt) -> bool:
    report = attempt.report
    report.declare(
        "probe_icmp_duration_seconds",
        "Duration of icmp request by phase",
        *((("phase", phase),) for phase in PHASES),
    )
    where = await address.choose(attempt.target, config.ip, attempt)
    report.add("probe_icmp_duration_seconds", where.lookup_s, (("phase", "resolve"),))
    begin_s = time.perf_counter()
    report.say("Creating socket")
    link, raw = open_socket(where, config, attempt)
    with link:
        payload = (
            PAYLOAD if not config.payload_bytes else PAYLOAD[: config.payload_bytes].ljust(config.payload_bytes, b"\0")
        )
        echo = Echo(where.ip.version, os.getpid() & 0xFFFF, next(_SEQUENCE) & 0xFFFF, payload)
        report.say("Creating ICMP packet", seq=echo.sequence, id=echo.id)
        link.connect((where.text, 0))
        packet = echo.request()
        sent_s = time.perf_counter()
        report.add("probe_icmp_duration_seconds", sent_s - begin_s, (("phase", "setup"),))
        report.say("Writing out packet")
        link.send(packet)
        report.say("Waiting for reply packets")
        hop_limit = await _reply(link, echo, raw=raw)
        report.add("probe_icmp_duration_seconds", time.perf_counter() - sent_s, (("phase", "rtt"),))
    report.say("Found matching reply packet")
    if hop_limit > 0:
        report.gauge("probe_icmp_reply_hop_limit", "Replied packet hop limit (TTL for ipv4)", hop_limit)
    return True


def open_socket(where: Resolved, config: IcmpProbe, attempt: Attempt) -> tuple[socket.socket, bool]:
    """(socket, whether it is raw). Raises NotPermitted, OSError."""
    protocol = socket.IPPROTO_ICMP if where.ip.version == 4 else socket.IPPROTO_ICMPV6
    try:
        link, raw = socket.socket(where.family, socket.SOCK_DGRAM, protocol), False
    except PermissionError as err:
        attempt.report.say(
            "Unable to do unprivileged listen on socket, will attempt privileged", level="debug", err=err
        )
        try:
            link, raw = socket.socket(where.family, socket.SOCK_RAW, protocol), True
        except PermissionError as refused:
            raise NotPermitted(NOT_PERMITTED) from refused
    try:
        link.setblocking(False)
        _set_up(link, where.ip.version, config)
    except OSError:
        link.close()
        raise
    return link, raw


def _set_up(link: socket.socket, version: int, config: IcmpProbe) -> None:
    if version == 4:
        link.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        if config.ttl:
            link.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, config.ttl)
        if config.dont_fragment:
            link.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_DO)
    else:
        link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        if config.ttl:
            link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, config.ttl)
        if config.dont_fragment:
            link.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_DO)
    if config.ip.source_address:
        link.bind((config.ip.source_address, 0))


async def _reply(link: socket.socket, echo: Echo, *, raw: bool) -> int:
    """The hop limit of the reply, 0 when the system did not tell. Waits for as long as the caller lets it."""
    for _ in range(REPLIES_MAX):
        await _readable(link)
        try:
            packet, control, _flags, _sender = link.recvmsg(65_536, 256)
        except (BlockingIOError, InterruptedError):
            continue
        hop_limit = _hop_limit(control)
        if raw and echo.version == 4 and packet:
            hop_limit = hop_limit or (packet[8] if len(packet) > 8 else 0)
            packet = packet[(packet[0] & 0x0F) * 4 :]
        if echo.answered_by(packet, raw=raw):
            return hop_limit
    raise OSError(f"no reply among {REPLIES_MAX} packets")


async def _readable(link: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(link.fileno(), wake)
    try:
        await ready
    finally:
        loop.remove_reader(link.fileno())


def _hop_limit(control: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in control:
        if (level, kind) in (
            (socket.IPPROTO_IP, socket.IP_TTL),
            (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT),
        ) and len(data) >= 4:
            return int.from_bytes(data[:4], sys.byteorder)
    return 0


def checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + b"\0" if len(data) % 2 else data
    total = sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
