"""Relabel rules do what Prometheus 3.x documents, rule by rule and in order."""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import BadQuery, ConfigError
from hannun.model.relabel import RelabelRule
from hannun.process.relabel import Relabeler

Labels = dict[str, str]


def rule(action: str = "replace", *sources: str, **rest: Any) -> RelabelRule:
    return RelabelRule(action=action, source_labels=sources, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "labels", "wanted"),
    [
        pytest.param([], {"a": "1", "empty": ""}, {"a": "1"}, id="no rules: only empty values go"),
        pytest.param(
            [rule("replace", "a", target_label="b")], {"a": "1"}, {"a": "1", "b": "1"}, id="the defaults copy"
        ),
        pytest.param(
            [rule("replace", "a", regex="f(.*)", target_label="d", replacement="ch${1}-ch${1}")],
            {"a": "foo"},
            {"a": "foo", "d": "choo-choo"},
            id="groups in the replacement",
        ),
        pytest.param(
            [
                rule("replace", "a", "b", regex="f(.*);(.*)r", target_label="a", replacement="b${1}${2}m"),
                rule("replace", "c", "a", regex="(b).*b(.*)ba(.*)", target_label="d", replacement="$1$2$2$3"),
            ],
            {"a": "foo", "b": "bar", "c": "baz"},
            {"a": "boobam", "b": "bar", "c": "baz", "d": "boooom"},
            id="a later rule sees what an earlier one made",
        ),
        pytest.param(
            [rule("replace", "a", regex="o", target_label="b", replacement="x")],
            {"a": "foo"},
            {"a": "foo"},
            id="the regex is anchored",
        ),
        pytest.param(
            [rule("replace", "a", regex="f|foo", target_label="b", replacement="x")],
            {"a": "foo"},
            {"a": "foo", "b": "x"},
            id="both sides of an alternative are anchored",
        ),
        pytest.param(
            [rule("replace", "a", regex="x.y", target_label="b", replacement="z")],
            {"a": "x\ny"},
            {"a": "x\ny", "b": "z"},
            id="the dot matches a newline",
        ),
        pytest.param(
            [rule("replace", "a", "none", "b", separator="-", target_label="c")],
            {"a": "1", "b": "2"},
            {"a": "1", "b": "2", "c": "1--2"},
            id="an absent source counts as empty",
        ),
        pytest.param([rule(target_label="x", replacement="y")], {}, {"x": "y"}, id="no source at all sets a constant"),
        pytest.param(
            [rule("replace", "none", target_label="a")], {"a": "1", "b": "2"}, {"b": "2"}, id="an empty result deletes"
        ),
        pytest.param(
            [rule("replace", "none", regex="(.+)", target_label="a")], {"a": "1"}, {"a": "1"}, id="no match, no change"
        ),
        pytest.param(
            [rule("replace", "a", regex="some-([^-]+)-([^,]+)", target_label="${1}", replacement="${2}")],
            {"a": "some-name-value"},
            {"a": "some-name-value", "name": "value"},
            id="a group names the target",
        ),
        pytest.param(
            [rule("replace", "a", regex="some-([^-]+)-([^,]+)", target_label="${3}", replacement="${1}")],
            {"a": "some-name-0"},
            {"a": "some-name-0"},
            id="an empty target name does nothing",
        ),
        pytest.param(
            [rule("replace", "a", regex="(?P<head>.)(?P<tail>.*)", target_label="b", replacement="${tail}.$head")],
            {"a": "xyz"},
            {"a": "xyz", "b": "yz.x"},
            id="named groups",
        ),
        pytest.param(
            [rule("replace", "a", regex="(x)|(y)", target_label="b", replacement="<$1|$2>")],
            {"a": "y"},
            {"a": "y", "b": "<|y>"},
            id="a group that took no part is empty",
        ),
        pytest.param(
            [rule("replace", "tags", regex="(?:.+,|^)label:([^=]+)=([^,]+).*", target_label="$1", replacement="$2")],
            {"tags": "path:/secret,job:some-job,label:foo=bar"},
            {"tags": "path:/secret,job:some-job,label:foo=bar", "foo": "bar"},
            id="tags of a discovery source",
        ),
        pytest.param([rule("keep", "a", regex="f.*")], {"a": "foo"}, {"a": "foo"}, id="keep what matches"),
        pytest.param([rule("keep", "a", regex="no")], {"a": "foo"}, None, id="drop what keep does not match"),
        pytest.param([rule("drop", "a", regex=".*o.*")], {"a": "foo"}, None, id="drop what matches"),
        pytest.param([rule("drop", "a", regex="f|o")], {"a": "foo"}, {"a": "foo"}, id="keep what drop does not match"),
        pytest.param([rule("drop", "none", regex="")], {"a": "1"}, None, id="an empty regex matches what is absent"),
        pytest.param(
            [rule("keepequal", "a", target_label="b")], {"a": "1", "b": "1"}, {"a": "1", "b": "1"}, id="equal"
        ),
        pytest.param([rule("keepequal", "a", target_label="b")], {"a": "1", "b": "2"}, None, id="keepequal: not equal"),
        pytest.param([rule("keepequal", "a", target_label="b")], {}, {}, id="keepequal: both absent"),
        pytest.param([rule("dropequal", "a", target_label="b")], {"a": "1", "b": "1"}, None, id="dropequal: equal"),
        pytest.param([rule("dropequal", "a", target_label="b")], {"a": "1"}, {"a": "1"}, id="dropequal: not equal"),
        pytest.param(
            [rule("hashmod", "c", target_label="d", modulus=1000)],
            {"c": "baz"},
            {"c": "baz", "d": "976"},
            id="hashmod, as Prometheus's own test has it",
        ),
        pytest.param(
            [rule("hashmod", "a", target_label="b", modulus=1000)],
            {"a": "foo\nbar"},
            {"a": "foo\nbar", "b": "734"},
            id="hashmod over a newline",
        ),
        pytest.param(
            [rule("lowercase", "a", target_label="a"), rule("uppercase", "a", target_label="b")],
            {"a": "bAr123Foo"},
            {"a": "bar123foo", "b": "BAR123FOO"},
            id="lowercase and uppercase",
        ),
        pytest.param(
            [rule("uppercase", "a", target_label="b"), rule("lowercase", "c", target_label="d")],
            {"a": "straße ŉ ᾳ", "c": "İΣ"},
            {"a": "straße ŉ ᾳ", "b": "STRAßE ŉ ᾼ", "c": "İΣ", "d": "iσ"},
            id="one character stays one character, as in Go",
        ),
        pytest.param(
            [rule("lowercase", "none", target_label="a")], {"a": "1"}, {}, id="the lower case of nothing deletes"
        ),
        pytest.param(
            [rule("labelmap", regex="__meta_(my.*)", replacement="${1}")],
            {"a": "1", "__meta_my_bar": "2", "__meta_my_baz": "3", "__meta_other": "4"},
            {"a": "1", "__meta_my_bar": "2", "__meta_my_baz": "3", "__meta_other": "4", "my_bar": "2", "my_baz": "3"},
            id="labelmap keeps the sources",
        ),
        pytest.param(
            [rule("labelmap", regex="(a|b)", replacement="x")],
            {"b": "2", "a": "1"},
            {"a": "1", "b": "2", "x": "2"},
            id="labelmap: of two on one name the later name wins",
        ),
        pytest.param(
            [rule("labelmap", regex="a(.*)", replacement="$1")], {"a": "1"}, {"a": "1"}, id="labelmap: no empty names"
        ),
        pytest.param(
            [rule("labelmap", regex="a", replacement="a_a")],
            {"a": "1", "aa": "2"},
            {"a": "1", "a_a": "1", "aa": "2"},
            id="labelmap: whole names only, and what it makes is not mapped again",
        ),
        pytest.param([rule("labeldrop", regex="b.*")], {"a": "1", "b1": "2", "b2": "3"}, {"a": "1"}, id="labeldrop"),
        pytest.param([rule("labelkeep", regex="b.*")], {"a": "1", "b1": "2"}, {"b1": "2"}, id="labelkeep"),
        pytest.param(
            [rule("labeldrop", regex="__name__"), rule(target_label="a", replacement="b")],
            {"__name__": "up"},
            {"a": "b"},
            id="the name is a label like the others",
        ),
        pytest.param(
            [rule("drop", "a"), rule(target_label="b", replacement="x")],
            {"a": "1"},
            None,
            id="no rule runs after a drop",
        ),
    ],
)
def test_rules(rules: list[RelabelRule], labels: Labels, wanted: Labels | None) -> None:
    relabeler, before = Relabeler(rules), dict(labels)
    assert relabeler.apply(labels) == wanted
    assert labels == before, "the caller's labels stay as they are"
    steps = relabeler.steps(labels)
    if rules:
        last = steps[-1].after
        assert (None if last is None else dict(last)) == wanted
        assert (len(steps) == len(rules)) or last is None


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("$1", "x"),
        ("${1}", "x"),
        ("$1$2", "xy"),
        ("$1y", ""),
        ("${1}y", "xy"),
        ("$1-$2", "x-y"),
        ("$0", "x;y"),
        ("$3", ""),
        ("$01", ""),
        ("$10", ""),
        ("$99999999999999999999", ""),
        ("$$", "$"),
        ("$$1", "$1"),
        ("$$$1", "$x"),
        ("$", "$"),
        ("a$", "a$"),
        ("$-", "$-"),
        ("${", "${"),
        ("${}", "${}"),
        ("${1", "${1"),
        ("${1 }", "${1 }"),
        ("${n}$n", "yy"),
        ("$nm", ""),
        ("${없음}", ""),
        (r"\1", r"\1"),
        ("", None),
    ],
)
def test_templates_are_those_of_gos_regexp(template: str, made: str | None) -> None:
    found = Relabeler([rule("replace", "a", regex="(.*);(?P<n>.*)", target_label="b", replacement=template)]).apply(
        {"a": "x;y"}
    )
    assert found is not None
    assert found.get("b") == (made or None)


