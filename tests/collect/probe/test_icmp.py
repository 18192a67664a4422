"""Echo requests in bytes, and what is said where they may not be sent."""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from hannun.collect.probe import Prober
from hannun.collect.probe.icmp import Echo, checksum
from hannun.config.blackbox.model import BlackboxConfig, IcmpProbe, IpChoice, Module
from hannun.model.probe import ProbeRequest, ProbeResult


async def run(probe: IcmpProbe, target: str, timeout_s: float = 3) -> ProbeResult:
    return await Prober(BlackboxConfig({"m": Module("m", probe, round(timeout_s * 1000))})).probe(
        ProbeRequest(target, "m")
    )


def may_ping(family: socket.AddressFamily) -> bool:
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(family, kind, protocol).close()
        except OSError:
            continue
        return True
    return False


def test_the_sum_is_that_of_rfc_1071() -> None:
    assert checksum(bytes.fromhex("00010203040506070809")) == 0xFFFF - (0x0001 + 0x0203 + 0x0405 + 0x0607 + 0x0809)
    packet = Echo(4, 0x1234, 7, b"odd").request()
    assert checksum(packet) == 0


@pytest.mark.parametrize(
    ("packet", "raw", "answers"),
    [
        pytest.param(struct.pack("!BBHHH", 0, 0, 0, 5, 7) + b"abc", True, True, id="ours"),
        pytest.param(struct.pack("!BBHHH", 0, 0, 0, 6, 7) + b"abc", True, False, id="of another process"),
        pytest.param(struct.pack("!BBHHH", 0, 0, 0, 6, 7) + b"abc", False, True, id="the kernel chose the id"),
        pytest.param(struct.pack("!BBHHH", 0, 0, 0, 5, 8) + b"abc", True, False, id="of an earlier probe"),
        pytest.param(struct.pack("!BBHHH", 0, 0, 0, 5, 7) + b"abd", True, False, id="another payload"),
        pytest.param(struct.pack("!BBHHH", 8, 0, 0, 5, 7) + b"abc", True, False, id="our own request on loopback"),
        pytest.param(struct.pack("!BBHHH", 3, 1, 0, 5, 7) + b"abc", True, False, id="unreachable"),
        pytest.param(b"\0\0", True, False, id="cut short"),
    ],
)
def test_a_reply_is_known_by_all_that_we_sent(packet: bytes, raw: bool, answers: bool) -> None:
    assert Echo(4, 5, 7, b"abc").answered_by(packet, raw=raw) is answers


@pytest.mark.parametrize(
    "probe",
    [IcmpProbe(), IcmpProbe(payload_bytes=1_000, ttl=9), IcmpProbe(payload_bytes=5, dont_fragment=True)],
    ids=["as is", "sized", "whole"],
)
@pytest.mark.parametrize("target", ["127.0.0.1", "::1"])
async def test_this_machine_answers(target: str, probe: IcmpProbe) -> None:
    if not may_ping(socket.AF_INET6 if ":" in target else socket.AF_INET):
        pytest.skip("this process may not send ICMP of this kind")
    result = await run(probe, target)
    if "Cannot assign requested address" in result.log or "unreachable" in result.log:
        pytest.skip("this machine has no such address")
    assert result.success, result.log
    (hops,) = (family.samples[0].value for family in result.families if family.name == "probe_icmp_reply_hop_limit")
    assert hops == 64


@pytest.mark.parametrize(
    ("probe", "target"),
    [
        pytest.param(IcmpProbe(payload_bytes=65_000), "127.0.0.1", id="as large as it may be"),
        pytest.param(IcmpProbe(payload_bytes=70_000), "127.0.0.1", id="larger than a packet"),
        pytest.param(IcmpProbe(ip=IpChoice(source_address="192.0.2.77")), "127.0.0.1", id="from an address not ours"),
    ],
)
async def test_what_cannot_be_sent_is_a_failed_probe(probe: IcmpProbe, target: str) -> None:
    assert (await run(probe, target, 1)).families


async def test_without_permission_the_log_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket

    def refuse(family: Any = socket.AF_INET, kind: Any = socket.SOCK_STREAM, protocol: int = 0, *rest: Any) -> Any:
        if protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
            raise PermissionError(1, "Operation not permitted")
        return real(family, kind, protocol, *rest)

    monkeypatch.setattr("hannun.collect.probe.icmp.socket.socket", refuse)
    result = await run(IcmpProbe(), "127.0.0.1")
    assert not result.success
    assert "net.ipv4.ping_group_range" in result.log
    assert "CAP_NET_RAW" in result.log
