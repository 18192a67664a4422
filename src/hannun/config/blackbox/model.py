"""blackbox.yml as values, with blackbox_exporter's defaults filled in. Durations in ms; 0: no limit of its own.

Regular expressions are RE2, unanchored, and already known to compile. Each module has exactly one probe, so a module
with `prober: tcp` and settings under `http:` keeps the settings of `tcp:` only (the others are a warning).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hannun.config.http_client import HttpClientConfig, TlsConfig

IpProtocol = Literal["ip4", "ip6"]


@dataclass(frozen=True, slots=True)
class IpChoice:
    """Which address of a name is probed. `preferred` "" means ip6, as `ip6` does."""

    preferred: IpProtocol = "ip6"
    fallback: bool = True
    source_address: str = ""


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A header is looked up by its name in any case; `regexp` is tried on each of its values."""

    header: str
    regexp: str
    allow_missing: bool = False


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """`valid_status_codes` empty: 200 to 299. `body_file` is read again at each probe. `client` carries
    authentication, TLS, proxy, `follow_redirects`, `enable_http2` and `http_headers`."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    body_file: Path | None = None
    body_size_limit_bytes: int = 0
    compression: str = ""
    valid_status_codes: tuple[int, ...] = ()
    valid_http_versions: tuple[str, ...] = ()
    fail_if_ssl: bool = False
    fail_if_not_ssl: bool = False
    fail_if_body_matches_regexp: tuple[str, ...] = ()
    fail_if_body_not_matches_regexp: tuple[str, ...] = ()
    fail_if_body_json_matches_cel: str = ""
    fail_if_body_json_not_matches_cel: str = ""
    fail_if_header_matches: tuple[HeaderMatch, ...] = ()
    fail_if_header_not_matches: tuple[HeaderMatch, ...] = ()
    enable_http3: bool = False
    skip_resolve_phase_with_proxy: bool = False
    ip: IpChoice = IpChoice()
    client: HttpClientConfig = HttpClientConfig()


@dataclass(frozen=True, slots=True)
class QueryResponse:
    """One step of a TCP conversation. Of `expect` (a regexp on a line) and `expect_bytes` at most one is set; `send`
    may name groups of the last `expect` as `${1}`. `labels`: (name, template) pairs for probe_expect_info."""

    expect: str = ""
    expect_bytes: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    send: str = ""
    starttls: bool = False


@dataclass(frozen=True, slots=True)
class TcpProbe:
    query_response: tuple[QueryResponse, ...] = ()
    use_tls: bool = False
    tls: TlsConfig = TlsConfig()
    ip: IpChoice = IpChoice()


@dataclass(frozen=True, slots=True)
class UnixProbe:
    """Its target is the path of a socket."""

    query_response: tuple[QueryResponse, ...] = ()
    use_tls: bool = False
    tls: TlsConfig = TlsConfig()


@dataclass(frozen=True, slots=True)
class IcmpProbe:
    """`ttl` 0: the system's. `payload_bytes` 0: the exporter's own short payload."""

    payload_bytes: int = 0
    dont_fragment: bool = False
    ttl: int = 64
    ip: IpChoice = IpChoice()


@dataclass(frozen=True, slots=True)
class RecordRules:
    """Patterns over the resource records of one section of an answer."""

    fail_if_matches_regexp: tuple[str, ...] = ()
    fail_if_all_match_regexp: tuple[str, ...] = ()
    fail_if_not_matches_regexp: tuple[str, ...] = ()
    fail_if_none_matches_regexp: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DnsProbe:
    """`query_type`, `query_class` and `valid_rcodes` in capitals, each a name that DNS knows."""

    query_name: str
    query_type: str = "ANY"
    query_class: str = "IN"
    recursion_desired: bool = True
    transport_protocol: Literal["udp", "tcp"] = "udp"
    dns_over_tls: bool = False
    tls: TlsConfig = TlsConfig()
    valid_rcodes: tuple[str, ...] = ("NOERROR",)
    validate_answer: RecordRules = RecordRules()
    validate_authority: RecordRules = RecordRules()
    validate_additional: RecordRules = RecordRules()
    ip: IpChoice = IpChoice()


@dataclass(frozen=True, slots=True)
class GrpcProbe:
    service: str = ""
    use_tls: bool = False
    tls: TlsConfig = TlsConfig()
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ip: IpChoice = IpChoice()


Probe = HttpProbe | TcpProbe | UnixProbe | IcmpProbe | DnsProbe | GrpcProbe


@dataclass(frozen=True, slots=True)
class Module:
    """`timeout_ms` 0: as long as the scrape may take."""

    name: str
    probe: Probe
    timeout_ms: int = 0

    @property
    def prober(self) -> str:
        """`http`, `tcp`, `icmp`, `dns` or `grpc`, as written in the file."""
        return PROBER_OF[type(self.probe)]


PROBER_OF: Mapping[type, str] = {
    HttpProbe: "http",
    TcpProbe: "tcp",
    UnixProbe: "unix",
    IcmpProbe: "icmp",
    DnsProbe: "dns",
    GrpcProbe: "grpc",
}


@dataclass(frozen=True, slots=True)
class BlackboxConfig:
    """`yaml` is the file with secrets as `<secret>`, for /config."""

    modules: Mapping[str, Module] = field(default_factory=dict)
    file: Path | None = None
    yaml: str = ""