def test_names_that_prometheus_2_did_not_know() -> None:
    rules = [rule("replace", "a", target_label="$1", replacement="x", regex="(.*)")]
    for name in ("my.label", "5", "라벨"):
        assert Relabeler(rules).apply({"a": name}) == {"a": name, name: "x"}
        assert Relabeler(rules, legacy_names=True).apply({"a": name}) == {"a": name}
    assert Relabeler([rule(target_label="my.label", replacement="x")], legacy_names=True).apply({}) == {}


def test_steps_show_before_and_after_of_each_rule() -> None:
    rules = (rule("replace", "b", target_label="c"), rule("labeldrop", regex="a"), rule("drop", "c", regex="2"), rule())
    steps = Relabeler(rules).steps({"b": "2", "a": "1"})
    assert [step.rule for step in steps] == list(rules[:3])
    assert [step.before for step in steps] == [
        (("a", "1"), ("b", "2")),
        (("a", "1"), ("b", "2"), ("c", "2")),
        (("b", "2"), ("c", "2")),
    ]
    assert [step.after for step in steps] == [steps[1].before, steps[2].before, None]


def test_rules_that_config_should_have_refused() -> None:
    with pytest.raises(BadQuery, match="missing"):
        Relabeler([rule("keep", "a", regex="(")])
    with pytest.raises(ConfigError, match="non-zero modulus"):
        Relabeler([rule("hashmod", "a", target_label="b")])


