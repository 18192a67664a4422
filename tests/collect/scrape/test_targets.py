"""From groups to targets: the life of a target as Prometheus 3.x documents it, step by step."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.scrape.targets import build, global_url, offset_ms
from hannun.config.prometheus.model import ScrapeConfig, ScrapeLimits
from hannun.model.relabel import RelabelRule
from hannun.model.target import TargetGroup
from hannun.wire.exposition_text import HistogramReading

NATIVE, CONVERT = "__scrape_native_histograms__", "__convert_classic_histograms_to_nhcb__"


def config(**more: object) -> ScrapeConfig:
    return ScrapeConfig("app", 15_000, 10_000, **more)  # type: ignore[arg-type]


def group(*targets: Mapping[str, str], **labels: str) -> TargetGroup:
    return TargetGroup("test", targets, labels)


def at(address: str, **labels: str) -> dict[str, str]:
    return {"__address__": address, **labels}


def test_labels_come_from_the_target_then_the_group_then_the_job() -> None:
    found = build(config(), [group(at("a:1", env="own"), env="group", team="x", job="mine")])
    assert dict(found.active[0].labels) == {"env": "own", "team": "x", "job": "mine", "instance": "a:1"}
    assert dict(found.active[0].discovered) == {
        "__address__": "a:1",
        "__metrics_path__": "/metrics",
        "__scheme__": "http",
        "__scrape_interval__": "15s",
        "__scrape_timeout__": "10s",
        "env": "own",
        "team": "x",
        "job": "mine",
    }


def test_a_job_that_asks_for_native_histograms_says_so_to_relabeling() -> None:
    job = config(
        scrape_native_histograms=True,
        relabel=(
            RelabelRule(source_labels=("__address__",), regex="b:1", target_label=CONVERT, replacement="true"),
            RelabelRule(source_labels=("__address__",), regex="b:1", target_label=NATIVE, replacement="false"),
            RelabelRule(source_labels=("__address__",), regex="c:1", target_label=NATIVE, replacement="perhaps"),
        ),
    )
    found = build(job, [group(at("a:1"), at("b:1"), at("c:1"))])
    assert [one.histograms for one in found.active] == [
        HistogramReading(native=True),
        HistogramReading(convert_classic=True),
        HistogramReading(native=True),
    ]
    told = {name: value for name, value in found.active[0].discovered if "histograms" in name}
    assert told == {NATIVE: "true", CONVERT: "false", "__always_scrape_classic_histograms__": "false"}


@pytest.mark.parametrize(
    ("address", "url"),
    [
        pytest.param("a:9100", "http://a:9100/metrics", id="with a port"),
        pytest.param("a", "http://a/metrics", id="none is added"),
        pytest.param("[::1]:9100", "http://[::1]:9100/metrics", id="IPv6"),
    ],
)
def test_an_address_is_left_as_it_is(address: str, url: str) -> None:
    (found,) = build(config(), [group(at(address))]).active
    assert found.url == url
    assert dict(found.labels)["instance"] == address


def test_relabeling_sets_the_address_path_scheme_params_and_times() -> None:
    """The users' blackbox job, and what else relabeling may reach."""
    rules = (
        RelabelRule(source_labels=("__address__",), target_label="__param_target"),
        RelabelRule(source_labels=("__param_target",), target_label="instance"),
        RelabelRule(target_label="__address__", replacement="blackbox-exporter:9115"),
        RelabelRule(target_label="__scrape_interval__", replacement="1m"),
        RelabelRule(target_label="__scrape_timeout__", replacement="20s"),
        RelabelRule(target_label="__scheme__", replacement="https"),
    )
    job = config(
        metrics_path="/probe",
        params={"module": ("http_2xx",), "target": ("x", "y")},
        relabel=rules,
    )
    (found,) = build(job, [group(at("example.com/health".replace("/health", "")))]).active
    assert found.url == "https://blackbox-exporter:9115/probe?module=http_2xx&target=example.com&target=y"
    assert (found.host, found.port, found.path) == ("blackbox-exporter", 9115, "/probe")
    assert found.params == {"module": ("http_2xx",), "target": ("example.com", "y")}
    assert (found.interval_ms, found.timeout_ms) == (60_000, 20_000)
    assert dict(found.labels) == {"instance": "example.com", "job": "app"}


