"""Promtail's file is read whole, and what it cannot mean is told with its line."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hannun.config.complaint import Refused
from hannun.config.prometheus.model import DockerSd, StaticSd
from hannun.config.promtail.load import load
from hannun.config.promtail.model import Decompression, PromtailConfig
from hannun.model.stage import StageSpec

USERS = """\
server:
  http_listen_port: 9080
  grpc_listen_port: 0

positions:
  filename: /tmp/positions.yaml

clients:
  - url: http://loki:3100/loki/api/v1/push

scrape_configs:
  - job_name: system
    static_configs:
      - targets:
          - localhost
        labels:
          job: varlogs
          __path__: /var/log/*log

  - job_name: docker
    static_configs:
      - targets:
          - localhost
        labels:
          job: docker
          __path__: /var/lib/docker/containers/*/*-json.log

  - job_name: containers
    docker_sd_configs:
      - host: unix:///var/run/docker.sock
        refresh_interval: 5s
    relabel_configs:
      - source_labels: ['__meta_docker_container_name']
        regex: '/(.*)'
        target_label: 'container'
"""
TUNED = """\
limits_config:
  # 최대 배치 크기
  max_batch_size: 2097152  # 2MB
  max_batch_wait: 3s
  max_label_name_length: 1024
  max_label_value_length: 2048
"""


def read(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> tuple[PromtailConfig, list[str]]:
    file = tmp_path / "config.yml"
    file.write_text(text, encoding="utf-8")
    config, complaints = load(file, env)
    return config, [str(complaint).removeprefix(str(file)) for complaint in complaints]


def test_the_users_file(tmp_path: Path) -> None:
    config, complaints = read(tmp_path, USERS)
    assert complaints == []
    assert (config.server.http_listen_port, config.server.grpc_listen_port) == (9080, 0)
    assert config.positions.filename == Path("/tmp/positions.yaml")
    assert [client.url for client in config.clients] == ["http://loki:3100/loki/api/v1/push"]
    assert (config.clients[0].batch_size_bytes, config.clients[0].batch_wait_ms) == (1 << 20, 1000)
    assert [job.job_name for job in config.scrape] == ["system", "docker", "containers"]
    (static,) = config.scrape[0].discoveries
    assert isinstance(static, StaticSd)
    assert static.groups[0].labels == {"job": "varlogs", "__path__": "/var/log/*log"}
    (docker,) = config.scrape[2].discoveries
    assert isinstance(docker, DockerSd)
    assert docker.refresh_ms == 5000
    assert config.scrape[2].relabel[0].target_label == "container"


def test_the_users_tuning_is_taken_for_what_it_means(tmp_path: Path) -> None:
    config, complaints = read(tmp_path, USERS + TUNED)
    assert (config.clients[0].batch_size_bytes, config.clients[0].batch_wait_ms) == (2097152, 3000)
    assert (config.limits.label_name_length, config.limits.label_value_length) == (1024, 2048)
    assert [complaint.split(" ")[1] for complaint in complaints] == [
        "`max_batch_size`",
        "`max_batch_wait`",
        "`max_label_name_length`",
        "`max_label_value_length`",
    ]
    assert complaints[0].startswith(f":{USERS.count(chr(10)) + 3}: ")
    alone, _ = read(tmp_path, TUNED)
    assert alone.scrape == ()


FULL = """\
client: {url: "http://old/push", tenant_id: t}
clients:
  - url: https://new/loki/api/v1/push
    batchwait: 500ms
    batchsize: 256KB
    timeout: 5s
    tenant_id: team
    headers: {X-A: b}
    basic_auth: {username: u, password: p}
    backoff_config: {min_period: 100ms, max_period: 1m30s, max_retries: 3}
    external_labels: {cluster: a}
global: {file_watch_config: {min_poll_frequency: 100ms, max_poll_frequency: 1s}}
target_config: {sync_period: 30s}
limits_config: {readline_rate_enabled: true, readline_rate: 5.5, readline_rate_drop: false, max_line_size: 1MB}
tracing: {enabled: true}
scrape_configs:
  - job_name: all
    encoding: euc-kr
    decompression: {enabled: true, format: gz, initial_delay: 10s}
    pipeline_stages:
      - docker: {}
      - cri:
      - match: {selector: '{a="b"}', stages: [{json: {expressions: {x: }}}]}
    journal: {json: true, max_age: 12h, path: /var/log/journal, labels: {job: j}, matches: _TRANSPORT=kernel}
    syslog: {listen_address: "0.0.0.0:1514", listen_protocol: udp, syslog_format: rfc3164, label_structured_data: yes}
    loki_push_api: {server: {http_listen_port: 3500, http_server_read_timeout: 1s}, labels: {a: b}}
    gelf: {use_incoming_timestamp: true}
    kafka: {brokers: [b:9092], topics: [^t.*], authentication: {type: sasl, sasl_config: {user: u, password: p}}}
    windows_events: {eventlog_name: x}
    static_configs: [{labels: {__path__: /a}}]
    wrong_key: 1