def test_half_a_surrogate_pair_does_no_harm() -> None:
    rules = [rule("replace", "a", regex="(.).*", target_label="b"), rule("hashmod", "a", target_label="c", modulus=7)]
    found = Relabeler(rules).apply({"a": "\ud800x", "\udc00": "y"})
    assert found is not None
    assert (found["a"], found["b"], found["?"]) == ("?x", "?", "y")


def test_a_regex_bomb_costs_time_linear_in_its_input() -> None:
    relabeler = Relabeler(
        [rule("drop", "a", regex="(a+)+b"), rule("replace", "a", regex="(a*)*(.*)", target_label="b")] * 5
    )
    started_s = time.thread_time()
    assert relabeler.apply({"a": "a" * 100_000}) is not None
    assert time.thread_time() - started_s < 5.0


NAMES = st.sampled_from(["a", "b", "__meta_x", "__name__", "라벨"])
VALUES = st.text(max_size=8)
RULES = st.builds(
    RelabelRule,
    action=st.sampled_from(
        [
            *("replace", "keep", "drop", "keepequal", "dropequal", "labelmap", "labeldrop", "labelkeep"),
            *("lowercase", "uppercase", "hashmod"),
        ]
    ),
    source_labels=st.lists(NAMES, max_size=3).map(tuple),
    separator=st.sampled_from([";", "", "-"]),
    regex=st.sampled_from(["(.*)", "", "a", "(a|b)", "__meta_(.+)", "(.)(.*)", "[^a]*", "(?i)A.*"]),
    target_label=st.one_of(NAMES, st.sampled_from(["$1", "x_${2}"])),
    replacement=st.one_of(VALUES, st.sampled_from(["$1", "${2}$1", "$$", "${", "x"])),
    modulus=st.integers(1, 100),
)


@settings(max_examples=300)
@given(labels=st.dictionaries(NAMES, VALUES), rules=st.lists(RULES, max_size=5))
def test_whatever_the_rules_the_result_is_sound(labels: Labels, rules: list[RelabelRule]) -> None:
    relabeler = Relabeler(rules)
    found = relabeler.apply(labels)
    assert relabeler.apply(dict(reversed(labels.items()))) == found, "the order of labels does not matter"
    steps = relabeler.steps(labels)
    for earlier, later in itertools.pairwise(steps):
        assert earlier.after == later.before
    if found is None:
        assert steps[-1].after is None
        return
    assert all(name and value for name, value in found.items())
    if steps:
        assert dict(steps[-1].after or ()) == found


@given(value=VALUES, modulus=st.integers(1, 1 << 64))
def test_hashmod_is_md5s_last_eight_bytes(value: str, modulus: int) -> None:
    found = Relabeler([rule("hashmod", "a", target_label="b", modulus=modulus)]).apply({"a": value})
    digest = hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()
    assert found is not None
    assert found["b"] == str(int(digest[16:], 16) % modulus)


@given(labels=st.dictionaries(NAMES, VALUES.filter(bool)), regex=st.sampled_from(["a", "a|b", ".*", "__.*", "x"]))
def test_labeldrop_and_labelkeep_split_a_set(labels: Labels, regex: str) -> None:
    dropped = Relabeler([rule("labeldrop", regex=regex)]).apply(labels)
    kept = Relabeler([rule("labelkeep", regex=regex)]).apply(labels)
    assert dropped is not None
    assert kept is not None
    assert {**dropped, **kept} == labels
    assert all(re.fullmatch(regex, name) for name in kept)
