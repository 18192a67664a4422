"""The printed configuration: what Prometheus prints for the same file, and never a secret."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from hannun.config.prometheus.load import load

EVERYTHING = """\
global:
  scrape_interval: 15s
  external_labels: {cluster: a, replica: "1"}
alerting:
  alert_relabel_configs: [{regex: replica, action: labeldrop}]
  alertmanagers:
    - static_configs: [{targets: ["am:9093"]}]
      path_prefix: /am
      basic_auth: {username: u, password: SECRET}
rule_files: ["rules/*.yml"]
scrape_configs:
  - job_name: all
    honor_labels: true
    honor_timestamps: false
    params: {module: [http_2xx], x: [a, b]}
    scrape_interval: 1m30s
    scrape_timeout: 5s
    metrics_path: /probe
    scheme: https
    body_size_limit: 1MB
    sample_limit: 1000
    target_limit: 10
    label_limit: 30
    label_name_length_limit: 100
    label_value_length_limit: 200
    basic_auth: {username: u, password: SECRET}
    tls_config: {insecure_skip_verify: true, server_name: x}
    proxy_url: http://me:SECRET@proxy:3128
    follow_redirects: false
    enable_http2: false
    static_configs: [{targets: [a, b], labels: {x: "true", y: z}}, {targets: [c]}]
    file_sd_configs: [{files: ["none/*.json"], refresh_interval: 1m}]
    dns_sd_configs: [{names: [x.invalid], type: A, port: 9100}]
    http_sd_configs: [{url: "http://sd.invalid/targets"}]
    relabel_configs:
      - {source_labels: [__address__], regex: "(.*):\\\\d+", target_label: host}
      - {source_labels: [a, b], regex: true, action: keep}
      - {source_labels: [a], regex: "x(.*)", action: hashmod, modulus: 4, target_label: b}
      - {action: labelmap, regex: "__meta_(.+)"}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: "go_.*", action: drop}
  - job_name: bearer
    bearer_token: SECRET
  - job_name: oauth
    oauth2: {client_id: i, client_secret: SECRET, token_url: "http://t/", scopes: [a], endpoint_params: {x: y}}
remote_write:
  - url: http://u:SECRET@r.invalid/push
    headers: {X-Scope-OrgID: a}
remote_read: [{url: "http://a.invalid/read", read_recent: true}]
"""
ONLY_PROMETHEUS_3 = {
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "track_timestamps_staleness",
    "scrape_protocols",
    "scrape_native_histograms",
    "always_scrape_classic_histograms",
    "convert_classic_histograms_to_nhcb",
    "enable_compression",
    "extra_scrape_metrics",
    "protobuf_message",
}
CHANGED_WITH_3 = {"capacity", "max_shards", "max_samples_per_send", "enable_http2", "client_secret_file"}


def printed(text: str, folder: Path) -> Any:
    (folder / "prometheus.yml").write_text(text)
    return yaml.safe_load(load(folder / "prometheus.yml", {})[0].yaml)


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    assert printed("scrape_configs: [{job_name: a, static_configs: [{targets: ['a:1']}]}]", tmp_path) == {
        "global": {
            "scrape_interval": "1m",
            "scrape_timeout": "10s",
            "evaluation_interval": "1m",
            "metric_name_validation_scheme": "utf8",
        },
        "scrape_configs": [
            {
                "job_name": "a",
                "honor_timestamps": True,
                "track_timestamps_staleness": False,
                "scrape_interval": "1m",
                "scrape_timeout": "10s",
                "scrape_protocols": [
                    "OpenMetricsText1.0.0",
                    "OpenMetricsText0.0.1",
                    "PrometheusText1.0.0",
                    "PrometheusText0.0.4",
                ],
                "scrape_native_histograms": False,
                "always_scrape_classic_histograms": False,
                "convert_classic_histograms_to_nhcb": False,
                "metrics_path": "/metrics",
                "scheme": "http",
                "enable_compression": True,
                "metric_name_validation_scheme": "utf8",
                "metric_name_escaping_scheme": "allow-utf-8",
                "extra_scrape_metrics": False,
                "follow_redirects": True,
                "enable_http2": True,
                "static_configs": [{"targets": ["a:1"]}],
            }
        ],
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(EVERYTHING, id="what is acted on"),
        pytest.param(
            "scrape_configs: [{job_name: a, http_headers: {X: {secrets: [SECRET]}}, proxy_url: 'http://p',"
            " proxy_connect_header: {X: [SECRET]}, tls_config: {cert: c, key: SECRET}}]",
            id="headers and keys",
        ),
        pytest.param(
            "scrape_configs: [{job_name: a, consul_sd_configs: [{server: c, token: SECRET, password: SECRET}]}]",
            id="a discovery that is not run",
        ),
        pytest.param(
            "remote_write: [{url: 'http://a', sigv4: {access_key: SECRET, secret_key: SECRET}, proxy_url: 'http://p',"
            " proxy_connect_header: {X: [SECRET]}}]",
            id="remote write",
        ),
        pytest.param("scrape_configs: [{job_name: a, http_sd_configs: [{url: 'http://u:SECRET@a/'}]}]", id="in a URL"),
        pytest.param("tracing: {endpoint: t, headers: {authorization-x: SECRET}}", id="tracing"),
    ],
)
def test_no_secret_is_printed(text: str, tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(text)
    config, warnings = load(tmp_path / "prometheus.yml", {})
    assert "SECRET" not in config.yaml
    assert "SECRET" not in repr(config).replace("u:SECRET", ""), "nor shown by accident in a log"
    assert not any("SECRET" in str(warning) for warning in warnings)


def test_what_is_printed_loads_again_and_prints_the_same(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(EVERYTHING)
    first = load(tmp_path / "prometheus.yml", {})[0].yaml
    (tmp_path / "prometheus.yml").write_text(first)
    assert load(tmp_path / "prometheus.yml", {})[0].yaml == first


def test_texts_that_look_like_something_else_are_quoted(tmp_path: Path) -> None:
    text = "global: {external_labels: {a: 'true', b: '1', c: '', d: 'null', e: 'x: y', f: 서울, g: \"1\\n2\"}}"
    (tmp_path / "prometheus.yml").write_text(text)
    config, _ = load(tmp_path / "prometheus.yml", {})
    labels = yaml.safe_load(config.yaml)["global"]["external_labels"]
    assert labels == {"a": "true", "b": "1", "c": "", "d": "null", "e": "x: y", "f": "서울", "g": "1\n2"}
    assert 'a: "true"' in config.yaml, "as Go quotes"


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
def test_a_real_prometheus_prints_the_same(tmp_path: Path) -> None:
    """Debian's 2.42; what came or changed with Prometheus 3 is left out of the comparison."""
    (tmp_path / "prometheus.yml").write_text(EVERYTHING)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={tmp_path / 'prometheus.yml'}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            theirs = yaml.safe_load(_asked(f"http://127.0.0.1:{port}/api/v1/status/config", process)["data"]["yaml"])
        finally:
            process.terminate()
            process.wait(10)
    assert _comparable(printed(EVERYTHING, tmp_path)) == _comparable(theirs)


def _asked(url: str, process: subprocess.Popen[bytes]) -> Any:
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.loads(answer.read())
        except OSError:
            time.sleep(0.1)
    raise AssertionError("prometheus did not come up")


def _comparable(tree: Any) -> Any:
    if isinstance(tree, dict):
        left_out = ONLY_PROMETHEUS_3 | CHANGED_WITH_3
        return {key: _comparable(value) for key, value in tree.items() if key not in left_out}
    return [_comparable(value) for value in tree] if isinstance(tree, list) else tree
