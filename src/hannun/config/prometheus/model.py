"""prometheus.yml as values, with Prometheus's defaults filled in. Durations in ms, sizes in bytes, 0: no limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hannun.config.http_client import HttpClientConfig
from hannun.model.relabel import RelabelRule
from hannun.model.target import TargetGroup


@dataclass(frozen=True, slots=True)
class FileSd:
    """`files` are globs, absolute once loaded."""

    files: tuple[str, ...]
    refresh_ms: int = 300_000


@dataclass(frozen=True, slots=True)
class HttpSd:
    url: str
    refresh_ms: int = 60_000
    client: HttpClientConfig = HttpClientConfig()


@dataclass(frozen=True, slots=True)
class DnsSd:
    names: tuple[str, ...]
    type: Literal["SRV", "A", "AAAA", "MX", "NS"] = "SRV"
    port: int = 0
    refresh_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class DockerSd:
    """`filters`: (name, values) as the Docker API takes them."""

    host: str
    port: int = 80
    host_networking_host: str = "localhost"
    match_first_network: bool = True
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    refresh_ms: int = 60_000
    client: HttpClientConfig = HttpClientConfig()


Role = Literal["node", "pod", "service", "endpoints", "endpointslice", "ingress"]


@dataclass(frozen=True, slots=True)
class KubernetesSelector:
    role: Role
    label: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class KubernetesSd:
    """`api_server` "": the cluster that this process runs in (or `kubeconfig_file`)."""

    role: Role
    api_server: str = ""
    kubeconfig_file: Path | None = None
    namespaces: tuple[str, ...] = ()
    own_namespace: bool = False
    selectors: tuple[KubernetesSelector, ...] = ()
    attach_node: bool = False
    attach_namespace: bool = False
    client: HttpClientConfig = HttpClientConfig()


@dataclass(frozen=True, slots=True)
class StaticSd:
    groups: tuple[TargetGroup, ...]


Discovery = StaticSd | FileSd | HttpSd | DnsSd | DockerSd | KubernetesSd


@dataclass(frozen=True, slots=True)
class ScrapeLimits:
    body_bytes: int = 0
    samples: int = 0
    labels: int = 0
    label_name_length: int = 0
    label_value_length: int = 0
    targets: int = 0
    keep_dropped_targets: int = 0
    histogram_buckets: int = 0
    histogram_min_bucket_factor: float = 0.0


@dataclass(frozen=True, slots=True)
class ScrapeConfig:
    """One job. `protocols` in the order of preference, as written in scrape_protocols."""

    job_name: str
    interval_ms: int
    timeout_ms: int
    metrics_path: str = "/metrics"
    scheme: str = "http"
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    honor_labels: bool = False
    honor_timestamps: bool = True
    track_timestamps_staleness: bool = False
    enable_compression: bool = True
    protocols: tuple[str, ...] = (
        "OpenMetricsText1.0.0",
        "OpenMetricsText0.0.1",
        "PrometheusText1.0.0",
        "PrometheusText0.0.4",
    )
    fallback_protocol: str = ""
    extra_scrape_metrics: bool = False
    scrape_native_histograms: bool = False
    always_scrape_classic_histograms: bool = False
    convert_classic_histograms_to_nhcb: bool = False
    metric_name_validation_scheme: Literal["utf8", "legacy"] = "utf8"
    metric_name_escaping_scheme: str = "allow-utf-8"
    limits: ScrapeLimits = ScrapeLimits()
    client: HttpClientConfig = HttpClientConfig()
    relabel: tuple[RelabelRule, ...] = ()
    metric_relabel: tuple[RelabelRule, ...] = ()
    discoveries: tuple[Discovery, ...] = ()
    failure_log: Path | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule (`record`) or an alerting rule (`alert`): exactly one of the two is set."""

    expr: str
    line: int
    record: str = ""
    alert: str = ""
    for_ms: int = 0
    keep_firing_for_ms: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleGroup:
    name: str
    file: str
    interval_ms: int
    limit: int = 0
    query_offset_ms: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertmanagerConfig:
    timeout_ms: int = 10_000
    path_prefix: str = "/"
    scheme: str = "http"
    client: HttpClientConfig = HttpClientConfig()
    relabel: tuple[RelabelRule, ...] = ()
    alert_relabel: tuple[RelabelRule, ...] = ()
    discoveries: tuple[Discovery, ...] = ()


@dataclass(frozen=True, slots=True)
class PrometheusConfig:
    """`yaml` is the file with defaults and with secrets as `<secret>`, for /api/v1/status/config.

    `retention_ms` and `retention_size_bytes` are None where the file says nothing.
    """

    file: Path | None = None
    yaml: str = ""
    evaluation_interval_ms: int = 60_000
    external_labels: Mapping[str, str] = field(default_factory=dict)
    scrape: tuple[ScrapeConfig, ...] = ()
    rule_groups: tuple[RuleGroup, ...] = ()
    alertmanagers: tuple[AlertmanagerConfig, ...] = ()
    alert_relabel: tuple[RelabelRule, ...] = ()
    retention_ms: int | None = None
    retention_size_bytes: int | None = None
