"""Parts of prometheus.yml that Hannun reads and does not act on, each with a warning that says so.

They are read key by key all the same: a mistake in them is one that promtool would name.
"""

from __future__ import annotations

from dataclasses import dataclass

from hannun.config.complaint import quote
from hannun.config.prometheus import scalars
from hannun.config.prometheus.http_client import RESERVED_HEADERS, read_client, read_tls
from hannun.config.prometheus.relabel import read_rules
from hannun.config.prometheus.section import Section

INT_MIN = -(2**63)
_SCRAPE_ONLY = frozenset(("authorization", "x-prometheus-scrape-timeout-seconds"))
_STRATEGIES = (
    "",
    "UnderscoreEscapingWithSuffixes",
    "UnderscoreEscapingWithoutSuffixes",
    "NoUTF8EscapingWithSuffixes",
    "NoTranslation",
)
_AUTHS = ("sigv4", "azuread", "google_iam")


@dataclass(frozen=True, slots=True)
class Kept:
    """How long and how much, where the file says it."""

    retention_ms: int | None = None
    retention_size_bytes: int | None = None


def read_unused(top: Section, *, legacy: bool) -> None:
    """runtime, remote_write, remote_read, tracing and otlp."""
    _runtime(top)
    names: set[str] = set()
    for section in top.sections("remote_write", "config.plain", empty="empty or null remote write config section"):
        _remote_write(section, names, legacy=legacy)
    names = set()
    for section in top.sections("remote_read", "config.plain", empty="empty or null remote read config section"):
        _remote_read(section, names)
    top.unused("remote_write", "Hannun sends no samples on to others", "다른 곳으로 샘플을 보내지 않습니다")
    top.unused("remote_read", "Hannun answers from its own store only", "자체 저장소의 데이터로만 답합니다")
    _tracing(top)
    _otlp(top, legacy=legacy)


def read_storage(top: Section) -> Kept:
    """`retention` is taken in Prometheus 3's form and in the dotted form that people write; the rest is not used."""
    section = top.section("storage", "config.plain")
    if section is None:
        return Kept()
    kept = Kept()
    tsdb = section.section("tsdb", "config.plain")
    if tsdb is not None:
        kept = _tsdb(tsdb)
        tsdb.close()
    exemplars = section.section("exemplars", "config.ExemplarsConfig")
    if exemplars is not None:
        exemplars.whole("max_exemplars", least=INT_MIN, most=scalars.INT_MAX)
        exemplars.unused(
            "max_exemplars", "exemplars are kept as long as samples", "exemplar도 샘플과 같은 기간 동안 보관합니다"
        )
        exemplars.close()
    section.close()
    return kept


def _tsdb(section: Section) -> Kept:
    section.duration("out_of_order_time_window")
    section.unused("out_of_order_time_window", "samples may come in any order", "샘플은 어떤 순서로 와도 받습니다")
    for key in ("stale_series_compaction_threshold", "chunk_encoding"):
        section.unused(key, "Hannun's store has no such setting", "Hannun 저장소에는 없는 설정입니다")
    time_ms, size_bytes = _dotted(section)
    retention = section.section("retention", "config.TSDBRetentionConfig")
    if retention is not None:
        time_ms = retention.duration("time") or time_ms
        size_bytes = retention.size("size") or size_bytes
        retention.unused(
            "percentage", "set --retention-size to a share of the disk", "--retention-size에 디스크 비율을 적어 주세요"
        )
        retention.close()
    return Kept(time_ms or None, size_bytes or None)


def _dotted(section: Section) -> tuple[int, int]:
    """Flags of the command line that were written into the file. Prometheus refuses all of them."""
    time_ms, size_bytes = section.duration("retention.time"), section.size("retention.size")
    for key, en, ko in (
        (
            "retention.time",
            "a flag in Prometheus; it is taken as the retention",
            "Prometheus에서는 명령줄 옵션입니다. 보관 기간으로 씁니다",
        ),
        (
            "retention.size",
            "a flag in Prometheus; it is taken as the largest size",
            "Prometheus에서는 명령줄 옵션입니다. 최대 크기로 씁니다",
        ),
        ("path", "Hannun keeps its data in --data-dir", "데이터는 --data-dir에 둡니다"),
        (
            "wal_compression",
            "Hannun keeps no such log, and what it stores is compressed",
            "WAL이 없으며, 저장하는 데이터는 늘 압축합니다",
        ),
    ):
        if key in section:
            section.source.odd(
                section.line_of(key),
                f"`{key}`: {en}",
                f"`{key}`: {ko}",
                promtool=f"field {key} not found in type {section.kind}",
            )
    return time_ms, size_bytes


def _runtime(top: Section) -> None:
    section = top.section("runtime", "config.RuntimeConfig")
    if section is not None:
        section.whole("gogc", least=INT_MIN, most=scalars.INT_MAX)
        section.close()
        top.unused("runtime", "there is no Go runtime here", "Go 런타임 설정은 해당하지 않습니다")


