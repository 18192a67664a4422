"""Promtail's stages do to a line what Promtail does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.errors import BadQuery, ConfigError
from hannun.model.stage import StageSpec
from hannun.process.pipeline.context import Context, Selects
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.meters import SERIES_MAX, MeterStore
from hannun.process.pipeline.pipeline import Pipeline
from hannun.process.pipeline.registry import kinds

NOW_NS = 1_700_000_000 * 10**9
STAMP = "2023-01-02T03:04:05.678901234Z"
STAMP_NS = 1_672_628_645_678_901_234


class World:
    """A clock that the test turns, and what stages reported."""

    def __init__(self) -> None:
        self.s = 0.0
        self.dropped: list[str] = []
        self.chances = iter([0.1, 0.9, 0.1])
        self.meters = MeterStore(lambda: self.s)
        self.context = Context(
            job="j",
            select=select,
            meters=self.meters,
            dropped=lambda reason, count: self.dropped.extend([reason] * count),
            now_ns=lambda: NOW_NS,
            monotonic_s=lambda: self.s,
            chance=lambda: next(self.chances),
        )


def select(selector: str) -> Selects:
    """`{a="b"} |= "c"`, read as little as these tests need."""
    name, _, rest = selector.strip("{").partition("=")
    value, _, needle = rest.partition("}")
    if not rest:
        raise BadQuery("parse error")

    def selects(labels: Mapping[str, str], line: str) -> bool:
        return labels.get(name) == value.strip('"') and needle.removeprefix(" |= ").strip('"') in line

    return selects


@pytest.fixture
def world() -> World:
    return World()


def pipeline(world: World, *stages: Mapping[str, Any]) -> Pipeline:
    return Pipeline.of(
        [StageSpec(kind, given, "f.yml:1") for each in stages for kind, given in each.items()], world.context
    )


def one(world: World, stages: list[Mapping[str, Any]], line: str, **labels: str) -> Entry:
    (entry,) = pipeline(world, *stages).run(Entry(dict(labels), 5, line))
    return entry


def test_json_with_jmespath_labels_template_and_output(world: World) -> None:
    entry = one(
        world,
        [
            {
                "json": {
                    "expressions": {
                        "level": None,
                        "code": "resp.code",
                        "first": "list[0].k",
                        "all": "list",
                        "no": "x.y",
                    }
                }
            },
            {"template": {"source": "message", "template": "{{ ToUpper .level }} {{ .code }} {{ .job }}"}},
            {"labels": {"level": None, "status": "code"}},
            {"structured_metadata": {"first": None}},
            {"output": {"source": "message"}},
        ],
        '{"level":"warn","resp":{"code":503},"list":[{"k":"v"}]}',
        job="api",
    )
    assert entry.line == "WARN 503 api"
    assert entry.labels == {"job": "api", "level": "warn", "status": "503"}
    assert entry.metadata == {"first": "v"}
    assert entry.extracted["all"] == '[{"k":"v"}]'
    assert entry.extracted["no"] is None


def test_json_that_is_none(world: World) -> None:
    assert one(world, [{"json": {"expressions": {"a": None}}}], "plain").extracted == {}
    assert (
        pipeline(world, {"json": {"expressions": {"a": None}, "drop_malformed": True}}).run(Entry({}, 0, "plain")) == []
    )


def test_regex_timestamp_replace_and_pack(world: World) -> None:
    entry = one(
        world,
        [
            {"regex": {"expression": r"^(?P<ip>\S+) \[(?P<ts>[^\]]+)\]"}},
            {"timestamp": {"source": "ts", "format": "02/Jan/2006:15:04:05 -0700"}},
            {"replace": {"expression": r"password=(\S+)", "replace": "{{ if .Value }}***{{ end }}"}},
            {"pack": {"labels": ["ip", "job"], "ingest_timestamp": False}},
        ],
        "10.0.0.1 [10/Oct/2000:13:55:36 -0700] password=hunter2 ok",
        job="api",
    )
    assert entry.ts_ns == 971211336 * 10**9
    assert (
        entry.line == '{"ip":"10.0.0.1","job":"api","_entry":"10.0.0.1 [10/Oct/2000:13:55:36 -0700] password=*** ok"}'
    )
    assert entry.labels == {}


def test_logfmt_and_tenant(world: World) -> None:
    entry = one(
        world,
        [{"logfmt": {"mapping": {"msg": None, "who": "user"}}}, {"tenant": {"source": "who"}}],
        'ts=1 user="kim lee" msg=hi',
    )
    assert (entry.extracted["msg"], entry.extracted["who"], entry.tenant) == ("hi", "kim lee", "kim lee")
    assert one(world, [{"tenant": {"value": "fixed"}}], "x").tenant == "fixed"


@pytest.mark.parametrize(
    ("form", "text", "ns"),
    [
        ("Unix", "1700000000.25", 1_700_000_000_250_000_000),
        ("Unix", "1700000000", 1_700_000_000_000_000_000),
        ("UnixMs", "1700000000123", 1_700_000_000_123_000_000),
        ("UnixNs", "17", 17),
        ("RFC3339Nano", STAMP, STAMP_NS),
        ("2006-01-02 15:04:05", "2024-01-01 09:00:00", 1_704_067_200_000_000_000),
        ("Jan _2 15:04:05", "Nov  1 09:00:00", 1_698_796_800_000_000_000),
        ("Jan _2 15:04:05", "Feb 29 09:00:00", 5),
    ],
)
def test_timestamp(world: World, form: str, text: str, ns: int) -> None:
    stage = {"timestamp": {"source": "t", "format": form, "location": "Asia/Seoul"}}
    (entry,) = pipeline(world, stage).run(Entry({}, 5, "x", {"t": text}))
    assert entry.ts_ns == ns


def test_a_time_that_cannot_be_read_follows_the_last_one(world: World) -> None:
    stages = pipeline(world, {"timestamp": {"source": "t", "format": "RFC3339", "fallback_formats": ["UnixMs"]}})
    times = [stages.run(Entry({"a": "b"}, 5, "x", {"t": text}))[0].ts_ns for text in ("bad", "1000", "bad", "bad")]
    assert times == [5, 10**9, 10**9 + 1, 10**9 + 2]
    skipping = pipeline(world, {"timestamp": {"source": "t", "format": "UnixMs", "action_on_failure": "skip"}})
    assert [skipping.run(Entry({}, 5, "x", {"t": text}))[0].ts_ns for text in ("1000", "bad")] == [10**9, 5]


def test_docker_and_cri_join_what_was_cut(world: World) -> None:
    docker = pipeline(world, {"docker": None})
    assert docker.run(Entry({}, 0, f'{{"log":"ab","stream":"stdout","time":"{STAMP}"}}')) == []
    other = docker.run(Entry({}, 0, f'{{"log":"err\\n","stream":"stderr","time":"{STAMP}"}}'))
    assert [(entry.line, entry.labels) for entry in other] == [("err", {"stream": "stderr"})]
    (entry,) = docker.run(Entry({}, 0, '{"log":"cd\\n","stream":"stdout","time":"2024-01-01T00:00:00Z"}'))
    assert (entry.line, entry.ts_ns, entry.labels) == ("abcd", STAMP_NS, {"stream": "stdout"})
    assert docker.run(Entry({}, 7, "no docker"))[0].line == "no docker"
    cri = pipeline(world, {"cri": {"max_partial_lines": 3}})
    assert cri.run(Entry({}, 0, f"{STAMP} stdout P ab")) == []
    assert [entry.line for entry in cri.run(Entry({}, 0, f"{STAMP} stdout F cd"))] == ["abcd"]
    assert cri.run(Entry({}, 0, f"{STAMP} stderr P ab")) == []
    assert cri.flush() == []
    world.s = 11
    assert [entry.line for entry in cri.flush()] == ["ab"]


def test_a_cut_line_is_bounded(world: World) -> None:
    cri = pipeline(world, {"cri": {"max_partial_line_size": "5B", "max_partial_line_size_truncate": True}})
    assert cri.run(Entry({}, 0, f"{STAMP} stdout P abcd")) == []
    assert [entry.line for entry in cri.run(Entry({}, 0, f"{STAMP} stdout F efgh"))] == ["abcde"]


def test_multiline_joins_waits_and_is_bounded(world: World) -> None:
    stages = pipeline(
        world,
        {"multiline": {"firstline": r"^\d", "max_lines": 3, "max_wait_time": "3s"}},
        {"static_labels": {"done": "yes"}},
    )

    def run(line: str) -> list[str]:
        return [entry.line for entry in stages.run(Entry({"a": "b"}, 0, line))]

    assert stages.waits
    assert run("before any first line") == ["before any first line"]
    assert run("1 one") == []
    assert run(" more") == []
    assert run("2 two") == ["1 one\n more"]
    assert run(" a") == []
    assert run(" b") == ["2 two\n a\n b"]
    assert run(" c") == []
    assert stages.flush() == []
    world.s = 3
    (late,) = stages.flush()
    assert (late.line, late.labels) == (" c", {"a": "b", "done": "yes"})
    assert run("3 three") == []
    assert [entry.line for entry in stages.close()] == ["3 three"]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"expression": "deb.g"}, False),
        ({"expression": "nope"}, True),
        ({"source": "level", "value": "debug"}, False),
        ({"source": "level", "value": "info"}, True),
        ({"source": "gone"}, True),
        ({"source": "level"}, False),
        ({"source": ["level", "n"], "separator": "#", "expression": "^debug#5$"}, False),
        ({"longer_than": "8B"}, False),
        ({"longer_than": "8KB"}, True),
        ({"older_than": "1h"}, False),
        ({"older_than": "1h", "longer_than": "8KB"}, True),
    ],
)
def test_drop(world: World, options: dict[str, Any], kept: bool) -> None:
    stages = pipeline(world, {"drop": {**options, "drop_counter_reason": "why"}})
    assert bool(stages.run(Entry({}, 0, "a debug line", {"level": "debug", "n": 5}))) is kept
    assert world.dropped == ([] if kept else ["why"])


def test_limit_and_sampling(world: World) -> None:
    limit = pipeline(world, {"limit": {"rate": 1, "burst": 2, "drop": True}})
    kept = [bool(limit.run(Entry({}, 0, "x"))) for _ in range(3)]
    world.s = 1
    assert [*kept, bool(limit.run(Entry({}, 0, "x")))] == [True, True, False, True]
    by_label = pipeline(world, {"limit": {"rate": 1, "burst": 1, "drop": True, "by_label_name": "ns"}})
    assert [bool(by_label.run(Entry({"ns": ns}, 0, "x"))) for ns in "aba"] == [True, True, False]
    assert by_label.run(Entry({}, 0, "x"))
    sampling = pipeline(world, {"sampling": {"rate": 0.5}})
    assert [bool(sampling.run(Entry({}, 0, "x"))) for _ in range(3)] == [True, False, True]
    assert world.dropped == ["ratelimit_drop_stage", "ratelimit_drop_stage", "sampling_stage"]


def test_match_runs_its_stages_or_drops(world: World) -> None:
    stages = [
        {
            "match": {
                "selector": '{app="a"} |= "x"',
                "stages": [{"static_labels": {"hit": "1"}}, {"drop": {"expression": "gone"}}],
            }
        },
        {"match": {"selector": '{app="b"}', "action": "drop", "drop_counter_reason": "b"}},
    ]
    run = pipeline(world, *stages).run
    assert [entry.labels for entry in run(Entry({"app": "a"}, 0, "x"))] == [{"app": "a", "hit": "1"}]
    assert [entry.labels for entry in run(Entry({"app": "a"}, 0, "y"))] == [{"app": "a"}]
    assert run(Entry({"app": "a"}, 0, "x gone")) == []
    assert run(Entry({"app": "b"}, 0, "x")) == []
    assert world.dropped == ["drop_stage", "b"]


def test_a_match_that_holds_lines_back_lets_the_others_pass(world: World) -> None:
    stages = pipeline(world, {"match": {"selector": '{app="a"}', "stages": [{"multiline": {"firstline": "^1"}}]}})
    assert stages.waits
    assert stages.run(Entry({"app": "a"}, 0, "1 x")) == []
    assert len(stages.run(Entry({"app": "b"}, 0, "1 x"))) == 1
    assert [entry.line for entry in stages.close()] == ["1 x"]


def test_metrics(world: World) -> None:
    stages = pipeline(
        world,
        {
            "metrics": {
                "lines": {"type": "Counter", "config": {"match_all": True, "action": "inc"}},
                "bytes": {"type": "Counter", "config": {"match_all": True, "count_entry_bytes": True, "action": "add"}},
                "errors": {"type": "Counter", "source": "level", "config": {"value": "error", "action": "inc"}},
                "took": {"type": "Histogram", "prefix": "my_", "config": {"buckets": [1, 0.1]}},
                "temp": {"type": "Gauge", "max_idle_duration": "10s", "config": {"action": "set"}},
            }
        },
    )
    for level, took in (("error", "50ms"), ("info", 0.5), ("error", "x")):
        stages.run(Entry({"job": "j"}, 0, "한", {"level": level, "took": took, "temp": 5}))
    label = ("job", "j")
    values = {
        (sample.name, *sample.labels): sample.value for _, samples in world.meters.families() for sample in samples
    }
    assert values == {
        ("promtail_custom_lines", label): 3,
        ("promtail_custom_bytes", label): 9,
        ("promtail_custom_errors", label): 2,
        ("my_took_bucket", label, ("le", "0.1")): 1,
        ("my_took_bucket", label, ("le", "1")): 2,
        ("my_took_bucket", label, ("le", "+Inf")): 2,
        ("my_took_sum", label): 0.55,
        ("my_took_count", label): 2,
        ("promtail_custom_temp", label): 5,
    }
    world.s = 11
    assert "promtail_custom_temp" not in {meter.name for meter, _ in world.meters.families()}


def test_series_of_meters_are_bounded(world: World) -> None:
    stages = pipeline(world, {"metrics": {"n": {"type": "counter", "config": {"match_all": True, "action": "inc"}}}})
    for number in range(SERIES_MAX + 5):
        stages.run(Entry({"id": str(number)}, 0, "x"))
    assert world.meters.refused == 5


def test_labels_are_dropped_allowed_and_events_are_read(world: World) -> None:
    assert one(world, [{"labeldrop": ["a", "x"]}], "l", a="1", b="2").labels == {"b": "2"}
    assert one(world, [{"labelallow": ["a"]}], "l", a="1", b="2").labels == {"a": "1"}
    entry = one(
        world,
        [{"eventlogmessage": {}}, {"decolorize": None}],
        "\x1b[31mred\x1b[0m",
        message="User: kim\r\n9 x: y\r\nnone",
    )
    assert entry.extracted["User"] == "kim"
    assert entry.extracted["__x"] == "y"
    assert entry.line == "red"


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ({"nope": None}, "f.yml:1: unknown stage type: nope"),
        ({"json": {}}, "f.yml:1: json stage: JMES expression is required"),
        ({"json": {"expressions": {"a": "b["}}}, "could not compile JMES expression"),
        ({"json": {"expressions": {"a": None}, "x": 1}}, "unknown option `x`"),
        ({"regex": {"expression": "("}}, "missing ): ("),
        ({"template": {"template": "x"}}, "`source` is required"),
        ({"template": {"source": "a", "template": "{{ env }}"}}, 'function "env" not defined'),
        ({"timestamp": {"source": "a", "format": "Unix", "location": "Mars/X"}}, "unknown time zone Mars/X"),
        ({"timestamp": {"source": "a", "format": "Unix", "action_on_failure": "x"}}, "invalid action on failure"),
        ({"drop": {}}, "config must contain at least one of"),
        ({"drop": {"value": "a", "expression": "b"}}, "cannot both be defined"),
        ({"limit": {"rate": 0}}, "failed to parse rate or burst"),
        ({"limit": {"rate": 1, "burst": 1, "by_label_name": "a"}}, "drop must be true"),
        ({"sampling": {"rate": 2}}, "must be between 0.0 and 1.0"),
        ({"multiline": {}}, "`firstline` is required"),
        ({"match": {"selector": "{"}}, "requires at least one additional stage"),
        ({"match": {"selector": "{", "action": "drop"}}, "invalid selector syntax"),
        ({"labels": {"1a": None}}, "invalid label name: 1a"),
        ({"labeldrop": []}, "label list cannot be empty"),
        ({"tenant": {"label": "a", "value": "b"}}, "exactly one of"),
        ({"metrics": {"a": {"type": "x"}}}, "invalid metric type 'x'"),
        ({"metrics": {"a": {"type": "gauge", "config": {"action": "x"}}}}, "action of a gauge must be one of"),
        ({"geoip": {"db": "/x", "source": "ip", "db_type": "city"}}, "databases of addresses are not read"),
        ({"json": [1]}, "takes `key: value` options"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_place(world: World, stage: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        pipeline(world, stage)
    assert words in str(raised.value)
    assert raised.value.say("ko") != raised.value.say("en")


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "source expression expressions mapping template format location replace value labels selector stages action rate burst "  # noqa: E501
    "firstline max_lines max_wait_time older_than longer_than config buckets db label"
)


@given(
    st.sampled_from(kinds()),
    junk | st.dictionaries(st.sampled_from(KEYS.split()), junk, max_size=4),
    st.text(max_size=40),
)
def test_any_options_build_a_stage_that_takes_any_line_or_are_refused(kind: str, options: Any, line: str) -> None:
    try:
        stages = pipeline(World(), {kind: options})
    except ConfigError:
        return
    stages.run(Entry({"a": "b"}, 0, line, {"t": 1.5, "m": line}))
    stages.close()
