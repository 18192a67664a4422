"""prometheus.yml as values: defaults, inheritance, what is said about it, and the users' own files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hannun.config.complaint import Refused
from hannun.config.prometheus.load import load
from hannun.config.prometheus.model import (
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
from hannun.model.errors import BadQuery
from hannun.model.relabel import RelabelRule

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write("text of prometheus.yml", **{"rules/a.yml": "text"})` -> the file's path."""

    def to(text: str, files: dict[str, str] | None = None) -> Path:
        for name, content in {"prometheus.yml": text, **(files or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
        return tmp_path / "prometheus.yml"

    return to


def said(path: Path, **env: str) -> list[str]:
    """The warnings, without the folder."""
    return [str(warning).replace(f"{path.parent}/", "") for warning in load(path, env)[1]]


def refused(path: Path) -> list[str]:
    with pytest.raises(Refused) as caught:
        load(path, {})
    return [str(each).replace(f"{path.parent}/", "") for each in caught.value.complaints if each.fatal]


def job(path: Path) -> ScrapeConfig:
    (only,) = load(path, {})[0].scrape
    return only


def test_an_empty_file_has_prometheus_defaults(write: Write) -> None:
    config, warnings = load(write(""), {})
    assert (config.evaluation_interval_ms, config.scrape, config.rule_groups, warnings) == (60_000, (), (), ())


def test_a_job_has_prometheus_defaults(write: Write) -> None:
    found = job(write("scrape_configs: [{job_name: a}]"))
    assert found == ScrapeConfig("a", 60_000, 10_000)
    assert (found.metrics_path, found.scheme, found.honor_timestamps, found.client.follow_redirects) == (
        "/metrics",
        "http",
        True,
        True,
    )


@pytest.mark.parametrize(
    ("top", "own", "interval_ms", "timeout_ms"),
    [
        pytest.param("", "", 60_000, 10_000, id="neither says anything"),
        pytest.param("scrape_interval: 15s", "", 15_000, 10_000, id="the global interval"),
        pytest.param("scrape_interval: 5s", "", 5_000, 5_000, id="the timeout is cut to a short interval"),
        pytest.param("scrape_interval: 5s", "scrape_interval: 1m", 60_000, 5_000, id="the cut timeout is taken over"),
        pytest.param("scrape_timeout: 10s, scrape_interval: 15s", "scrape_interval: 5s", 5_000, 5_000, id="cut again"),
        pytest.param("scrape_interval: 1m, scrape_timeout: 30s", "", 60_000, 30_000, id="both global"),
        pytest.param("", "scrape_interval: 0s, scrape_timeout: 0s", 60_000, 10_000, id="0 says nothing"),
    ],
)
def test_interval_and_timeout(write: Write, top: str, own: str, interval_ms: int, timeout_ms: int) -> None:
    found = job(write(f"global: {{{top}}}\nscrape_configs: [{{job_name: a{', ' + own if own else ''}}}]"))
    assert (found.interval_ms, found.timeout_ms) == (interval_ms, timeout_ms)


def test_a_job_takes_over_the_limits_that_it_does_not_set(write: Write) -> None:
    found = job(
        write(
            "global: {body_size_limit: 10MB, sample_limit: 5, label_limit: 7}\n"
            "scrape_configs: [{job_name: a, sample_limit: 9, target_limit: 3}]"
        )
    )
    assert found.limits == ScrapeLimits(body_bytes=10 << 20, samples=9, labels=7, targets=3)


def test_every_discovery(write: Write) -> None:
    path = write(
        """
scrape_configs:
  - job_name: a
    static_configs: [{targets: ["a:1"], labels: {x: y}}, {targets: ["b:1", "c:1"]}]
    file_sd_configs: [{files: ["t/*.yml"], refresh_interval: 1m}]
    http_sd_configs: [{url: "https://sd/x", bearer_token: t}]
    dns_sd_configs: [{names: [n], type: a, port: 9100}]
    docker_sd_configs: [{host: "unix:///d.sock", port: 81, filters: [{name: label, values: [a, b]}]}]
    kubernetes_sd_configs: [{role: node, api_server: "https://k", attach_metadata: {node: true}}]
"""
    )
    static, file, http, dns, docker, kubernetes = job(path).discoveries
    assert isinstance(static, StaticSd)
    assert [(group.source, group.targets, group.labels) for group in static.groups] == [
        ("0", ({"__address__": "a:1"},), {"x": "y"}),
        ("1", ({"__address__": "b:1"}, {"__address__": "c:1"}), {}),
    ]
    assert file == FileSd((str(path.parent / "t/*.yml"),), 60_000)
    assert isinstance(http, HttpSd)
    assert http.client.authorization is not None
    assert (http.url, http.client.authorization.credentials.text) == ("https://sd/x", "t")
    assert dns == DnsSd(("n",), "A", 9100)
    assert docker == DockerSd("unix:///d.sock", 81, filters=(("label", ("a", "b")),))
    assert kubernetes == KubernetesSd("node", "https://k", attach_node=True)


def test_other_discoveries_load_with_a_warning(write: Write) -> None:
    path = write("scrape_configs:\n  - job_name: a\n    consul_sd_configs: [{server: 'c:8500', anything: 1}]\n")
    assert said(path) == [
        "prometheus.yml:3: `consul_sd_configs` is not used: this kind of discovery is not supported, "
        "and its targets are not scraped"
    ]


def test_relabel_rules(write: Write) -> None:
    found = job(
        write(
            """
scrape_configs:
  - job_name: a
    relabel_configs:
      - {source_labels: [__meta_scrape], action: keep, regex: true}
      - {source_labels: [a, b], separator: "", regex: "(.+)", target_label: c, replacement: "${1}"}
    metric_relabel_configs:
      - {action: HASHMOD, source_labels: [a], modulus: 0x10, target_label: d}
"""
        )
    )
    assert found.relabel == (
        RelabelRule("keep", ("__meta_scrape",), regex="true"),
        RelabelRule("replace", ("a", "b"), "", "(.+)", "c", "${1}"),
    )
    assert found.metric_relabel == (RelabelRule("hashmod", ("a",), target_label="d", modulus=16),)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        pytest.param("plain", "plain", id="no variable"),
        pytest.param("$ZONE-1", "seoul-1", id="$NAME"),
        pytest.param("${ZONE}1", "seoul1", id="${NAME}"),
        pytest.param("$$ZONE", "$ZONE", id="$$ is a dollar"),
        pytest.param("50%$", "50%$", id="a dollar at the end"),
        pytest.param("a$ b", "a$ b", id="a dollar before a blank"),
        pytest.param("${}x", "x", id="no name"),
        pytest.param("x$NOBODY", "x", id="a variable that is not set"),
    ],
)
def test_variables_in_external_labels(write: Write, value: str, label: str) -> None:
    config, warnings = load(write(f"global: {{external_labels: {{a: '{value}'}}}}"), {"ZONE": "seoul"})
    assert config.external_labels == {"a": label}
    assert len(warnings) == ("NOBODY" in value)


