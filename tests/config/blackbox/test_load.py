"""blackbox.yml as values: defaults, what is left out, and the stock modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.config.blackbox.load import load
from hannun.config.blackbox.model import (
    DnsProbe,
    GrpcProbe,
    HttpProbe,
    IcmpProbe,
    IpChoice,
    Module,
    QueryResponse,
    RecordRules,
    TcpProbe,
)
from hannun.config.blackbox.stock import STOCK
from hannun.config.complaint import Refused


def module(text: str, folder: Path) -> Module:
    (folder / "blackbox.yml").write_text(f"modules: {{m: {text}}}")
    return load(folder / "blackbox.yml", {})[0].modules["m"]


def said(text: str, folder: Path) -> list[str]:
    (folder / "blackbox.yml").write_text(text)
    return [str(each).replace(f"{folder}/", "") for each in load(folder / "blackbox.yml", {})[1]]


@pytest.mark.parametrize(
    ("prober", "probe"),
    [
        pytest.param("http", HttpProbe(), id="http"),
        pytest.param("tcp", TcpProbe(), id="tcp"),
        pytest.param("icmp", IcmpProbe(ttl=64), id="icmp"),
        pytest.param("grpc", GrpcProbe(), id="grpc"),
    ],
)
def test_defaults(prober: str, probe: object, tmp_path: Path) -> None:
    found = module(f"{{prober: {prober}}}", tmp_path)
    assert (found.probe, found.timeout_ms, found.prober) == (probe, 0, prober)
    assert found.probe.ip == IpChoice("ip6", True, "")


def test_a_dns_module_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="query name must be set for DNS module"):
        module("{prober: dns}", tmp_path)


def test_a_dns_module(tmp_path: Path) -> None:
    found = module(
        "{prober: dns, timeout: 1.5s, dns: {query_name: a.example, query_type: SOA, transport_protocol: tcp,"
        " validate_answer_rrs: {fail_if_matches_regexp: [x]}}}",
        tmp_path,
    )
    assert found == Module(
        "m",
        DnsProbe("a.example", "SOA", transport_protocol="tcp", validate_answer=RecordRules(("x",))),
        timeout_ms=1_500,
    )


def test_an_http_module(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text("{}")
    found = module(
        "{prober: http, http: {method: POST, body_file: body.json, headers: {Host: x}, valid_status_codes: [200, 301],"
        " no_follow_redirects: true, fail_if_header_matches: [{header: A, regexp: b}], basic_auth: {username: u},"
        " preferred_ip_protocol: ip4, ip_protocol_fallback: false, source_ip_address: '::1', body_size_limit: 1MB}}",
        tmp_path,
    ).probe
    assert isinstance(found, HttpProbe)
    assert (found.method, found.body_file, found.headers) == ("POST", tmp_path / "body.json", {"Host": "x"})
    assert (found.valid_status_codes, found.body_size_limit_bytes) == ((200, 301), 1 << 20)
    assert found.client.follow_redirects is False
    assert found.client.basic_auth is not None
    assert found.ip == IpChoice("ip4", False, "::1")
    assert found.fail_if_header_matches[0].regexp == "b"


def test_a_conversation(tmp_path: Path) -> None:
    found = module(
        "{prober: tcp, tcp: {tls: true, query_response: [{expect: '^a(.*)', labels: [{name: v, value: '${1}'}]},"
        " {send: QUIT, starttls: true}]}}",
        tmp_path,
    ).probe
    assert found == TcpProbe(
        (QueryResponse("^a(.*)", labels=(("v", "${1}"),)), QueryResponse(send="QUIT", starttls=True)), use_tls=True
    )


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param("modules: {a: {prober: http, htp: 1}}", "unknown key `htp`; did you mean `http`?", id="a slip"),
        pytest.param(
            "modules: {a: {prober: http, tcp: {}}}", '`tcp` is not used: the prober of "a" is http', id="another prober"
        ),
        pytest.param(
            "modules: {a: {prober: http, http: {enable_http3: true}}}",
            "`enable_http3` is not used: HTTP/3 is not spoken here, targets are asked over HTTP/2 or 1.1",
            id="HTTP/3",
        ),
        pytest.param(
            "modules: {a: {prober: websocket}}",
            'prober websocket is not supported; the module "a" is left out',
            id="websocket",
        ),
        pytest.param(
            "modules: {a: {prober: htp}}",
            'there is no prober "htp"; the module "a" is left out; did you mean http?',
            id="an unknown prober",
        ),
    ],
)
def test_warnings(text: str, warning: str, tmp_path: Path) -> None:
    assert said(text, tmp_path) == [f"blackbox.yml:1: {warning}"]


def test_the_stock_modules_are_those_of_the_exporter() -> None:
    assert {name: each.prober for name, each in STOCK.modules.items()} == {
        "http_2xx": "http",
        "http_post_2xx": "http",
        "tcp_connect": "tcp",
        "pop3s_banner": "tcp",
        "grpc": "grpc",
        "grpc_plain": "grpc",
        "ssh_banner": "tcp",
        "irc_banner": "tcp",
        "icmp": "icmp",
        "icmp_ttl5": "icmp",
    }


def test_no_secret_is_printed(tmp_path: Path) -> None:
    (tmp_path / "blackbox.yml").write_text(
        "modules: {a: {prober: http, http: {basic_auth: {username: u, password: SECRET},"
        " headers: {Authorization: SECRET}, http_headers: {X: {secrets: [SECRET], values: [v]}}}}}"
    )
    printed = load(tmp_path / "blackbox.yml", {})[0].yaml
    assert "SECRET" not in printed
    assert "<secret>" in printed
    assert "username: u" in printed
