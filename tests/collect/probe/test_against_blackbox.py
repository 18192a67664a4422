"""The same modules and targets, asked of a real blackbox_exporter and of ours: names, types, labels and values agree.

The peer is Debian's 0.23; what later releases added is listed in `NEWER`, and nothing else may differ.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hannun.collect.probe import Prober
from hannun.config.blackbox.load import load
from hannun.model.probe import ProbeRequest
from hannun.wire.exposition import encode_text

PEER = "prometheus-blackbox-exporter"
pytestmark = pytest.mark.skipif(shutil.which(PEER) is None, reason=f"{PEER} is not installed (Debian package)")

NEWER = {"probe_timeout_seconds", "probe_tls_cipher_info", "probe_failed_due_to_bytes"}
NEWER_LABELS = {"serialnumber"}
TIMES = re.compile(r"duration_seconds|lookup_time")

MODULES = """
modules:
  http_2xx: {{prober: http}}
  http_short: {{prober: http, timeout: 300ms}}
  http_skip: {{prober: http, http: {{tls_config: {{insecure_skip_verify: true}}}}}}
  http_ca: {{prober: http, http: {{tls_config: {{ca_file: {ca}, server_name: localhost}}}}}}
  http_ssl_forbidden: {{prober: http, http: {{fail_if_ssl: true, tls_config: {{insecure_skip_verify: true}}}}}}
  http_ssl_wanted: {{prober: http, http: {{fail_if_not_ssl: true}}}}
  http_post: {{prober: http, http: {{method: POST, body: 'a=1', headers: {{Content-Type: text/plain}}}}}}
  http_head: {{prober: http, http: {{method: HEAD}}}}
  http_404: {{prober: http, http: {{valid_status_codes: [404, 500]}}}}
  http_version: {{prober: http, http: {{valid_http_versions: ["HTTP/2.0"]}}}}
  http_stay: {{prober: http, http: {{follow_redirects: false, valid_status_codes: [302]}}}}
  body_bad: {{prober: http, http: {{fail_if_body_matches_regexp: ["w.rld"]}}}}
  body_good: {{prober: http, http: {{fail_if_body_not_matches_regexp: ["^hello", "(?i)WORLD$"]}}}}
  body_missing: {{prober: http, http: {{fail_if_body_not_matches_regexp: ["needle$"]}}}}
  header_bad: {{prober: http, http: {{fail_if_header_matches: [{{header: x-state, regexp: good}}]}}}}
  header_good: {{prober: http, http: {{fail_if_header_not_matches: [{{header: X-State, regexp: good}}]}}}}
  header_missing: {{prober: http, http: {{fail_if_header_not_matches: [{{header: X-None, regexp: a}}]}}}}
  header_may_miss:
    prober: http
    http: {{fail_if_header_not_matches: [{{header: X-None, regexp: a, allow_missing: true}}]}}
  gzip: {{prober: http, http: {{compression: gzip, headers: {{Accept-Encoding: gzip}}}}}}
  limit: {{prober: http, http: {{body_size_limit: 5B}}}}
  basic: {{prober: http, http: {{basic_auth: {{username: u, password: p}}}}}}
  ip4: {{prober: http, http: {{preferred_ip_protocol: ip4}}}}
  ip6_only: {{prober: http, http: {{preferred_ip_protocol: ip6, ip_protocol_fallback: false}}}}
  tcp: {{prober: tcp}}
  tcp_banner: {{prober: tcp, tcp: {{query_response: [{{expect: "^SSH-2.0-(?P<what>[a-zA-Z]+)"}}]}}}}
  tcp_talk:
    prober: tcp
    tcp:
      query_response:
        - {{expect: "PING :([^ ]+)", send: "PONG ${{1}}"}}
        - {{expect: "^:[^ ]+ 001"}}
  tcp_wrong: {{prober: tcp, tcp: {{query_response: [{{send: "x"}}, {{expect: "^never"}}]}}}}
  tcp_tls: {{prober: tcp, tcp: {{tls: true, tls_config: {{insecure_skip_verify: true}}}}}}
  tcp_tls_ca: {{prober: tcp, tcp: {{tls: true, tls_config: {{ca_file: {ca}}}}}}}
  tcp_tls_unknown: {{prober: tcp, tcp: {{tls: true}}}}
  smtp:
    prober: tcp
    tcp:
      tls_config: {{ca_file: {ca}}}
      query_response:
        - {{expect: "^220"}}
        - {{send: "EHLO prober\\r"}}
        - {{expect: "^250 STARTTLS"}}
        - {{send: "STARTTLS\\r"}}
        - {{expect: "^220"}}
        - {{starttls: true}}
        - {{send: "EHLO prober\\r"}}
        - {{expect: "^250 "}}
        - {{send: "QUIT\\r"}}
  icmp: {{prober: icmp}}
  icmp_sized: {{prober: icmp, icmp: {{payload_size: 100, ttl: 5, dont_fragment: true}}}}
  dns: {{prober: dns, dns: {{query_name: www.example, query_type: A}}}}
  dns_tcp: {{prober: dns, dns: {{query_name: www.example, query_type: A, transport_protocol: tcp}}}}
  dns_soa: {{prober: dns, dns: {{query_name: example, query_type: SOA}}}}
  dns_missing: {{prober: dns, dns: {{query_name: missing.example, query_type: A}}}}
  dns_missing_ok: {{prober: dns, dns: {{query_name: missing.example, query_type: A, valid_rcodes: [NXDOMAIN]}}}}
  dns_no_match:
    prober: dns
    dns:
      {{query_name: www.example, query_type: A, validate_answer_rrs: {{fail_if_matches_regexp: [".*127.0.0.2"]}}}}
  dns_all_match:
    prober: dns
    dns: {{query_name: www.example, query_type: A, validate_answer_rrs: {{fail_if_all_match_regexp: [".*127.0.0"]}}}}
  dns_some_match:
    prober: dns
    dns:
      {{query_name: www.example, query_type: A, validate_answer_rrs: {{fail_if_all_match_regexp: [".*127.0.0.2"]}}}}
  dns_not_match:
    prober: dns
    dns:
      query_name: www.example
      query_type: A
      validate_authority_rrs: {{fail_if_not_matches_regexp: ["^example.\\t300\\tIN\\tNS\\tns1.example.$"]}}
      validate_additional_rrs: {{fail_if_none_matches_regexp: ["nothing"]}}
  dns_empty_must_match:
    prober: dns
    dns: {{query_name: empty.example, query_type: A, validate_answer_rrs: {{fail_if_not_matches_regexp: ["a"]}}}}
  dns_empty_all:
    prober: dns
    dns: {{query_name: empty.example, query_type: A, validate_answer_rrs: {{fail_if_all_match_regexp: ["a"]}}}}
  grpc: {{prober: grpc, grpc: {{ip_protocol_fallback: true}}}}
  grpc_shop: {{prober: grpc, grpc: {{service: shop, ip_protocol_fallback: true}}}}
  grpc_cart: {{prober: grpc, grpc: {{service: cart, ip_protocol_fallback: true}}}}
  grpc_unknown: {{prober: grpc, grpc: {{service: nix, ip_protocol_fallback: true}}}}
  grpc_tls:
    prober: grpc
    grpc: {{tls: true, ip_protocol_fallback: true, tls_config: {{ca_file: {ca}, server_name: localhost}}}}
  grpc_tls_skip:
    prober: grpc
    grpc: {{tls: true, ip_protocol_fallback: true, tls_config: {{insecure_skip_verify: true}}}}
