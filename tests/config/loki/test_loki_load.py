"""Loki's configuration files: what is honoured, what is said about the rest, with its line."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from hannun.config.complaint import Refused
from hannun.config.loki.load import load
from hannun.config.loki.model import LokiConfig

H_NS = 3_600_000_000_000
DAY_MS = 86_400_000

OF_2_7 = """\
auth_enabled: false

server:
  http_listen_port: 3100

ingester:
  lifecycler:
    address: 127.0.0.1
    ring:
      kvstore:
        store: inmemory
      replication_factor: 1
    final_sleep: 0s
  chunk_idle_period: 5m
  chunk_retain_period: 30s

schema_config:
  configs:
    - from: 2020-10-24
      store: boltdb-shipper
      object_store: filesystem
      schema: v11
      index:
        prefix: index_
        period: 24h

storage_config:
  boltdb_shipper:
    active_index_directory: /loki/boltdb-shipper-active
    cache_location: /loki/boltdb-shipper-cache
    cache_ttl: 24h
    shared_store: filesystem
  filesystem:
    directory: /loki/chunks

limits_config:
  enforce_metric_name: false
  reject_old_samples: true
  reject_old_samples_max_age: 168h

chunk_store_config:
  max_look_back_period: 0s

table_manager:
  retention_deletes_enabled: false
  retention_period: 0s
"""
TUNED = """\
limits_config:
  ingestion_rate_mb: 10
  ingestion_burst_size_mb: 20
  max_concurrent_tail_requests: 20
  max_entries_limit_per_query: 10000
  max_query_parallelism: 32