"""


def test_a_full_file(tmp_path: Path) -> None:
    config, complaints = read(tmp_path, FULL)
    old, new = config.clients
    assert (old.url, old.tenant_id) == ("http://old/push", "t")
    assert (new.batch_wait_ms, new.batch_size_bytes, new.timeout_ms) == (500, 256 << 10, 5000)
    assert (new.backoff.min_ms, new.backoff.max_ms, new.backoff.retries) == (100, 90_000, 3)
    assert new.http.basic_auth is not None
    assert "hunter" not in repr(new)
    assert (config.watch.min_poll_ms, config.watch.max_poll_ms, config.target_sync_ms) == (100, 1000, 30_000)
    assert (config.limits.readline_rate, config.limits.max_line_size) == (5.5, 1 << 20)
    (job,) = config.scrape
    assert job.decompression == Decompression("gz", 10_000)
    assert job.pipeline[0] == StageSpec("docker", {}, f"{tmp_path}/config.yml:21")
    assert job.pipeline[1] == StageSpec("cri", None, f"{tmp_path}/config.yml:22")
    assert job.pipeline[2].options["stages"] == [{"json": {"expressions": {"x": None}}}]
    assert job.journal is not None
    assert (job.journal.json, job.journal.max_age_ms, job.journal.matches) == (True, 43_200_000, "_TRANSPORT=kernel")
    assert job.syslog is not None
    assert (job.syslog.protocol, job.syslog.format, job.syslog.label_structured_data) == ("udp", "rfc3164", True)
    assert job.push is not None
    assert job.push.server.http_listen_port == 3500
    assert job.gelf is not None
    assert job.gelf.listen_address == ":12201"
    assert job.kafka is not None
    assert job.kafka.topics == ("^t.*",)
    assert any("`client`" in each for each in complaints)
    assert any("`tracing`" in each for each in complaints)
    assert any("windows_events" in each for each in complaints)
    assert any("unknown key `wrong_key`" in each for each in complaints)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clients: [{}]", "client needs target URL"),
        ("scrape_configs: [{static_configs: []}]", "job_name is empty"),
        ("scrape_configs: [{job_name: a, syslog: {}}]", "syslog needs a listen_address"),
        (
            "scrape_configs: [{job_name: a, pipeline_stages: [{a: 1, b: 2}]}]",
            "pipeline stage must contain only one key",
        ),
        ("scrape_configs: [{job_name: a, pipeline_stages: 5}]", "takes a list of stages"),
        ("positions: {sync_period: banana}", "time: invalid duration"),
        ("- a", "expected `key: value` lines"),
        ("a: [", "config.yml"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Refused, match=r"config\.yml") as raised:
        read(tmp_path, text)
    assert words in str(raised.value)


def test_variables_are_filled_when_asked_to(tmp_path: Path) -> None:
    text = "clients: [{url: 'http://${HOST}:${PORT:-3100}/push'}]\n# ${GONE}\nserver: {log_level: '${1} $${x}'}\n"
    config, complaints = read(tmp_path, text, {"HOST": "loki"})
    assert config.clients[0].url == "http://loki:3100/push"
    assert config.server.log_level == "${1} ${x}"
    assert complaints == [":2: the variable GONE is not set"]
    as_written, _ = read(tmp_path, text.replace("${HOST}:${PORT:-3100}", "h"))
    assert as_written.server.log_level == "${1} $${x}"


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(Refused, match="cannot be read"):
        load(Path("/nonexistent/promtail.yml"))


LINES = [line for line in (USERS + FULL).splitlines() if line.strip()]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(LINES) | st.text(alphabet="a:-[]{}'\"$ \t#&*|>1", max_size=12), max_size=25))
def test_any_file_is_read_or_refused(tmp_path: Path, lines: list[str]) -> None:
    with suppress(Refused):
        read(tmp_path, "\n".join(lines), {})