"""

CASES = [
    ("http_2xx", "{http}"),
    ("http_2xx", "http://{http}/chunked"),
    ("http_2xx", "{http}/500"),
    ("http_2xx", "{http}/204"),
    ("http_2xx", "{http}/modified"),
    ("http_2xx", "{http}/redirect"),
    ("http_2xx", "{http}/redirect?http://{http}/long"),
    ("http_2xx", "{http}/307"),
    ("http_2xx", "{http}/loop"),
    ("http_2xx", "{http}/nowhere"),
    ("http_2xx", "{http}/login"),
    ("http_2xx", "{http}/gzip"),
    ("http_2xx", "{http}/short"),
    ("http_2xx", "{refused}"),
    ("http_2xx", "https://{https}"),
    ("http_2xx", "https://{http}"),
    ("http_2xx", "http://{tcp}"),
    ("http_2xx", "no-such-host.invalid"),
    ("http_short", "{http}/slow?2"),
    ("http_skip", "https://{https}"),
    ("http_skip", "{http}/redirect?https://{https}/"),
    ("http_ca", "https://{https}/json"),
    ("http_ssl_forbidden", "https://{https}"),
    ("http_ssl_wanted", "{http}"),
    ("http_post", "{http}"),
    ("http_post", "{http}/307"),
    ("http_post", "{http}/redirect"),
    ("http_head", "{http}"),
    ("http_head", "{http}/chunked"),
    ("http_404", "{http}/404"),
    ("http_404", "{http}"),
    ("http_version", "{http}"),
    ("http_stay", "{http}/redirect"),
    ("body_bad", "{http}"),
    ("body_good", "{http}"),
    ("body_missing", "{http}"),
    ("body_missing", "{http}/long"),
    ("header_bad", "{http}/headers"),
    ("header_good", "{http}/headers"),
    ("header_missing", "{http}"),
    ("header_may_miss", "{http}"),
    ("gzip", "{http}/gzip"),
    ("gzip", "{http}/"),
    ("limit", "{http}"),
    ("basic", "{http}/redirect"),
    ("ip4", "localhost:{http_port}"),
    ("ip6_only", "{http}"),
    ("tcp", "{tcp}"),
    ("tcp", "{refused}"),
    ("tcp", "127.0.0.1"),
    ("tcp_banner", "{tcp}"),
    ("tcp_talk", "{tcp}"),
    ("tcp_wrong", "{tcp}"),
    ("tcp_tls", "{tls}"),
    ("tcp_tls_ca", "{tls}"),
    ("tcp_tls_unknown", "{tls}"),
    ("smtp", "localhost:{smtp_port}"),
    ("icmp", "127.0.0.1"),
    ("icmp_sized", "localhost"),
    ("icmp", "no-such-host.invalid"),
    *((name, "{dns}") for name in re.findall(r"^  (dns\w*):", MODULES, re.MULTILINE)),
    ("dns", "{refused}"),
    ("grpc", "{grpc}"),
    ("grpc_shop", "{grpc}"),
    ("grpc_cart", "{grpc}"),
    ("grpc_unknown", "{grpc}"),
    ("grpc", "{refused}"),
    ("grpc_tls", "{grpc_tls}"),
    ("grpc_tls_skip", "{grpc_tls}"),
    ("grpc_tls", "{grpc}"),
]


@pytest.fixture(scope="module")
def config_file(targets: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blackbox") / "blackbox.yml"
    path.write_text(MODULES.format(ca=targets.ca_file), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def peer(config_file: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [PEER, f"--config.file={config_file}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/-/healthy", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def prober(config_file: Path) -> Prober:
    config, complaints = load(config_file, {})
    assert not complaints
    return Prober(config)


def lines_of(page: str, dropped: set[str]) -> dict[str, str]:
    """Series and `# TYPE` lines -> value ("" for times); without what only later releases have."""
    found = {}
    for line in page.splitlines():
        if line.startswith("# HELP"):
            continue
        series, _, value = line.rpartition(" ")
        name = re.split(r"[{ ]", series.removeprefix("# TYPE "))[0]
        if name in dropped:
            continue
        for label in NEWER_LABELS:
            series = re.sub(rf'(?<=[{{,]){label}="[^"]*",?', "", series)
        if line.startswith("# TYPE"):
            found[series] = value
        else:
            found[series] = "" if TIMES.search(name) else f"{float(value):.9g}"
    return found


@pytest.mark.parametrize(("module", "target"), CASES, ids=[f"{module} {target}" for module, target in CASES])
async def test_one_probe(module: str, target: str, targets: Any, peer: str, prober: Prober) -> None:
    names = {
        name: getattr(targets, name) for name in ("http", "https", "tcp", "tls", "dns", "grpc", "grpc_tls", "refused")
    }
    ports = {"http_port": targets.http.split(":")[1], "smtp_port": targets.smtp.split(":")[1]}
    at = target.format(**names, **ports)
    query = urllib.parse.urlencode({"module": module, "target": at})
    with urllib.request.urlopen(f"{peer}/probe?{query}", timeout=20) as answer:
        theirs = lines_of(answer.read().decode(), set())
    result = await prober.probe(ProbeRequest(at, module))
    ours = lines_of(encode_text(result.families).decode(), NEWER)
    assert ours == theirs, result.log