def test_a_url_as_target_is_fine_when_relabeling_moves_it() -> None:
    rules = (
        RelabelRule(source_labels=("__address__",), target_label="__param_target"),
        RelabelRule(target_label="__address__", replacement="bb:9115"),
    )
    (found,) = build(config(relabel=rules), [group(at("https://example.com/health"))]).active
    assert found.url == "http://bb:9115/metrics?target=https%3A%2F%2Fexample.com%2Fhealth"


def test_parameters_and_paths_are_escaped() -> None:
    (found,) = build(config(metrics_path="me trics?", params={"a b": ("&=",)}), [group(at("a:1"))]).active
    assert found.url == "http://a:1/me%20trics%3F?a+b=%26%3D"


def test_meta_and_hidden_labels_do_not_reach_series() -> None:
    (found,) = build(config(), [group(at("a:1", __meta_x="1", __tmp="2", ok="3"))]).active
    assert [name for name, _ in found.labels] == ["instance", "job", "ok"]


def test_what_relabeling_drops_is_listed_up_to_a_bound_and_counted() -> None:
    drop = (RelabelRule(action="drop", source_labels=("__address__",), regex="b.*"),)
    job = config(relabel=drop, limits=ScrapeLimits(keep_dropped_targets=1))
    found = build(job, [group(at("a:1"), at("b:1"), at("b:2"))])
    assert len(found.active) == 1
    assert found.dropped_count == 2
    assert [dict(one.discovered)["__address__"] for one in found.dropped] == ["b:1"]


def test_equal_label_sets_are_one_target() -> None:
    same = (RelabelRule(target_label="instance", replacement="x"), RelabelRule(action="labeldrop", regex="n"))
    found = build(config(relabel=same), [group(at("a:1", n="1"), at("a:1", n="2")), group(at("a:1"))])
    assert len(found.active) == 1
    other = build(config(relabel=same), [group(at("a:1"), at("b:1"))])
    assert len(other.active) == 2, "another URL is another target"


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        pytest.param({"env": "x"}, "no address", id="no address"),
        pytest.param(at("http://a/metrics"), '"http://a/metrics" is not a valid hostname', id="a URL"),
        pytest.param(at("a:1", __scrape_interval__="x"), "error parsing scrape interval", id="interval is no duration"),
        pytest.param(at("a:1", __scrape_interval__="0s"), "scrape interval cannot be 0", id="interval zero"),
        pytest.param(
            at("a:1", __scrape_timeout__="16s"),
            'scrape timeout cannot be greater than scrape interval ("16s" > "15s")',
            id="timeout over interval",
        ),
    ],
)
def test_labels_that_make_no_target_are_told(labels: dict[str, str], error: str) -> None:
    found = build(config(), [group(labels, at("good:1"))])
    assert len(found.active) == 1
    assert error in found.errors[0]


def test_a_wild_discovery_is_cut() -> None:
    found = build(config(), [group(*(at(f"a:{number}") for number in range(12_000)))])
    assert (len(found.active), found.found) == (10_000, 12_000)


def test_a_thousand_targets_are_spread_over_the_interval_and_keep_their_place() -> None:
    targets = build(config(), [group(*(at(f"10.0.{n // 250}.{n % 250}:9100") for n in range(1000)))]).active
    offsets = [offset_ms(one, "host", 15_000) for one in targets]
    assert offsets == [offset_ms(one, "host", 15_000) for one in targets]
    assert offsets != [offset_ms(one, "other", 15_000) for one in targets]
    per_second = [sum(second * 1000 <= one < second * 1000 + 1000 for one in offsets) for second in range(15)]
    assert max(per_second) < 2 * 1000 / 15
    assert min(per_second) > 1000 / 15 / 2


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://localhost:9100/metrics", "http://web-1:9100/metrics"),
        ("http://127.0.0.1/metrics", "http://web-1/metrics"),
        ("http://[::1]:1/", "http://web-1:1/"),
        ("http://localhost.example/x", "http://localhost.example/x"),
        ("http://db:1/", "http://db:1/"),
    ],
)
def test_a_global_url_names_this_machine(url: str, seen: str) -> None:
    assert global_url(url, "web-1") == seen


NAMES = st.sampled_from(
    ["__address__", "__scheme__", "__metrics_path__", "__param_x", "__scrape_interval__", "__meta_x", "job", "a", "한"]
)


@given(st.dictionaries(NAMES, st.text(max_size=20)))
def test_any_labels_make_a_target_or_say_why_not(labels: dict[str, str]) -> None:
    found = build(config(), [group(labels)])
    assert len(found.active) + found.dropped_count + len(found.errors) == 1
