"""What a file is, by its keys, and who judges it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hannun.config import yaml
from hannun.config.check import Tools, check, recognise
from hannun.model.errors import BadQuery


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("scrape_configs: []", "prometheus.yml", id="jobs"),
        pytest.param("global: {scrape_interval: 1m}", "prometheus.yml", id="only global"),
        pytest.param("global: {}\nrule_file: []", "prometheus.yml", id="global and a slip"),
        pytest.param("groups: []", "rules", id="rules"),
        pytest.param("modules: {}", "blackbox.yml", id="probes"),
        pytest.param("basic_auth_users: {}", "web config", id="users"),
        pytest.param("tls_server_config: {}\nhttp_server_config: {}", "web config", id="TLS and headers"),
        pytest.param("listen: :8800", "hannun.yml", id="ours"),
        pytest.param("retention: {logs: 7d}", "hannun.yml", id="ours, nested"),
        pytest.param("- targets: [a]", "targets", id="targets"),
        pytest.param("- labels: {}\n- targets: []", "targets", id="targets in the second group"),
        pytest.param("global: {}\nroute: {}\nreceivers: []", None, id="an Alertmanager's"),
        pytest.param("server: {}\nclients: []\npositions: {}\nscrape_configs: []", "promtail.yml", id="Promtail's"),
        pytest.param("server: {}\nclient: {}\nscrape_configs: []", "promtail.yml", id="an old Promtail's"),
        pytest.param("auth_enabled: false\nserver: {}\nschema_config: {}", "loki.yml", id="Loki's"),
        pytest.param("limits_config: {ingestion_rate_mb: 10}", "loki.yml", id="Loki's limits alone"),
        pytest.param("server: {}\nruler: {}\nstorage: {}\ncompactor: {}", "loki.yml", id="Loki's without auth"),
        pytest.param("rule_files: []\ntests: []\nevaluation_interval: 1m", "prometheus.yml", id="unit tests of rules"),
        pytest.param("services: {}", None, id="compose"),
        pytest.param("- a\n- b", None, id="a list"),
        pytest.param("hello", None, id="a word"),
        pytest.param("{}", None, id="an empty mapping"),
    ],
)
def test_a_file_is_recognised_by_its_keys(text: str, kind: str | None) -> None:
    root = yaml.load(text, "x.yml").root
    assert root is not None
    found = recognise(root)
    assert (found.name if found else None) == kind


@pytest.mark.parametrize("text", [pytest.param("", id="empty"), pytest.param("# to come", id="a comment")])
def test_a_file_without_a_word_is_good(text: str, tmp_path: Path) -> None:
    """As promtool says: it is a configuration with every default."""
    (tmp_path / "x.yml").write_text(text)
    assert check(tmp_path / "x.yml", strict=True) == []


def test_what_cannot_be_read_is_said_once(tmp_path: Path) -> None:
    (complaint,) = check(tmp_path / "gone.yml")
    assert complaint.fatal
    assert str(complaint) == f"{tmp_path}/gone.yml: cannot be read: No such file or directory"
    (complaint,) = check(tmp_path)
    assert complaint.fatal


def test_expressions_are_judged_by_the_tools(tmp_path: Path) -> None:
    def judge(expr: str) -> None:
        raise BadQuery(f"1:1: parse error: no {expr}")

    (tmp_path / "r.yml").write_text("groups: [{name: a, rules: [{alert: A, expr: up}]}]")
    assert check(tmp_path / "r.yml") == []
    (complaint,) = check(tmp_path / "r.yml", tools=Tools(expr=judge))
    assert "could not parse expression: 1:1: parse error: no up" in str(complaint)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "auth_enabled: false\ntable_manager: {retention_deletes_enabled: false}\n",
            [(2, False, "`table_manager` is gone from Loki")],
            id="Loki 2.7's retention",
        ),
        pytest.param(
            "auth_enabled: false\nlimits_config: {max_line_size: much}\n", [(2, True, "max_line_size")], id="no size"
        ),
        pytest.param(
            "clients: [{url: 'http://loki:3100/loki/api/v1/push'}]\nlimits_config: {max_batch_size: 1048576}\n",
            [(2, False, "`max_batch_size` is no key of Promtail")],
            id="a key that Promtail never had",
        ),
        pytest.param(
            "clients: [{url: '${LOKI}/loki/api/v1/push'}]\npositions: {}\n",
            [(1, False, "the variable LOKI is not set")],
            id="a variable",
        ),
        pytest.param("clients: 7\npositions: {}\n", [(1, True, "clients")], id="no list"),
    ],
)
def test_what_is_said_of_lokis_and_promtails_files(
    text: str, said: list[tuple[int, bool, str]], tmp_path: Path
) -> None:
    (tmp_path / "x.yml").write_text(text)
    found = check(tmp_path / "x.yml", {})
    assert [(one.line, one.fatal) for one in found] == [(line, fatal) for line, fatal, _ in said], [*map(str, found)]
    for one, (_, _, words) in zip(found, said, strict=True):
        assert words in str(one)


HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        pytest.param(f"basic_auth_users: {{a: {HASH}}}", True, id="a user"),
        pytest.param("basic_auth_users: {a: secret}", False, id="a password in clear"),
        pytest.param("tls_server_config: {cert_file: c, key_file: k}", False, id="no such certificate"),
        pytest.param("tls_server_config: {cert_file: c}", False, id="no key"),
        pytest.param("http_server_config: {http2: true, headers: {X-Frame-Options: deny}}", True, id="a header"),
        pytest.param("http_server_config: {headers: {X-Mine: a}}", False, id="a header of one's own"),
        pytest.param("basic_auth_user: {}\nhttp_server_config: {}", False, id="an unknown key"),
        pytest.param("http_server_config: {http: true}", False, id="an unknown key below"),
    ],
)
def test_a_web_config(text: str, good: bool, tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(text)
    assert any(complaint.fatal for complaint in check(tmp_path / "web.yml", strict=True)) is not good
    if (promtool := shutil.which("promtool")) is not None:
        ran = subprocess.run([promtool, "check", "web-config", tmp_path / "web.yml"], capture_output=True, timeout=30)
        assert (ran.returncode == 0) is good, ran.stderr
