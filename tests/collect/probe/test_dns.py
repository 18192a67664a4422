"""DNS answers that are not what a name server sends."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.rrset
import pytest

from hannun.collect.probe import Prober
from hannun.collect.probe.dns import broken_rule
from hannun.config.blackbox.model import BlackboxConfig, DnsProbe, IpChoice, Module, RecordRules
from hannun.config.http_client import TlsConfig
from hannun.model.probe import ProbeRequest, ProbeResult


@contextlib.contextmanager
def datagrams(answer: Callable[[bytes], list[bytes]]) -> Iterator[str]:
    """A name server that answers each query with these packets."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(("127.0.0.1", 0))
    link.settimeout(5)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                query, peer = link.recvfrom(4_096)
                if query == b"stop":
                    return
                for packet in answer(query):
                    link.sendto(packet, peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{link.getsockname()[1]}"
    finally:
        link.sendto(b"stop", link.getsockname())
        thread.join(5)
        link.close()


async def run(target: str, probe: DnsProbe, timeout_s: float = 1.0) -> ProbeResult:
    return await Prober(BlackboxConfig({"m": Module("m", probe, round(timeout_s * 1000))})).probe(
        ProbeRequest(target, "m")
    )


def value(result: ProbeResult, name: str) -> float:
    return next(family.samples[0].value for family in result.families if family.name == name)


A = DnsProbe("www.example", "A")


def answered(query: bytes, *records: str) -> bytes:
    made = dns.message.make_response(dns.message.from_wire(query))
    made.answer.append(dns.rrset.from_text("www.example.", 60, "IN", "A", *records))
    return made.to_wire(max_size=65_535)


async def test_a_forged_answer_is_passed_over_and_the_true_one_taken() -> None:
    def serve(query: bytes) -> list[bytes]:
        wrong = bytes([query[0] ^ 0xFF]) + query[1:]
        return [b"", b"\0", answered(wrong, "192.0.2.66"), answered(query, "192.0.2.1", "192.0.2.2")]

    with datagrams(serve) as at:
        result = await run(at, A)
    assert result.success, result.log
    assert value(result, "probe_dns_answer_rrs") == 2


async def test_only_forged_answers_are_a_timeout() -> None:
    with datagrams(lambda query: [bytes([query[0] ^ 1]) + query[1:]] * 3) as at:
        result = await run(at, A, 0.3)
    assert not result.success
    assert value(result, "probe_dns_query_succeeded") == 0


async def test_noise_behind_the_right_number_is_a_failed_probe_and_no_other_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dice = random.Random(5)

    def serve(query: bytes) -> list[bytes]:
        good = answered(query, "192.0.2.1")
        match dice.randrange(3):
            case 0:
                return [query[:2] + dice.randbytes(dice.randrange(10, 200))]
            case 1:
                return [good[: dice.randrange(12, len(good))]]
            case _:
                spoilt = bytearray(good)
                for _ in range(4):
                    spoilt[dice.randrange(2, len(spoilt))] = dice.randrange(256)
                return [bytes(spoilt)]

    with datagrams(serve) as at:
        results = [await run(at, A) for _ in range(150)]
    assert not all(result.success for result in results)
    assert [record.message for record in caplog.records] == []


async def test_an_answer_of_thousands_of_records_is_counted() -> None:
    addresses = [f"192.0.{number // 250}.{number % 250 + 1}" for number in range(2_000)]
    with datagrams(lambda query: [answered(query, *addresses)]) as at:
        result = await run(at, A, 5)
    assert value(result, "probe_dns_answer_rrs") == 2_000


async def test_dns_over_tls(targets: Any) -> None:
    """The TLS target speaks no DNS, but the handshake is done and told of as part of connecting."""
    probe = DnsProbe("a", transport_protocol="tcp", dns_over_tls=True, tls=TlsConfig(ca_file=targets.ca_file))
    result = await run(targets.tls, probe, 2)
    assert not result.success
    (family,) = (family for family in result.families if family.name == "probe_dns_duration_seconds")
    assert {dict(sample.labels)["phase"]: sample.value > 0 for sample in family.samples} == {
        "connect": True,
        "request": False,
        "resolve": True,
    }


async def test_the_source_address_is_used() -> None:
    with datagrams(lambda query: [answered(query, "192.0.2.1")]) as at:
        own = await run(at, DnsProbe("www.example", "A", ip=IpChoice(source_address="127.0.0.7")))
        foreign = await run(at, DnsProbe("www.example", "A", ip=IpChoice(source_address="192.0.2.77")))
    assert own.success, own.log
    assert not foreign.success


LINES = ["www.example.\t60\tIN\tA\t192.0.2.1", "www.example.\t60\tIN\tA\t192.0.2.2"]


@pytest.mark.parametrize(
    ("rules", "lines", "good"),
    [
        ({}, LINES, True),
        ({"fail_if_matches_regexp": ("192.0.2.2$",)}, LINES, False),
        ({"fail_if_matches_regexp": ("192.0.2.3$",)}, LINES, True),
        ({"fail_if_not_matches_regexp": ("192.0.2.1$",)}, LINES, False),
        ({"fail_if_not_matches_regexp": ("192.0.2",)}, LINES, True),
        ({"fail_if_not_matches_regexp": ("x",)}, [], False),
        ({"fail_if_none_matches_regexp": ("192.0.2.2$",)}, LINES, True),
        ({"fail_if_none_matches_regexp": ("zzz",)}, LINES, False),
        ({"fail_if_none_matches_regexp": ("x",)}, [], False),
        ({"fail_if_all_match_regexp": ("192.0.2",)}, LINES, True),
        ({"fail_if_all_match_regexp": ("192.0.2.1$",)}, LINES, False),
        ({"fail_if_all_match_regexp": ("x",)}, [], True),
    ],
)
def test_rules_on_records(rules: dict[str, tuple[str, ...]], lines: list[str], good: bool) -> None:
    assert (broken_rule(lines, RecordRules(**rules)) == "") is good
