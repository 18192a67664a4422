"""promtail's config.yml as values, with Promtail's defaults filled in. Durations in ms, sizes in bytes, 0: no limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hannun.config.http_client import HttpClientConfig, TlsConfig
from hannun.config.prometheus.model import Discovery
from hannun.model.relabel import RelabelRule
from hannun.model.stage import StageSpec


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where /ready, /targets and /metrics answer. `grpc_listen_port` is only remembered."""

    disable: bool = False
    http_listen_address: str = ""
    http_listen_port: int = 80
    http_path_prefix: str = ""
    grpc_listen_port: int = 9095
    enable_runtime_reload: bool = False
    health_check_target: bool = True
    log_level: str = "info"
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class Backoff:
    min_ms: int = 500
    max_ms: int = 300_000
    retries: int = 10


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A server that lines are pushed to."""

    url: str
    name: str = ""
    tenant_id: str = ""
    batch_wait_ms: int = 1000
    batch_size_bytes: int = 1 << 20
    timeout_ms: int = 10_000
    backoff: Backoff = Backoff()
    drop_rate_limited_batches: bool = False
    external_labels: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    http: HttpClientConfig = HttpClientConfig()


@dataclass(frozen=True, slots=True)
class PositionsConfig:
    filename: Path = Path("/var/log/positions.yaml")
    sync_period_ms: int = 10_000
    ignore_invalid_yaml: bool = False


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """`label_name_length` and `label_value_length` are no keys of Promtail; files that have them mean them."""

    readline_rate_enabled: bool = False
    readline_rate: float = 10_000.0
    readline_burst: int = 10_000
    readline_rate_drop: bool = True
    max_streams: int = 0
    max_line_size: int = 0
    max_line_size_truncate: bool = False
    label_name_length: int = 0
    label_value_length: int = 0


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """How often files are looked at."""

    min_poll_ms: int = 250
    max_poll_ms: int = 250


@dataclass(frozen=True, slots=True)
class Decompression:
    format: Literal["gz", "bz2", "z"]
    initial_delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class JournalConfig:
    json: bool = False
    max_age_ms: int = 25_200_000
    path: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    matches: str = ""


@dataclass(frozen=True, slots=True)
class SyslogConfig:
    listen_address: str
    protocol: Literal["tcp", "udp"] = "tcp"
    format: Literal["rfc5424", "rfc3164"] = "rfc5424"
    idle_timeout_ms: int = 120_000
    max_message_length: int = 8192
    label_structured_data: bool = False
    use_incoming_timestamp: bool = False
    use_rfc5424_message: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    tls: TlsConfig = TlsConfig()


@dataclass(frozen=True, slots=True)
class PushConfig:
    """`loki_push_api`: other agents push to a port of this one."""

    server: ServerConfig
    labels: Mapping[str, str] = field(default_factory=dict)
    use_incoming_timestamp: bool = False
    use_full_line: bool = False


@dataclass(frozen=True, slots=True)
class GelfConfig:
    listen_address: str = ":12201"
    labels: Mapping[str, str] = field(default_factory=dict)
    use_incoming_timestamp: bool = False


@dataclass(frozen=True, slots=True)
class HerokuDrainConfig:
    server: ServerConfig
    labels: Mapping[str, str] = field(default_factory=dict)
    use_incoming_timestamp: bool = False


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    brokers: tuple[str, ...]
    topics: tuple[str, ...]
    group_id: str = "promtail"
    assignor: str = "range"
    version: str = "2.2.1"
    labels: Mapping[str, str] = field(default_factory=dict)
    use_incoming_timestamp: bool = False
    authentication: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ScrapeConfig:
    """One job. Its `discoveries` find files (labels with `__path__`) and Docker's containers."""

    job_name: str
    pipeline: tuple[StageSpec, ...] = ()
    relabel: tuple[RelabelRule, ...] = ()
    discoveries: tuple[Discovery, ...] = ()
    encoding: str = ""
    decompression: Decompression | None = None
    journal: JournalConfig | None = None
    syslog: SyslogConfig | None = None
    push: PushConfig | None = None
    gelf: GelfConfig | None = None
    kafka: KafkaConfig | None = None
    heroku_drain: HerokuDrainConfig | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class PromtailConfig:
    file: Path | None = None
    server: ServerConfig = ServerConfig()
    clients: tuple[ClientConfig, ...] = ()
    positions: PositionsConfig = PositionsConfig()
    limits: LimitsConfig = LimitsConfig()
    watch: WatchConfig = WatchConfig()
    target_sync_ms: int = 10_000
    scrape: tuple[ScrapeConfig, ...] = ()