def test_a_dollar_elsewhere_is_a_dollar(write: Write) -> None:
    path = write("scrape_configs: [{job_name: $X, relabel_configs: [{target_label: a, replacement: $1}]}]")
    found = load(path, {"X": "y"})[0].scrape[0]
    assert (found.job_name, found.relabel[0].replacement) == ("$X", "$1")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param("scrape_config: []", "1: unknown key `scrape_config`; did you mean `scrape_configs`?", id="top"),
        pytest.param(
            "scrape_configs:\n- job_name: a\n  scrape-interval: 5s",
            "3: unknown key `scrape-interval`; did you mean `scrape_interval`?",
            id="a job's key with a dash",
        ),
        pytest.param("global:\n  zzz: 1", "2: unknown key `zzz`", id="nothing is near"),
        pytest.param("global: {}\nglobal: {}", '2: "global" stands here twice (first in line 1)', id="a key twice"),
        pytest.param("remote_write:\n- url: http://a", "1: `remote_write` is not used: Hannun sends no", id="unused"),
        pytest.param("rule_files: [nope.yml]", '1: "nope.yml": no such file; nothing is read for it', id="no file"),
        pytest.param("rule_files: ['no/*.yml']", '1: "no/*.yml" matches no file', id="no match"),
        pytest.param(
            "scrape_configs:\n- job_name: a\n  basic_auth: {password_file: gone}",
            '3: `password_file`: "gone" is not there now; it is read at each use',
            id="a secret that is not there",
        ),
    ],
)
def test_a_warning_says_where_and_what(write: Write, text: str, warning: str) -> None:
    (found,) = said(write(text))
    assert found.startswith(f"prometheus.yml:{warning}")


def test_every_mistake_is_named_at_once(write: Write) -> None:
    path = write(
        """\
global:
  scrape_interval: 15
scrape_configs:
  - job_name: a
    scrape_timeout: 1x
    relabel_configs: [{action: remove}]
  - job_name: a
"""
    )
    assert [line.split(":")[1] for line in refused(path)] == ["2", "5", "6", "7"]
    assert refused(path)[0] == ('prometheus.yml:2: `scrape_interval`: not a valid duration string: "15"; write 15s')
    assert refused(path)[3] == (
        'prometheus.yml:7: found multiple scrape configs with job name "a", first found in prometheus.yml:4'
    )


