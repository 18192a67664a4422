"""The configuration as Prometheus's /api/v1/status/config prints it: defaults filled in, secrets as `<secret>`.

What Hannun reads into values is printed from them, in the order of Prometheus's own structs. What it does not act on
(remote_write, other discoveries) is printed as it was written, with everything that looks like a secret hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hannun.config.http_client import HIDDEN, HttpClientConfig, ProxyConfig, Secret, TlsConfig
from hannun.config.prometheus.model import (
    AlertmanagerConfig,
    DnsSd,
    DockerSd,
    FileSd,
    HttpSd,
    KubernetesSd,
    PrometheusConfig,
    ScrapeConfig,
    ScrapeLimits,
    StaticSd,
)
from hannun.config.prometheus.scalars import redacted
from hannun.config.prometheus.scrape import Global
from hannun.config.prometheus.yaml_text import Flow, dump, hide
from hannun.model.relabel import RelabelRule
from hannun.model.target import TargetGroup
from hannun.model.time import format_duration_ms

Tree = dict[str, Any]
_REMOTE: Mapping[str, Tree] = {
    "remote_write": {
        "remote_timeout": "30s",
        "protobuf_message": "prometheus.WriteRequest",
        "follow_redirects": True,
        "enable_http2": False,
        "queue_config": {
            "capacity": 10000,
            "max_shards": 50,
            "min_shards": 1,
            "max_samples_per_send": 2000,
            "batch_send_deadline": "5s",
            "min_backoff": "30ms",
            "max_backoff": "5s",
        },
        "metadata_config": {"send": True, "send_interval": "1m", "max_samples_per_send": 2000},
    },
    "remote_read": {
        "remote_timeout": "1m",
        "follow_redirects": True,
        "enable_http2": True,
        "filter_external_labels": True,
    },
}
"""What Prometheus 3 fills into lists that we do not act on."""
_DEFAULT_RULE = RelabelRule()


@dataclass(frozen=True, slots=True)
class Written:
    """Parts that are printed as they stand in the file: by key, and by job for discoveries we do not run."""

    rule_files: tuple[str, ...] = ()
    scrape_config_files: tuple[str, ...] = ()
    top: Mapping[str, Any] = field(default_factory=dict)
    by_job: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def print_config(config: PrometheusConfig, common: Global, written: Written) -> str:
    """The whole file. Jobs of scrape_config_files are not in it, as in Prometheus: `config.scrape` has none here."""
    tree: Tree = {"global": _global(common)}
    tree |= _said({"runtime": hide(written.top.get("runtime")), "alerting": _alerting(config)})
    tree |= _said({"rule_files": list(written.rule_files), "scrape_config_files": list(written.scrape_config_files)})
    parts = [dump(tree)]
    if config.scrape:
        parts.append("scrape_configs:\n")
        # One by one: the YAML nodes of ten thousand jobs at once would be hundreds of MiB.
        parts.extend(dump([_job(job, written.by_job.get(job.job_name, {}))]) for job in config.scrape)
    rest: Tree = {}
    for key in ("storage", "tracing", "remote_write", "remote_read", "otlp"):
        rest |= _said({key: hide(_with_defaults(key, written.top.get(key)))})
    if rest:
        parts.append(dump(rest))
    return "".join(parts)


def _with_defaults(key: str, value: Any) -> Any:
    """The items of a list that we only print, each with what Prometheus fills in."""
    defaults = _REMOTE.get(key)
    if defaults is None or not isinstance(value, list):
        return value
    return [_filled(each, defaults) for each in value if isinstance(each, dict)]


def _filled(given: Tree, defaults: Tree) -> Tree:
    inner = {
        name: _filled(given[name], value)
        for name, value in defaults.items()
        if isinstance(value, dict) and isinstance(given.get(name), dict)
    }
    return {**given, **{name: value for name, value in defaults.items() if given.get(name) is None}, **inner}


def _global(common: Global) -> Tree:
    return {
        "scrape_interval": _time(common.interval_ms),
        "scrape_timeout": _time(common.timeout_ms),
        **_said({"scrape_protocols": list(common.protocols)}),
        "evaluation_interval": _time(common.evaluation_interval_ms),
        **_said(
            {
                "rule_query_offset": _time(common.rule_query_offset_ms) if common.rule_query_offset_ms else "",
                "query_log_file": common.query_log_file,
                "scrape_failure_log_file": common.failure_log_file,
                "external_labels": dict(common.external_labels),
            }
        ),
        **_limits(common.limits),
        "metric_name_validation_scheme": common.validation,
        **_said(
            {
                "metric_name_escaping_scheme": common.escaping,
                "scrape_native_histograms": common.native_histograms,
                "convert_classic_histograms_to_nhcb": common.convert_to_nhcb,
                "always_scrape_classic_histograms": common.always_classic,
                "extra_scrape_metrics": common.extra_metrics,
            }
        ),
    }


def _alerting(config: PrometheusConfig) -> Tree:
    return _said(
        {
            "alert_relabel_configs": _rules(config.alert_relabel),
            "alertmanagers": [_manager(manager) for manager in config.alertmanagers],
        }
    )


def _manager(manager: AlertmanagerConfig) -> Tree:
    return {
        **_client(manager.client),
        "scheme": manager.scheme,
        **_said({"path_prefix": "" if manager.path_prefix == "/" else manager.path_prefix}),
        "timeout": _time(manager.timeout_ms),
        "api_version": "v2",
        **_said({"relabel_configs": _rules(manager.relabel)}),
        **_said({"alert_relabel_configs": _rules(manager.alert_relabel)}),
        **_discoveries(manager),
    }


def _job(job: ScrapeConfig, written: Mapping[str, Any]) -> Tree:
    return {
        "job_name": job.job_name,
        **_said({"honor_labels": job.honor_labels}),
        "honor_timestamps": job.honor_timestamps,
        "track_timestamps_staleness": job.track_timestamps_staleness,
        **_said({"params": {name: list(values) for name, values in sorted(job.params.items())}}),
        "scrape_interval": _time(job.interval_ms),
        "scrape_timeout": _time(job.timeout_ms),
        "scrape_protocols": list(job.protocols),
        **_said({"fallback_scrape_protocol": job.fallback_protocol}),
        "scrape_native_histograms": job.scrape_native_histograms,
        "always_scrape_classic_histograms": job.always_scrape_classic_histograms,
        "convert_classic_histograms_to_nhcb": job.convert_classic_histograms_to_nhcb,
        **_said({"scrape_failure_log_file": str(job.failure_log or "")}),
        "metrics_path": job.metrics_path,
        "scheme": job.scheme,
        "enable_compression": job.enable_compression,
        **_limits(job.limits),
        "metric_name_validation_scheme": job.metric_name_validation_scheme,
        "metric_name_escaping_scheme": job.metric_name_escaping_scheme,
        "extra_scrape_metrics": job.extra_scrape_metrics,
        **_client(job.client),
        **_said({"relabel_configs": _rules(job.relabel), "metric_relabel_configs": _rules(job.metric_relabel)}),
        **_discoveries(job),
        **{key: hide(value) for key, value in written.items()},
    }


def _limits(limits: ScrapeLimits) -> Tree:
    return _said(
        {
            "body_size_limit": _size(limits.body_bytes),
            "sample_limit": limits.samples,
            "target_limit": limits.targets,
            "label_limit": limits.labels,
            "label_name_length_limit": limits.label_name_length,
            "label_value_length_limit": limits.label_value_length,
            "keep_dropped_targets": limits.keep_dropped_targets,
            "native_histogram_bucket_limit": limits.histogram_buckets,
            "native_histogram_min_bucket_factor": limits.histogram_min_bucket_factor,
        }
    )


def _rules(rules: tuple[RelabelRule, ...]) -> list[Tree]:
    return [_rule(rule) for rule in rules]


def _rule(rule: RelabelRule) -> Tree:
    return {
        **_said({"source_labels": Flow(rule.source_labels), "separator": rule.separator}),
        **({"regex": rule.regex} if rule.regex != _DEFAULT_RULE.regex else {}),
        **_said({"modulus": rule.modulus, "target_label": rule.target_label, "replacement": rule.replacement}),
        "action": rule.action,
    }


def _discoveries(of: ScrapeConfig | AlertmanagerConfig) -> Tree:
    tree: dict[str, list[Any]] = {}
    for found in of.discoveries:
        match found:
            case StaticSd(groups):
                tree.setdefault("static_configs", []).extend(_group(group) for group in groups)
            case FileSd():
                files = list(found.files)
                tree.setdefault("file_sd_configs", []).append(
                    {"files": files, "refresh_interval": _time(found.refresh_ms)}
                )
            case HttpSd():
                tree.setdefault("http_sd_configs", []).append(
                    {
                        **_client(found.client),
                        "refresh_interval": _time(found.refresh_ms),
                        "url": redacted(found.url),
                    }
                )
            case DnsSd():
                tree.setdefault("dns_sd_configs", []).append(
                    {
                        "names": list(found.names),
                        "refresh_interval": _time(found.refresh_ms),
                        "type": found.type,
                        "port": found.port,
                    }
                )
            case DockerSd():
                tree.setdefault("docker_sd_configs", []).append(_docker(found))
            case KubernetesSd():
                tree.setdefault("kubernetes_sd_configs", []).append(_kubernetes(found))
    return dict(sorted(tree.items()))


def _docker(found: DockerSd) -> Tree:
    return {
        **_client(found.client),
        "host": redacted(found.host),
        "port": found.port,
        **_said({"filters": [{"name": name, "values": list(values)} for name, values in found.filters]}),
        "host_networking_host": found.host_networking_host,
        "refresh_interval": _time(found.refresh_ms),
        "match_first_network": found.match_first_network,
    }


def _kubernetes(found: KubernetesSd) -> Tree:
    return {
        **_said({"api_server": redacted(found.api_server)}),
        "role": found.role,
        "kubeconfig_file": str(found.kubeconfig_file or ""),
        **_client(found.client),
        **_said({"namespaces": _said({"own_namespace": found.own_namespace, "names": list(found.namespaces)})}),
        **_said(
            {
                "selectors": [
                    {"role": each.role, **_said({"label": each.label, "field": each.field})} for each in found.selectors
                ],
                "attach_metadata": _said({"node": found.attach_node, "namespace": found.attach_namespace}),
            }
        ),
    }


def _group(group: TargetGroup) -> Tree:
    return {"targets": [target["__address__"] for target in group.targets], **_said({"labels": dict(group.labels)})}


def _client(client: HttpClientConfig) -> Tree:
    tree: Tree = {}
    if client.basic_auth is not None:
        basic = client.basic_auth
        tree["basic_auth"] = {
            **_said({"username": basic.username, "username_file": _path(basic.username_file)}),
            **_secret("password", basic.password),
        }
    if client.authorization is not None:
        kept = client.authorization
        tree["authorization"] = {"type": kept.type, **_secret("credentials", kept.credentials)}
    if client.oauth2 is not None:
        oauth2 = client.oauth2
        tree["oauth2"] = {
            "client_id": oauth2.client_id,
            **_secret("client_secret", oauth2.client_secret),
            **_said({"scopes": list(oauth2.scopes)}),
            "token_url": redacted(oauth2.token_url),
            **_said({"endpoint_params": dict(oauth2.endpoint_params), "tls_config": _tls(oauth2.tls)}),
            **_proxy(oauth2.proxy),
        }
    tree |= _said({"tls_config": _tls(client.tls)})
    tree |= {"follow_redirects": client.follow_redirects, "enable_http2": client.enable_http2}
    tree |= _proxy(client.proxy)
    headers = {
        name: _said(
            {
                "values": list(header.values),
                "secrets": [HIDDEN] * len(header.secrets),
                "files": [str(file) for file in header.files],
            }
        )
        for name, header in client.http_headers.items()
    }
    return tree | _said({"http_headers": headers})


def _tls(tls: TlsConfig) -> Tree:
    if tls == TlsConfig():
        return {}
    return {
        **_said({"ca": tls.ca, "cert": tls.cert}),
        **_secret("key", tls.key),
        **_said(
            {
                "ca_file": _path(tls.ca_file),
                "cert_file": _path(tls.cert_file),
                "server_name": tls.server_name,
            }
        ),
        "insecure_skip_verify": tls.insecure_skip_verify,
        **_said({"min_version": tls.min_version, "max_version": tls.max_version}),
    }


def _proxy(proxy: ProxyConfig) -> Tree:
    return _said(
        {
            "proxy_url": redacted(proxy.proxy_url),
            "no_proxy": proxy.no_proxy,
            "proxy_from_environment": proxy.proxy_from_environment,
            "proxy_connect_header": {
                name: [HIDDEN] * len(values) for name, values in proxy.proxy_connect_header.items()
            },
        }
    )


def _secret(key: str, secret: Secret) -> Tree:
    return _said({key: HIDDEN if secret.text else "", f"{key}_file": _path(secret.file)})


def _path(path: Path | None) -> str:
    return "" if path is None else str(path)


def _said(tree: Tree) -> Tree:
    """Go's `omitempty`: what is zero is not printed."""
    return {key: value for key, value in tree.items() if value}


def _time(ms: int) -> str:
    return format_duration_ms(ms)


def _size(number: int) -> str:
    """1_048_576 -> `1MiB`, as alecthomas/units prints: each unit once, largest first."""
    parts = []
    for power, unit in reversed(tuple(enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")))):
        count, number = divmod(number, 1024**power)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
