"""The dns prober: one question over udp, tcp or TLS, and rules on code and records (blackbox_exporter's dns.go)."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hannun.collect.probe import address
from hannun.collect.probe.address import Resolved
from hannun.collect.probe.connection import connect
from hannun.collect.probe.registry import Attempt, prober
from hannun.collect.probe.report import Report
from hannun.collect.probe.text import compiled
from hannun.config.blackbox.model import DnsProbe, RecordRules

if TYPE_CHECKING:
    import dns.message
    import dns.rrset

PHASES = ("connect", "request", "resolve")
INLINE_BYTES = 4_096
STRAY_MAX = 100
"""Datagrams that are no answer to our question: this many are passed over."""


@prober(DnsProbe)
async def probe(config: DnsProbe, attempt: Attempt) -> bool:
    report = attempt.report
    _declare(report, config)
    try:
        host, port = address.split(attempt.target, "853" if config.dns_over_tls else "53")
    except ValueError:
        # As there: what is no host and port is taken for a host, such as a bare IPv6 address.
        host, port = attempt.target, 853 if config.dns_over_tls else 53
    where = await address.choose(host, config.ip, attempt)
    report.add("probe_dns_duration_seconds", where.lookup_s, (("phase", "resolve"),))
    question = _question(config)
    report.say("Making DNS query", target=f"{where.text}:{port}", query=config.query_name, type=config.query_type)
    ask = _by_stream if config.transport_protocol == "tcp" or config.dns_over_tls else _by_datagram
    answer = await ask(config, question.to_wire(), where, port, host, report)
    # A long answer holds thousands of records: reading them must not hold up other probes.
    if len(answer) > INLINE_BYTES:
        return await asyncio.to_thread(_judge, config, answer, report)
    return _judge(config, answer, report)


def _judge(config: DnsProbe, packet: bytes, report: Report) -> bool:
    import dns.exception
    import dns.message
    import dns.rcode

    try:
        answer = dns.message.from_wire(packet, ignore_trailing=True, raise_on_truncation=False)
    except dns.exception.DNSException as err:
        report.fail("Error while sending a DNS query", err=str(err) or type(err).__name__)
        return False
    rcode = dns.rcode.to_text(answer.rcode())
    report.say("Got response", rcode=rcode)
    _tell(report, config, answer)
    if rcode not in (config.valid_rcodes or ("NOERROR",)):
        report.fail("Rcode is not one of the valid rcodes", rcode=rcode, valid_rcodes=" ".join(config.valid_rcodes))
        return False
    return all(
        _records_are_good(name, _lines(section), rules, report)
        for name, section, rules in (
            ("Answer", answer.answer, config.validate_answer),
            ("Authority", answer.authority, config.validate_authority),
            ("Additional", answer.additional, config.validate_additional),
        )
    )


def _declare(report: Report, config: DnsProbe) -> None:
    report.declare(
        "probe_dns_duration_seconds", "Duration of DNS request by phase", *((("phase", phase),) for phase in PHASES)
    )
    for section in ("answer", "authority", "additional"):
        report.declare(
            f"probe_dns_{section}_rrs", f"Returns number of entries in the {section} resource record list", ()
        )
    report.declare("probe_dns_query_succeeded", "Displays whether or not the query was executed successfully", ())
    if config.query_type == "SOA":
        report.declare("probe_dns_serial", "Returns the serial number of the zone", ())


def _question(config: DnsProbe) -> dns.message.QueryMessage:
    import dns.flags
    import dns.message

    made = dns.message.make_query(config.query_name or ".", config.query_type, config.query_class)
    if not config.recursion_desired:
        made.flags &= ~dns.flags.RD
    return made


async def _by_datagram(
    config: DnsProbe, question: bytes, where: Resolved, port: int, _host: str, report: Report
) -> bytes:
    loop = asyncio.get_running_loop()
    begin_s = time.perf_counter()
    source = (config.ip.source_address, 0) if config.ip.source_address else None
    arrived: asyncio.Queue[bytes | Exception] = asyncio.Queue(STRAY_MAX)
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(arrived.put_nowait), local_addr=source, remote_addr=(where.text, port), family=where.family
    )
    try:
        sent_s = _connected(report, begin_s)
        transport.sendto(question)
        for _ in range(STRAY_MAX):
            got = await arrived.get()
            if isinstance(got, Exception):
                raise got
            # A late or forged answer to another question is passed over; the true one may still come.
            if len(got) >= 12 and got[:2] == question[:2]:
                return _requested(report, sent_s, got)
        raise ConnectionError("none of the datagrams was an answer")
    finally:
        transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, put: Callable[[bytes | Exception], None]) -> None:
        self._put = put

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._offer(data)

    def error_received(self, exc: Exception) -> None:
        self._offer(exc)

    def _offer(self, got: bytes | Exception) -> None:
        try:
            self._put(got)
        except asyncio.QueueFull:  # A flood: what is waiting is enough to decide.
            return


async def _by_stream(config: DnsProbe, question: bytes, where: Resolved, port: int, host: str, report: Report) -> bytes:
    begin_s = time.perf_counter()
    async with connect(where, port, config.ip.source_address) as connection:
        if config.dns_over_tls:
            await connection.start_tls(config.tls, config.tls.server_name or host)
        sent_s = _connected(report, begin_s)
        await connection.send(struct.pack("!H", len(question)) + question)
        (size,) = struct.unpack("!H", await connection.exactly(2))
        got = await connection.exactly(size)
        return _requested(report, sent_s, got)


def _connected(report: Report, begin_s: float) -> float:
    now_s = time.perf_counter()
    report.set("probe_dns_duration_seconds", now_s - begin_s, (("phase", "connect"),))
    return now_s


def _requested(report: Report, sent_s: float, answer: bytes) -> bytes:
    report.set("probe_dns_duration_seconds", time.perf_counter() - sent_s, (("phase", "request"),))
    return answer


def _tell(report: Report, config: DnsProbe, answer: dns.message.Message) -> None:
    counts = {"answer": answer.answer, "authority": answer.authority, "additional": answer.additional}
    for section, sets in counts.items():
        report.set(f"probe_dns_{section}_rrs", sum(len(one) for one in sets))
    report.set("probe_dns_query_succeeded", 1)
    if config.query_type == "SOA":
        for record_set in answer.answer:
            for record in record_set:
                serial = getattr(record, "serial", None)
                if serial is not None:
                    report.set("probe_dns_serial", int(serial))


def _lines(sets: Sequence[dns.rrset.RRset]) -> list[str]:
    """Each record as miekg/dns prints it, tabs between the parts, because patterns were written against that."""
    import dns.rdataclass
    import dns.rdatatype

    return [
        f"{one.name}\t{one.ttl}\t{dns.rdataclass.to_text(one.rdclass)}\t{dns.rdatatype.to_text(one.rdtype)}\t{record}"
        for one in sets
        for record in one
    ]


def _records_are_good(section: str, lines: Sequence[str], rules: RecordRules, report: Report) -> bool:
    report.say(f"Validating {section} RRs")
    broken = broken_rule(lines, rules)
    if broken:
        report.fail(f"{section} RRs validation failed", err=broken)
    return not broken


def broken_rule(lines: Sequence[str], rules: RecordRules) -> str:
    """What the records of one section break, "" when they are good."""
    if not lines and rules.fail_if_not_matches_regexp:
        return "fail_if_not_matches_regexp specified but no RRs returned"
    if not lines and rules.fail_if_none_matches_regexp:
        return "fail_if_none_matches_regexp specified but no RRs returned"

    def matches(pattern: str, line: str) -> bool:
        return compiled(pattern).search(line) is not None

    for line in lines:
        for pattern in rules.fail_if_matches_regexp:
            if matches(pattern, line):
                return f"At least one RR matched regexp {pattern}"
        for pattern in rules.fail_if_not_matches_regexp:
            if not matches(pattern, line):
                return f"At least one RR did not match regexp {pattern}"
    every, none = rules.fail_if_all_match_regexp, rules.fail_if_none_matches_regexp
    # The name says the opposite, but this is what blackbox_exporter does up to 0.28, and files are written against it.
    if every and not all(matches(pattern, line) for line in lines for pattern in every):
        return "Not all RRs matched regexp"
    if none and not any(matches(pattern, line) for line in lines for pattern in none):
        return "None of the RRs did match any regexp"
    return ""