def test_complaints_are_in_both_languages(write: Write) -> None:
    with pytest.raises(Refused) as caught:
        load(write("global: {scrape_interval: 15, scrap_timeout: 1s}"), {})
    korean = [each.text.ko for each in caught.value.complaints]
    assert any("15s처럼 적어 주세요" in text for text in korean)
    assert any("알 수 없는 키 `scrap_timeout`. 혹시 `scrape_timeout`?" in text for text in korean)


def test_files_with_more_jobs(write: Write) -> None:
    path = write(
        "global: {scrape_interval: 30s}\nscrape_config_files: ['more/*.yml']\nscrape_configs: [{job_name: a}]",
        {"more/b.yml": "scrape_configs: [{job_name: b, basic_auth: {password_file: pw}}]", "more/pw": "x"},
    )
    config, warnings = load(path, {})
    assert [(each.job_name, each.interval_ms) for each in config.scrape] == [("a", 30_000), ("b", 30_000)]
    assert config.scrape[1].client.basic_auth is not None
    assert config.scrape[1].client.basic_auth.password.file == path.parent / "more/pw", "relative to its own file"
    assert "job_name: b" not in config.yaml, "Prometheus prints the main file only"
    assert not warnings


def test_a_job_of_another_file_may_not_have_the_same_name(write: Write) -> None:
    path = write(
        "scrape_config_files: [b.yml]\nscrape_configs: [{job_name: a}]", {"b.yml": "scrape_configs: [{job_name: a}]"}
    )
    assert refused(path) == [
        'b.yml:1: found multiple scrape configs with job name "a", first found in prometheus.yml:2'
    ]


def test_rule_files(write: Write) -> None:
    path = write(
        "global: {evaluation_interval: 30s, rule_query_offset: 5s}\nrule_files: ['rules/*.yml', rules/a.yml]",
        {
            "rules/a.yml": "groups: [{name: g, rules: [{alert: A, expr: up == 0, for: 5m}]}]",
            "rules/.hidden.yml": "groups: [{name: h, interval: 1m, query_offset: 0s, rules: []}]",
        },
    )
    hidden, shown = load(path, {})[0].rule_groups
    assert (hidden.name, hidden.interval_ms, hidden.query_offset_ms) == ("h", 60_000, 0), "Go's globs see hidden files"
    assert (shown.name, shown.interval_ms, shown.query_offset_ms, shown.rules[0].for_ms) == (
        "g",
        30_000,
        5_000,
        300_000,
    )


def test_expressions_are_judged_by_the_function_handed_in(write: Write) -> None:
    def judge(expr: str) -> None:
        if "(" in expr:
            raise BadQuery("1:4: parse error: unclosed left parenthesis")

    path = write("rule_files: [r.yml]", {"r.yml": "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum("})
    with pytest.raises(Refused) as caught:
        load(path, {}, check_expr=judge)
    assert str(caught.value).endswith(
        'r.yml:5: group "g", rule 1, "A": could not parse expression: 1:4: parse error: unclosed left parenthesis'
    )


@pytest.mark.parametrize(
    ("storage", "ms", "size"),
    [
        pytest.param("retention.time: 15d, retention.size: 50GB", 15 * 86_400_000, 50 << 30, id="flags as keys"),
        pytest.param("retention: {time: 2w, size: 512MB}", 14 * 86_400_000, 512 << 20, id="Prometheus 3"),
        pytest.param("out_of_order_time_window: 1h", None, None, id="nothing said"),
        pytest.param("retention: {time: 0s}", None, None, id="0 says nothing"),
    ],
)
def test_retention(write: Write, storage: str, ms: int | None, size: int | None) -> None:
    config, _ = load(write(f"storage: {{tsdb: {{{storage}}}}}"), {})
    assert (config.retention_ms, config.retention_size_bytes) == (ms, size)


