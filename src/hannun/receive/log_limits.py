"""What a push of log lines may hold, under the names and with the words of Loki's limits_config."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.process.logs.levels import FIELDS
from hannun.process.logs.tidy import LINE_BYTES_MAX

SERVICE_FROM = (
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
)
"""Loki's `discover_service_name`: the first of these labels that is there becomes `service_name`."""
UNKNOWN_SERVICE = "unknown_service"
TENANT = "fake"
"""Loki's name of the one tenant when there are no tenants; its messages name it."""


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Rates and ages are off unless a Loki file sets them: 0 is no limit.

    Loki's own defaults hold for the sizes of labels and metadata; only the number of labels is larger than its 15,
    which Kubernetes' labels reach. A line beyond `line_bytes_max` is cut, or refused where `cut_lines` is off (a Loki
    file with max_line_size and without max_line_size_truncate).
    """

    rate_bytes_s: float = 0.0  # ingestion_rate_mb
    burst_bytes: float = 0.0  # ingestion_burst_size_mb
    stream_rate_bytes_s: float = 0.0  # per_stream_rate_limit
    stream_burst_bytes: float = 0.0  # per_stream_rate_limit_burst
    streams_max: int = 0  # max_global_streams_per_user, max_streams_per_user
    line_bytes_max: int = LINE_BYTES_MAX  # max_line_size
    cut_lines: bool = True  # max_line_size_truncate
    labels_max: int = 64  # max_label_names_per_series
    name_bytes_max: int = 1024  # max_label_name_length
    value_bytes_max: int = 2048  # max_label_value_length
    metadata_bytes_max: int = 64 << 10  # max_structured_metadata_size
    metadata_pairs_max: int = 128  # max_structured_metadata_entries_count
    take_metadata: bool = True  # allow_structured_metadata
    oldest_ms: int = 0  # reject_old_samples_max_age, where reject_old_samples is on
    newest_ms: int = 0  # creation_grace_period
    service_from: tuple[str, ...] = SERVICE_FROM  # discover_service_name; empty: nothing is added
    level_fields: tuple[str, ...] = FIELDS  # log_level_fields
    tenant: str = TENANT
