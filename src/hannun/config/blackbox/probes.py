"""One probe of blackbox.yml per reader: the keys below `http:`, `tcp:`, `unix:`, `icmp:`, `dns:` and `grpc:`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from hannun.config.blackbox.model import (
    DnsProbe,
    GrpcProbe,
    HeaderMatch,
    HttpProbe,
    IcmpProbe,
    IpChoice,
    IpProtocol,
    Probe,
    QueryResponse,
    RecordRules,
    TcpProbe,
    UnixProbe,
)
from hannun.config.complaint import quote
from hannun.config.prometheus import scalars
from hannun.config.prometheus.http_client import read_client, read_tls
from hannun.config.prometheus.section import Section
from hannun.config.values import BadValue

Reader = Callable[[Section], Probe]
PROBES: dict[str, Reader] = {}
QUERY_CLASSES = ("IN", "CS", "CH", "HS", "NONE", "ANY")


def probe(name: str) -> Callable[[Reader], Reader]:
    """Make a function the reader of the settings of `prober: <name>`; it is also given an empty section."""

    def register(read: Reader) -> Reader:
        assert name not in PROBES, f"{name} is already read by {PROBES[name]}"
        PROBES[name] = read
        return read

    return register


@probe("http")
def _http(section: Section) -> HttpProbe:
    client = read_client(section)
    headers = section.mapping("headers")
    compression = section.text("compression")
    body, body_file = section.text("body"), section.path("body_file")
    if body and body_file is not None:
        section.refuse(
            "body_file",
            "setting body and body_file both are not allowed",
            "body와 body_file 가운데 하나만 적어 주세요",
        )
    for name, value in headers.items():
        if name.lower() == "accept-encoding" and not _asks_for(compression, value):
            section.refuse(
                "compression",
                f'invalid configuration "{name}: {value[:80]}", "compression: {compression[:80]}"',
                f"Accept-Encoding 헤더가 compression {quote(compression)} 값을 요청하지 않습니다",
            )
    if "no_follow_redirects" in section:
        section.source.warn(
            section.line_of("no_follow_redirects"),
            "no_follow_redirects is the old name; write follow_redirects",
            "no_follow_redirects는 예전 이름입니다. follow_redirects로 적어 주세요",
        )
        client = replace(client, follow_redirects=not section.flag("no_follow_redirects"))
    return HttpProbe(
        method=section.text("method") or "GET",
        headers=headers,
        body=body,
        body_file=body_file,
        body_size_limit_bytes=section.size("body_size_limit"),
        compression=compression,
        valid_status_codes=section.wholes("valid_status_codes"),
        valid_http_versions=section.texts("valid_http_versions"),
        fail_if_ssl=section.flag("fail_if_ssl"),
        fail_if_not_ssl=section.flag("fail_if_not_ssl"),
        fail_if_body_matches_regexp=_patterns(section, "fail_if_body_matches_regexp"),
        fail_if_body_not_matches_regexp=_patterns(section, "fail_if_body_not_matches_regexp"),
        fail_if_body_json_matches_cel=section.text("fail_if_body_json_matches_cel"),
        fail_if_body_json_not_matches_cel=section.text("fail_if_body_json_not_matches_cel"),
        fail_if_header_matches=_header_matches(section, "fail_if_header_matches"),
        fail_if_header_not_matches=_header_matches(section, "fail_if_header_not_matches"),
        enable_http3=_http3(section),
        skip_resolve_phase_with_proxy=section.flag("skip_resolve_phase_with_proxy"),
        ip=_ip(section),
        client=client,
    )


def _http3(section: Section) -> bool:
    wanted = section.flag("enable_http3")
    if wanted:
        section.source.warn(
            section.line_of("enable_http3"),
            "`enable_http3` is not used: HTTP/3 is not spoken here, targets are asked over HTTP/2 or 1.1",
            "`enable_http3`: 쓰지 않습니다. HTTP/3은 지원하지 않아 HTTP/2나 1.1로 요청합니다",
        )
    return wanted


@probe("tcp")
def _tcp(section: Section) -> TcpProbe:
    return TcpProbe(_steps(section), section.flag("tls"), read_tls(section), _ip(section))


@probe("unix")
def _unix(section: Section) -> UnixProbe:
    return UnixProbe(_steps(section), section.flag("tls"), read_tls(section))


def _steps(section: Section) -> tuple[QueryResponse, ...]:
    steps: list[QueryResponse] = []
    for inner in section.sections("query_response", "config.plain"):
        step = QueryResponse(
            expect=inner.word("expect", scalars.loose_regex, ""),
            expect_bytes=inner.text("expect_bytes"),
            labels=_labels(inner),
            send=inner.text("send"),
            starttls=inner.flag("starttls"),
        )
        if step.expect and step.expect_bytes:
            inner.refuse(
                "expect_bytes",
                "expect and expect_bytes are mutually exclusive",
                "expect와 expect_bytes 가운데 하나만 적어 주세요",
            )
        inner.close()
        steps.append(step)
    return tuple(steps)


@probe("icmp")
def _icmp(section: Section) -> IcmpProbe:
    return IcmpProbe(
        payload_bytes=section.whole("payload_size", least=0, most=65_507),
        dont_fragment=section.flag("dont_fragment"),
        ttl=section.whole("ttl", 64, least=0, most=255),
        ip=_ip(section),
    )


@probe("dns")
def _dns(section: Section) -> DnsProbe:
    name = section.text("query_name")
    if not name:
        section.refuse("query_name", "query name must be set for DNS module", "dns 모듈에는 query_name이 있어야 합니다")
    found = DnsProbe(
        query_name=name,
        query_type=section.word("query_type", _query_type, "ANY"),
        query_class=section.word("query_class", _query_class, "IN"),
        recursion_desired=section.flag("recursion_desired", True),
        transport_protocol=section.word("transport_protocol", _transport, "udp"),
        dns_over_tls=section.flag("dns_over_tls"),
        tls=read_tls(section),
        valid_rcodes=section.texts("valid_rcodes") or ("NOERROR",),
        validate_answer=_records(section, "validate_answer_rrs"),
        validate_authority=_records(section, "validate_authority_rrs"),
        validate_additional=_records(section, "validate_additional_rrs"),
        ip=_ip(section),
    )
    if found.dns_over_tls and found.transport_protocol == "udp" and "transport_protocol" in section:
        section.source.warn(
            section.line_of("transport_protocol"),
            "dns_over_tls goes over tcp; every probe of this module fails with udp",
            "dns_over_tls는 tcp로만 됩니다. udp로 두면 이 모듈의 확인은 모두 실패합니다",
        )
    return found


@probe("grpc")
def _grpc(section: Section) -> GrpcProbe:
    return GrpcProbe(
        service=section.text("service"),
        use_tls=section.flag("tls"),
        tls=read_tls(section),
        metadata=section.mapping_of_lists("metadata"),
        ip=_ip(section),
    )


def _ip(section: Section) -> IpChoice:
    return IpChoice(
        preferred=section.word("preferred_ip_protocol", _ip_protocol, "ip6"),
        fallback=section.flag("ip_protocol_fallback", True),
        source_address=section.word("source_ip_address", _address, ""),
    )


def _patterns(section: Section, key: str) -> tuple[str, ...]:
    found: list[str] = []
    for words, line in section.lined_texts(key):
        try:
            found.append(scalars.loose_regex(words))
        except BadValue as err:
            section.source.refuse(line, f"`{key}`: {err.text.en}", f"`{key}`: {err.text.ko}")
    return tuple(found)


def _header_matches(section: Section, key: str) -> tuple[HeaderMatch, ...]:
    found: list[HeaderMatch] = []
    for inner in section.sections(key, "config.plain"):
        match = HeaderMatch(
            inner.text("header"), inner.word("regexp", scalars.loose_regex, ""), inner.flag("allow_missing")
        )
        if not match.header:
            inner.refuse(
                "header",
                "header name must be set for HTTP header matchers",
                "헤더 조건에는 header 이름이 있어야 합니다",
            )
        if "regexp" not in inner:
            inner.refuse(
                "regexp", "regexp must be set for HTTP header matchers", "헤더 조건에는 regexp가 있어야 합니다"
            )
        inner.close()
        found.append(match)
    return tuple(found)


def _labels(section: Section) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for inner in section.sections("labels", "config.Label"):
        found.append((inner.text("name"), inner.text("value")))
        inner.close()
    return tuple(found)


def _records(section: Section, key: str) -> RecordRules:
    inner = section.section(key, "config.plain")
    if inner is None:
        return RecordRules()
    rules = RecordRules(
        _patterns(inner, "fail_if_matches_regexp"),
        _patterns(inner, "fail_if_all_match_regexp"),
        _patterns(inner, "fail_if_not_matches_regexp"),
        _patterns(inner, "fail_if_none_matches_regexp"),
    )
    inner.close()
    return rules


def _asks_for(compression: str, accepted: str) -> bool:
    """Whether an Accept-Encoding header asks for `compression`, with any weight above 0."""
    if not compression or not accepted:
        return True
    weights: list[tuple[float, str]] = []
    for part in accepted.split(",")[:100]:
        coding, semicolon, weight = part.rpartition(";")
        try:
            weights.append((float(weight.strip().removeprefix("q=")) if semicolon else 1.0, (coding or part).strip()))
        except ValueError:
            weights.append((0.0, coding.strip()))
    for weight_of, coding in sorted(weights, key=lambda each: -each[0]):
        if coding in (compression, "*"):
            return weight_of > 0
    return False


def _ip_protocol(words: str) -> IpProtocol:
    """The exporter takes any word that is not ip4 for ip6."""
    return "ip4" if words == "ip4" else "ip6"


def _address(words: str) -> str:
    from ipaddress import ip_address

    try:
        return str(ip_address(words)) if words else ""
    except ValueError:
        raise BadValue(f"{quote(words)} is no IP address", f"{quote(words)}: IP 주소가 아닙니다") from None


def _transport(words: str) -> Literal["udp", "tcp"]:
    if words in ("", "udp", "tcp"):
        return "tcp" if words == "tcp" else "udp"
    raise BadValue(f"{quote(words)} is neither udp nor tcp", f"{quote(words)}: udp나 tcp로 적어 주세요")


def _query_class(words: str) -> str:
    if words in ("", *QUERY_CLASSES):
        return words or "IN"
    raise BadValue(
        f"query class {quote(words)} is not valid; write one of {', '.join(QUERY_CLASSES)}",
        f"{quote(words)}: {', '.join(QUERY_CLASSES)} 가운데 하나로 적어 주세요",
    )


def _query_type(words: str) -> str:
    from dns.rdatatype import RdataType  # 10 ms that only a DNS module should cost

    if not words or words in RdataType.__members__:
        return words or "ANY"
    near = words.upper() if words.upper() in RdataType.__members__ else "A, AAAA, MX, SOA …"
    raise BadValue(f"query type {quote(words)} is not valid; write {near}", f"{quote(words)}: {near}처럼 적어 주세요")