class TestPathsOfContainers:
    """A file written for a container loads on a host: one warning says what is read instead."""

    def test_rules_are_found_beside_the_file(self, write: Write) -> None:
        path = write("rule_files: ['/etc/nobody/rules/*.yml']", {"rules/a.yml": "groups: [{name: g}]"})
        (warning,) = said(path)
        assert warning == (
            'prometheus.yml:1: "/etc/nobody/rules/*.yml" matches nothing on this machine; "rules/*.yml" is used instead'
        )
        assert [group.name for group in load(path, {})[0].rule_groups] == ["g"]

    def test_a_bare_star_takes_rule_files_only(self, write: Write) -> None:
        """The configuration itself, blackbox.yml and the like lie in the same folder."""
        path = write(
            "rule_files: ['/etc/nobody/rules/*.yml']",
            {"alerts.yml": "groups: [{name: g}]", "blackbox.yml": "modules: {}", "broken.yml": "{"},
        )
        assert [group.name for group in load(path, {})[0].rule_groups] == ["g"]

    def test_what_is_there_is_read_where_it_is(self, write: Write, tmp_path: Path) -> None:
        path = write(f"rule_files: ['{tmp_path}/there/*.yml']", {"there/a.yml": "groups: []", "a.yml": "groups: []"})
        assert said(path) == []

    def test_a_secret_is_found_beside_the_file(self, write: Write) -> None:
        path = write("scrape_configs: [{job_name: a, bearer_token_file: /run/nobody/token}]", {"token": "x"})
        found = job(path)
        assert found.client.authorization is not None
        assert found.client.authorization.credentials.file == path.parent / "token"

    def test_targets_are_found_beside_the_file(self, write: Write) -> None:
        path = write(
            "scrape_configs: [{job_name: a, file_sd_configs: [{files: [/etc/nobody/sd/*.json]}]}]", {"sd/a.json": "[]"}
        )
        assert job(path).discoveries == (FileSd((str(path.parent / "sd/*.json"),)),)

    def test_what_is_nowhere_stays_as_it_was_written(self, write: Write) -> None:
        path = write("scrape_configs: [{job_name: a, file_sd_configs: [{files: [/etc/nobody/sd/*.json]}]}]")
        assert job(path).discoveries == (FileSd(("/etc/nobody/sd/*.json",)),)


class TestTheUsersFiles:
    """Sections 3.1, 3.2, 3.3 and 8.1 of the users' guide, as they stand there."""

    def load(self, write: Write, block: str, files: dict[str, str] | None = None) -> tuple[PrometheusConfig, list[str]]:
        path = write(block, files)
        return load(path, {})[0], said(path)

    def test_the_basic_configuration_with_its_rules(
        self, write: Write, seed_blocks: Callable[[str], list[str]]
    ) -> None:
        (block,) = seed_blocks('job_name: "blackbox"')
        (rules,) = seed_blocks("# prometheus/rules/alerts.yml")
        config, warnings = self.load(write, block, {"rules/alerts.yml": rules})
        assert [each.job_name for each in config.scrape] == [
            "prometheus",
            "node",
            "backend-api",
            "cadvisor",
            "blackbox",
        ]
        assert all((each.interval_ms, each.timeout_ms) == (15_000, 10_000) for each in config.scrape)
        assert [rule.alert for rule in config.rule_groups[0].rules] == [
            "HighCpuUsage",
            "HighMemoryUsage",
            "ServiceDown",
            "HighApiErrorRate",
        ]
        assert len(config.alertmanagers) == 1
        assert warnings == [
            'prometheus.yml:14: "/etc/prometheus/rules/*.yml" matches nothing on this machine; '
            '"rules/*.yml" is used instead'
        ]

    def test_discovery_in_kubernetes(self, write: Write, seed_blocks: Callable[[str], list[str]]) -> None:
        (block,) = seed_blocks("kubernetes_sd_configs")
        config, warnings = self.load(write, block)
        assert config.scrape[0].discoveries == (KubernetesSd("pod"),)
        assert config.scrape[0].relabel[0].regex == "true"
        assert warnings == []

    def test_retention_among_the_storage_keys(self, write: Write, seed_blocks: Callable[[str], list[str]]) -> None:
        (block,) = seed_blocks("retention.time")
        config, warnings = self.load(write, block)
        assert (config.retention_ms, config.retention_size_bytes) == (15 * 86_400_000, 50 << 30)
        assert [warning.split(": ")[1] for warning in warnings] == [
            "`path`",
            "`retention.time`",
            "`retention.size`",
            "`wal_compression`",
        ]


def test_a_job_s_failure_log_is_global_s_unless_it_names_its_own(write: Write) -> None:
    text = """\
global: {scrape_failure_log_file: failures.log}
scrape_configs:
- {job_name: a}
- {job_name: b, scrape_failure_log_file: /var/none/b.log}
"""
    path = write(text)
    config, warnings = load(path, {})
    assert [each.failure_log for each in config.scrape] == [path.parent / "failures.log", Path("/var/none/b.log")]
    assert [str(one).replace(f"{path.parent}/", "") for one in warnings] == [
        'prometheus.yml:4: `scrape_failure_log_file`: the folder of "/var/none/b.log" is not there, '
        "so nothing is written until it is"
    ]
    assert f"  scrape_failure_log_file: {path.parent}/failures.log\n" in config.yaml
