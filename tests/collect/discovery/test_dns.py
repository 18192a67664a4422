"""DNS discovery against a small name server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import dns.asyncresolver
import dns.message
import dns.rcode
import dns.rrset
import pytest

from hannun.collect.discovery.dns import DnsDiscovery
from hannun.config.prometheus.model import DnsSd


class NameServer(asyncio.DatagramProtocol):
    """Answers from `zone`: (name, type) -> record texts, or an rcode for the name."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], list[str]] = {}
        self.broken: dict[str, int] = {}
        self.asked: list[str] = []

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(name)
        if name in self.broken:
            answer.set_rcode(self.broken[name])
        elif (name, kind) in self.zone:
            answer.answer.append(dns.rrset.from_text_list(name, 5, "IN", kind, self.zone[name, kind]))
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    yield protocol
    transport.close()


def asking(server: NameServer, config: DnsSd, search: tuple[str, ...] = ()) -> DnsDiscovery:
    def resolver() -> dns.asyncresolver.Resolver:
        made = dns.asyncresolver.Resolver(configure=False)
        made.nameservers = ["127.0.0.1"]
        made.port = server.transport.get_extra_info("sockname")[1]
        made.search = [dns.name.from_text(suffix) for suffix in search]
        return made

    return DnsDiscovery(config, resolver)


RECORDS = [
    pytest.param(
        DnsSd(("_http._tcp.example.",), "SRV"),
        ["1 1 8080 b.example.", "1 1 8080 a.example."],
        [
            {
                "__address__": f"{host}.example:8080",
                "__meta_dns_name": "_http._tcp.example.",
                "__meta_dns_srv_record_target": f"{host}.example.",
                "__meta_dns_srv_record_port": "8080",
            }
            for host in "ab"
        ],
        id="SRV brings its own port",
    ),
    pytest.param(
        DnsSd(("web.example.",), "A", 9100),
        ["10.0.0.1"],
        [{"__address__": "10.0.0.1:9100", "__meta_dns_name": "web.example."}],
        id="A",
    ),
    pytest.param(
        DnsSd(("web.example.",), "AAAA", 9100),
        ["fd00::1"],
        [{"__address__": "[fd00::1]:9100", "__meta_dns_name": "web.example."}],
        id="AAAA in brackets",
    ),
    pytest.param(
        DnsSd(("example.",), "MX", 25),
        ["10 mail.example."],
        [
            {
                "__address__": "mail.example:25",
                "__meta_dns_name": "example.",
                "__meta_dns_mx_record_target": "mail.example.",
            }
        ],
        id="MX",
    ),
    pytest.param(
        DnsSd(("example.",), "NS", 53),
        ["ns1.example."],
        [
            {
                "__address__": "ns1.example:53",
                "__meta_dns_name": "example.",
                "__meta_dns_ns_record_target": "ns1.example.",
            }
        ],
        id="NS",
    ),
]


@pytest.mark.parametrize(("config", "records", "targets"), RECORDS)
async def test_each_record_is_a_target(server: NameServer, config: DnsSd, records, targets) -> None:
    server.zone[config.names[0], config.type] = records
    (group,) = await asking(server, config).ask()
    assert (group.source, list(group.targets), group.labels) == (config.names[0], targets, {})


async def test_a_name_that_does_not_exist_or_has_no_such_record_has_no_targets(server: NameServer) -> None:
    server.zone["web.example.", "AAAA"] = ["fd00::1"]
    groups = await asking(server, DnsSd(("gone.example.", "web.example."), "A", 80)).ask()
    assert [(group.source, group.targets) for group in groups] == [("gone.example.", ()), ("web.example.", ())]


async def test_the_search_list_is_tried(server: NameServer) -> None:
    server.zone["web.svc.example.", "A"] = ["10.0.0.1"]
    (group,) = await asking(server, DnsSd(("web",), "A", 80), ("svc.example.",)).ask()
    assert [target["__address__"] for target in group.targets] == ["10.0.0.1:80"]


async def test_a_name_that_cannot_be_asked_keeps_its_targets_and_the_others_go_on(server: NameServer, watching) -> None:
    server.zone = {("a.example.", "A"): ["10.0.0.1"], ("b.example.", "A"): ["10.0.0.2"]}
    config = DnsSd(("a.example.", "b.example."), "A", 80, refresh_ms=100)
    async with watching(asking(server, config)) as seen:
        await seen.until(lambda: seen.addresses == ["10.0.0.1:80", "10.0.0.2:80"])
        server.broken["a.example."] = dns.rcode.SERVFAIL
        server.zone["b.example.", "A"] = ["10.0.0.3"]
        await seen.until(lambda: seen.addresses == ["10.0.0.1:80", "10.0.0.3:80"])
        assert "a.example.: All nameservers failed" in seen.discoverer.failing
        server.broken.clear()
        await seen.until(lambda: seen.discoverer.failing == "")