"""


def read(folder: Path, text: str, env: dict[str, str] | None = None) -> tuple[LokiConfig, list[str]]:
    file = folder / "loki.yml"
    file.write_text(textwrap.dedent(text))
    config, complaints = load(file, env)
    return config, [str(one).removeprefix(f"{file}:") for one in complaints]


def test_a_file_of_loki_2_7_loads_with_a_line_for_each_removed_key(tmp_path: Path) -> None:
    config, said = read(tmp_path, OF_2_7)
    assert [line.split(" ")[0:2] for line in said] == [
        ["20:", "`store`"],
        ["28:", "`boltdb_shipper`"],
        ["37:", "`enforce_metric_name`"],
        ["42:", "`max_look_back_period`"],
        ["44:", "`table_manager`"],
    ]
    assert config.retention_ms == 0, "deletes switched off: everything is kept"
    assert config.intake.given() == {"oldest_ms": 7 * DAY_MS}
    assert config.questions.given() == {"lookback_max_ns": 0}
    assert config.server.http_port == 3100


def test_what_a_file_tunes_is_enforced(tmp_path: Path) -> None:
    config, said = read(tmp_path, TUNED)
    assert said == []
    assert config.intake.given() == {"rate_bytes_s": 10 * 2**20, "burst_bytes": 20 * 2**20}
    assert config.questions.given() == {"tails_max": 20, "entries_max": 10_000}
    assert config.retention_ms is None


@pytest.mark.parametrize(
    ("text", "retention_ms"),
    [
        pytest.param("", None, id="nothing said: Hannun's own"),
        pytest.param("compactor: {retention_enabled: true}\nlimits_config: {retention_period: 744h}", 31 * DAY_MS),
        pytest.param("compactor: {retention_enabled: true}\nlimits_config: {retention_period: 30d}", 30 * DAY_MS),
        pytest.param("compactor: {retention_enabled: true}\nlimits_config: {retention_period: 0s}", 0, id="0 keeps"),
        pytest.param("compactor: {retention_enabled: true}", 0, id="no period keeps"),
        pytest.param(
            "compactor: {retention_enabled: false}\nlimits_config: {retention_period: 24h}", 0, id="off keeps"
        ),
        pytest.param("limits_config: {retention_period: 24h}", 0, id="nobody deletes"),
        pytest.param("table_manager: {retention_deletes_enabled: true, retention_period: 168h}", 7 * DAY_MS),
        pytest.param("table_manager: {retention_deletes_enabled: true, retention_period: 0s}", 0),
        pytest.param("table_manager: {retention_deletes_enabled: false, retention_period: 168h}", 0),
    ],
)
def test_how_long_lines_are_kept(tmp_path: Path, text: str, retention_ms: int | None) -> None:
    assert read(tmp_path, text)[0].retention_ms == retention_ms


def test_limits_of_questions_and_pushes(tmp_path: Path) -> None:
    config, said = read(
        tmp_path,
        """\
        limits_config:
          max_query_series: 1000
          max_query_length: 30d
          max_query_range: 1h
          max_query_lookback: 7d
          max_streams_matchers_per_query: 10
          query_timeout: 2m
          split_queries_by_interval: 0
          volume_enabled: false
          volume_max_series: 5
          per_stream_rate_limit: 3MB
          per_stream_rate_limit_burst: 15MB
          max_global_streams_per_user: 100
          max_line_size: 256KB
          max_label_names_per_series: 15
          max_structured_metadata_size: 64KB
          allow_structured_metadata: false
          creation_grace_period: 10m
          reject_old_samples: false
          reject_old_samples_max_age: 7d
          discover_service_name: []
          log_level_fields: [lvl]
          deletion_mode: disabled
        pattern_ingester: {enabled: true}
        ruler: {alertmanager_url: "http://am:9093", storage: {type: local, local: {directory: /rules}}}
        """,
    )
    assert said == []
    assert (
        config.questions.given()
        == {
            "series_max": 1000,
            "length_max_ns": 720 * H_NS,
            "range_max_ns": H_NS,
            "lookback_max_ns": 168 * H_NS,
            "matchers_max": 10,
            "timeout_s": 120.0,
            "aligned": False,
            "volume_enabled": False,
            "volume_series_max": 5,
        }
        or config.questions.tails_max is None
    )
    assert config.intake.given() == {
        "stream_rate_bytes_s": 3.0 * 2**20,
        "stream_burst_bytes": 15.0 * 2**20,
        "streams_max": 100,
        "line_bytes_max": 256 << 10,
        "cut_lines": False,
        "labels_max": 15,
        "metadata_bytes_max": 64 << 10,
        "take_metadata": False,
        "oldest_ms": 0,
        "newest_ms": 600_000,
        "service_from": (),
        "level_fields": ("lvl",),
    }
    assert (config.deletion_mode, config.patterns) == ("disabled", True)
    assert (config.rule_folder, config.alertmanager_url) == ("/rules", "http://am:9093")


def test_names_of_limits_are_those_of_who_enforces_them() -> None:
    from dataclasses import fields

    from hannun.config.loki.model import IntakeLimits, QuestionLimits
    from hannun.query.logql.limits import QueryLimits
    from hannun.receive.log_limits import LogLimits

    assert {one.name for one in fields(QuestionLimits)} <= {one.name for one in fields(QueryLimits)}
    assert {one.name for one in fields(IntakeLimits)} <= {one.name for one in fields(LogLimits)}


def test_an_unknown_key_is_one_warning(tmp_path: Path) -> None:
    _, said = read(tmp_path, "limits_confg: {}\nlimits_config:\n  ingestion_rate: 4\n")
    assert said == [
        "1: unknown key `limits_confg`; did you mean `limits_config`?",
        "3: unknown key `ingestion_rate`; did you mean `ingestion_rate_mb`?",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limits_config: {ingestion_rate_mb: banana}", "`ingestion_rate_mb`"),
        ("limits_config: {max_query_length: soon}", "`max_query_length`"),
        ("limits_config: {deletion_mode: maybe}", "disabled, filter-only, filter-and-delete"),
        ("server: {http_listen_port: 99999}", "`http_listen_port`"),
        ("- a", "key: value"),
        ("limits_config: [", "not YAML"),
    ],
)
def test_what_cannot_be_meant_refuses(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        read(tmp_path, text)
    assert words in str(refused.value)


def test_variables_are_filled_when_asked(tmp_path: Path) -> None:
    text = "limits_config:\n  max_query_series: ${SERIES}\n  max_entries_limit_per_query: ${ENTRIES:-7}\n"
    config, said = read(tmp_path, text, {"SERIES": "42"})
    assert (config.questions.series_max, config.questions.entries_max, said) == (42, 7, [])


def test_several_tenants_are_spoken_of(tmp_path: Path) -> None:
    config, said = read(tmp_path, "auth_enabled: true\n")
    assert config.auth_enabled
    assert len(said) == 1
    assert "X-Scope-OrgID" in said[0]


def test_the_page_shows_no_secret(tmp_path: Path) -> None:
    config, _ = read(tmp_path, "storage_config:\n  aws:\n    secret_access_key: hunter2\nserver:\n  log_level: info\n")
    assert "log_level: info" in config.yaml
    assert "hunter2" not in config.yaml
