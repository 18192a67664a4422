"""limits_config: what is enforced, what is taken without a word, and what is said about the rest.

Loki's default rates are not ours: a limit that the file does not set does not exist.
"""

from __future__ import annotations

from hannun.config.loki.model import IntakeLimits, QuestionLimits
from hannun.config.prometheus.section import Section
from hannun.config.promtail.read import duration, number_or_size, one_of

NS_PER_MS = 1_000_000
MEGABYTE = 1 << 20
DELETION_MODES = ("disabled", "filter-only", "filter-and-delete")
_NOT_SET = -1

SILENT = (
    # What Loki itself needs for being many processes, and tuning of parts that are not here.
    *("ingestion_rate_strategy", "max_query_parallelism", "tsdb_max_query_parallelism", "tsdb_max_bytes_per_shard"),
    *("cardinality_limit", "max_cache_freshness_per_query", "max_stats_cache_freshness", "max_queriers_per_tenant"),
    *("max_metadata_cache_freshness", "max_chunks_per_query", "max_queriers", "query_ready_index_num_days"),
    *("split_metadata_queries_by_interval", "split_recent_metadata_queries_by_interval"),
    "recent_metadata_query_window",
    *("split_instant_metric_queries_by_interval", "split_ingester_queries_by_interval", "min_sharding_lookback"),
    *("shard_streams", "shard_aggregations", "unordered_writes", "per_tenant_override_config"),
    *("per_tenant_override_period", "increment_duplicate_timestamp", "enable_multi_variant_queries"),
    *("max_querier_bytes_read", "max_query_bytes_read", "max_query_capacity", "query_sharding_aggregations"),
    *("discover_log_levels", "discover_generic_fields", "metric_aggregation_enabled", "pattern_persistence_enabled"),
    *("bloom_gateway_enable_filtering", "bloom_creation_enabled", "ruler_max_rules_per_rule_group"),
    *("ruler_max_rule_groups_per_tenant", "ruler_evaluation_delay_duration", "ruler_tenant_shard_size"),
    *("index_gateway_shard_size", "tsdb_sharding_strategy", "tsdb_precompute_chunks", "pattern_rate_threshold"),
    *("max_local_streams_per_user", "simulated_push_latency"),
)  # fmt: skip
REMOVED = ("enforce_metric_name",)
NOT_YET = {
    "enforced_labels": (
        "pushes without these labels are taken all the same",
        "이 라벨이 없는 로그도 받습니다",
    ),
    "block_ingestion_until": ("nothing is blocked", "수신을 막지 않습니다"),
    "block_ingestion_status_code": ("nothing is blocked", "수신을 막지 않습니다"),
    "blocked_queries": ("no question is blocked", "질의를 막지 않습니다"),
    "required_labels": ("a question needs no label of its own", "질의에 필수 라벨이 없습니다"),
    "minimum_labels_number": ("a question needs one matcher", "질의에는 matcher 하나면 됩니다"),
    "retention_stream": (
        "all logs are kept equally long (retention_period)",
        "모든 로그의 보관 기간이 같습니다 (retention_period)",
    ),
    "otlp_config": ("resource attributes become labels as by default", "리소스 속성은 기본 규칙대로 라벨이 됩니다"),
}


def read_limits(section: Section) -> tuple[IntakeLimits, QuestionLimits]:
    """Closes nothing: the caller still reads what concerns retention."""
    intake, questions = _intake(section), _questions(section)
    for key in SILENT:
        section.take(key)
    for key in REMOVED:
        section.unused(key, "Loki itself does not know it any more", "Loki에서도 없어진 설정입니다")
    for key, (en, ko) in NOT_YET.items():
        section.unused(key, en, ko)
    return intake, questions


def _intake(section: Section) -> IntakeLimits:
    rate, burst = _megabytes(section, "ingestion_rate_mb"), _megabytes(section, "ingestion_burst_size_mb")
    streams = [_whole(section, key) for key in ("max_global_streams_per_user", "max_streams_per_user")]
    line_max = _size(section, "max_line_size")
    cuts = section.flag("max_line_size_truncate") if "max_line_size_truncate" in section else None
    if line_max and cuts is None:
        # A Loki that was told how long a line may be refuses longer ones unless it was told to cut them.
        cuts = False
    oldest = _ms(section, "reject_old_samples_max_age")
    rejects = section.flag("reject_old_samples", True)
    return IntakeLimits(
        rate_bytes_s=rate,
        burst_bytes=burst if burst is not None or rate is None else rate * 1.5,
        stream_rate_bytes_s=_float(_size(section, "per_stream_rate_limit")),
        stream_burst_bytes=_float(_size(section, "per_stream_rate_limit_burst")),
        streams_max=next((found for found in streams if found is not None), None),
        line_bytes_max=line_max or None,
        cut_lines=cuts,
        labels_max=_whole(section, "max_label_names_per_series"),
        name_bytes_max=_whole(section, "max_label_name_length"),
        value_bytes_max=_whole(section, "max_label_value_length"),
        metadata_bytes_max=_size(section, "max_structured_metadata_size"),
        metadata_pairs_max=_whole(section, "max_structured_metadata_entries_count"),
        take_metadata=_flag(section, "allow_structured_metadata"),
        oldest_ms=oldest if rejects else (None if oldest is None else 0),
        newest_ms=_ms(section, "creation_grace_period"),
        service_from=section.texts("discover_service_name") if "discover_service_name" in section else None,
        level_fields=section.texts("log_level_fields") if "log_level_fields" in section else None,
    )


def _questions(section: Section) -> QuestionLimits:
    split_ms = _ms(section, "split_queries_by_interval")
    timeout_ms = _ms(section, "query_timeout")
    return QuestionLimits(
        series_max=_whole(section, "max_query_series"),
        entries_max=_whole(section, "max_entries_limit_per_query"),
        length_max_ns=_ns(section, "max_query_length"),
        range_max_ns=_ns(section, "max_query_range"),
        lookback_max_ns=_ns(section, "max_query_lookback"),
        matchers_max=_whole(section, "max_streams_matchers_per_query"),
        timeout_s=timeout_ms / 1000 if timeout_ms else None,
        aligned=None if split_ms is None else split_ms > 0,
        tails_max=_whole(section, "max_concurrent_tail_requests"),
        volume_enabled=_flag(section, "volume_enabled"),
        volume_series_max=_whole(section, "volume_max_series"),
    )


def read_deletion_mode(section: Section) -> str:
    return one_of(section, "deletion_mode", DELETION_MODES, DELETION_MODES[-1])


def _flag(section: Section, key: str) -> bool | None:
    return section.flag(key) if key in section else None


def _whole(section: Section, key: str) -> int | None:
    found = section.whole(key, _NOT_SET)
    return None if found == _NOT_SET else found


def _megabytes(section: Section, key: str) -> float | None:
    found = section.number(key, _NOT_SET)
    return None if found == _NOT_SET else max(found, 0.0) * MEGABYTE


def _size(section: Section, key: str) -> int | None:
    found = number_or_size(section, key, _NOT_SET)
    return None if found == _NOT_SET else found


def _ms(section: Section, key: str) -> int | None:
    found = duration(section, key, _NOT_SET)
    return None if found == _NOT_SET else max(found, 0)


def _ns(section: Section, key: str) -> int | None:
    found = _ms(section, key)
    return None if found is None else found * NS_PER_MS


def _float(value: int | None) -> float | None:
    return None if value is None else float(value)