def _remote_write(section: Section, names: set[str], *, legacy: bool) -> None:
    _remote(section, names, "remote write", 30_000, enable_http2=False)
    read_rules(section, "write_relabel_configs", "relabeling rule in remote write config", legacy=legacy)
    for key in ("send_exemplars", "send_native_histograms", "round_robin_dns"):
        section.flag(key)
    message = section.text("protobuf_message", "prometheus.WriteRequest")
    if message not in ("prometheus.WriteRequest", "io.prometheus.write.v2.Request"):
        section.refuse(
            "protobuf_message",
            f"invalid protobuf_message value: unknown type {quote(message)}",
            f"{quote(message)}: prometheus.WriteRequest나 io.prometheus.write.v2.Request로 적어 주세요",
        )
    queue = section.section("queue_config", "config.QueueConfig")
    if queue is not None:
        for key in ("capacity", "max_shards", "min_shards", "max_samples_per_send"):
            queue.whole(key, least=INT_MIN, most=scalars.INT_MAX)
        for key in ("batch_send_deadline", "min_backoff", "max_backoff", "sample_age_limit"):
            queue.duration(key)
        queue.flag("retry_on_http_429")
        queue.close()
    metadata = section.section("metadata_config", "config.MetadataConfig")
    if metadata is not None:
        metadata.flag("send")
        metadata.duration("send_interval")
        metadata.whole("max_samples_per_send", least=INT_MIN, most=scalars.INT_MAX)
        metadata.close()
    signers = [key for key in _AUTHS if section.take(key) is not None]
    others = [key for key in ("basic_auth", "authorization", "oauth2") if key in section]
    if signers and len(signers + others) > 1:
        section.refuse(
            signers[0],
            "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured",
            "basic_auth, authorization, oauth2, sigv4, azuread, google_iam 가운데 하나만 적어 주세요",
        )
    section.close()


def _remote_read(section: Section, names: set[str]) -> None:
    _remote(section, names, "remote read", 60_000)
    section.whole("chunked_read_limit")
    section.flag("read_recent")
    section.flag("filter_external_labels", True)
    for name in section.mapping("required_matchers"):
        if not scalars.is_label(name):
            section.refuse(
                "required_matchers",
                f"{quote(name)} is not a valid label name",
                f"{quote(name)}: 라벨 이름이 아닙니다",
            )
    section.close()


def _remote(section: Section, names: set[str], what: str, timeout_ms: int, *, enable_http2: bool = True) -> None:
    key = what.replace(" ", "_")
    if "url" not in section:
        section.refuse("url", f"url for {key} is empty", f"{key}에 url이 있어야 합니다")
    section.url("url")
    section.duration("remote_timeout", timeout_ms)
    name = section.text("name")
    if name and name in names:
        section.refuse(
            "name",
            f"found multiple {what} configs with job name {quote(name)}",
            f"{quote(name)}: 같은 이름이 {key}에 두 번 쓰였습니다",
        )
    names.add(name)
    for header in section.mapping("headers"):
        _check_header(section, header)
    read_client(section, enable_http2=enable_http2)


def _check_header(section: Section, header: str) -> None:
    lowered = header.lower()
    if lowered == "authorization":
        section.refuse(
            "headers",
            "authorization header must be changed via the basic_auth, authorization, oauth2 or sigv4 parameter",
            "authorization 헤더는 basic_auth, authorization, oauth2 설정으로 정해 주세요",
        )
    elif lowered in RESERVED_HEADERS - _SCRAPE_ONLY:
        shown = quote(header)[1:-1]
        section.refuse(
            "headers", f"{shown} is a reserved header. It must not be changed", f"{shown}: 바꿀 수 없는 헤더입니다"
        )


def _tracing(top: Section) -> None:
    section = top.section("tracing", "config.plain")
    if section is None:
        return
    client = section.text("client_type", "grpc")
    if client not in ("http", "grpc"):
        section.refuse(
            "client_type",
            f"expected tracing client type to be to be http or grpc, but got {client[:80]}",
            f"{quote(client)}: client_type은 http나 grpc로 적어 주세요",
        )
    if not section.text("endpoint"):
        section.refuse("endpoint", "tracing endpoint must be set", "tracing에 endpoint가 있어야 합니다")
    section.number("sampling_fraction")
    section.flag("insecure")
    read_tls(section)
    for header in section.mapping("headers"):
        _check_header(section, header)
    if section.text("compression") not in ("", "gzip"):
        section.refuse(
            "compression",
            f"invalid compression type {quote(section.text('compression'))} provided, valid options: gzip",
            "compression에는 gzip만 적을 수 있습니다",
        )
    section.duration("timeout")
    section.close()
    top.unused("tracing", "Hannun sends no traces of its own", "자체 트레이스를 보내지 않습니다")


def _otlp(top: Section, *, legacy: bool) -> None:
    section = top.section("otlp", "config.plain")
    if section is None:
        return
    everything = section.flag("promote_all_resource_attributes")
    promoted, ignored = section.texts("promote_resource_attributes"), section.texts("ignore_resource_attributes")
    for key in (
        "keep_identifying_resource_attributes",
        "convert_histograms_to_nhcb",
        "promote_scope_metadata",
        "label_name_underscore_sanitization",
        "label_name_preserve_multiple_underscores",
    ):
        section.flag(key)
    if everything and promoted:
        section.refuse(
            "promote_resource_attributes",
            "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured simultaneously",
            "promote_all_resource_attributes와 promote_resource_attributes는 함께 쓸 수 없습니다",
        )
    if ignored and not everything:
        section.refuse(
            "ignore_resource_attributes",
            "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true",
            "ignore_resource_attributes는 promote_all_resource_attributes가 true일 때만 쓸 수 있습니다",
        )
    strategy = section.text("translation_strategy")
    if strategy not in _STRATEGIES or (legacy and strategy.startswith("No")):
        section.refuse(
            "translation_strategy",
            f"unsupported OTLP translation strategy {quote(strategy)}",
            f"{quote(strategy)}: 쓸 수 없는 translation_strategy입니다",
        )
    section.close()
    top.unused("otlp", "OTLP is not received yet", "아직 OTLP를 받지 않습니다")
