"""YAML with lines, bounds and nothing that runs. Group 8 of the hostile-input list."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.config import yaml
from hannun.config.complaint import Refused


def load(text: str | bytes) -> Any:
    return yaml.to_python(yaml.load(text, "x.yml").root)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: 1\nb: [x, 2.5]", {"a": 1, "b": ["x", 2.5]}, id="plain data"),
        pytest.param("a: 'null'\nb: null\nc: ~\nd:", {"a": "null", "b": None, "c": None, "d": None}, id="nulls"),
        pytest.param("a: true\nb: no\nc: on", {"a": True, "b": "no", "c": "on"}, id="only true and false are booleans"),
        pytest.param("a: 0644\nb: 1e3\nc: 1_000", {"a": 644, "b": 1000.0, "c": "1_000"}, id="numbers of YAML 1.2"),
        pytest.param("a: !!str 12", {"a": "12"}, id="a string by tag"),
        pytest.param('a: ! "x"', {"a": "x"}, id="the empty tag"),
        pytest.param(
            "b: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}", {"b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}}, id="merge"
        ),
        pytest.param(
            "b: &b {x: 1}\nd: &d {x: 2, z: 3}\nc: {<<: [*b, *d]}",
            {"b": {"x": 1}, "d": {"x": 2, "z": 3}, "c": {"x": 1, "z": 3}},
            id="the first merged mapping wins",
        ),
        pytest.param("a: &x [1]\nb: *x", {"a": [1], "b": [1]}, id="an alias"),
        pytest.param("# nothing", None, id="only a comment"),
        pytest.param("", None, id="empty"),
        pytest.param("\ufeffa: 1", {"a": 1}, id="a byte order mark"),
        pytest.param("이름: 값", {"이름": "값"}, id="Hangul"),
        pytest.param("a: 12345678901234567890123", {"a": 12345678901234567890123.0}, id="digits beyond an integer"),
        pytest.param("a: " + "9" * 5000, {"a": "9" * 5000}, id="a 5000-digit number stays text"),
    ],
)
def test_data(text: str, value: object) -> None:
    assert load(text) == value


def test_lines_are_known() -> None:
    root = yaml.load("a: 1\n\nb:\n  - x\n  - y: 2\n", "x.yml").root
    assert isinstance(root, yaml.Map)
    assert [entry.line for entry in root] == [1, 3]
    items = root.get("b")
    assert isinstance(items, yaml.Seq)
    assert [item.line for item in items] == [4, 5]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3",
            'x.yml:3: "a" stands here twice (first in line 1); the last one counts',
            id="duplicate key",
        ),
        pytest.param("a: 1\n---\nb: 2", "x.yml:2: only the first document is read", id="two documents"),
        pytest.param("a: 1\n? [x]\n: 2", "x.yml:2: a key that is no text is left out", id="a list as key"),
    ],
)
def test_warnings(text: str, warning: str) -> None:
    document = yaml.load(text, "x.yml")
    assert [str(complaint) for complaint in document.warnings] == [warning]


def test_of_a_duplicate_key_the_last_counts() -> None:
    assert load("a: 1\na: 3") == {"a": 3}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "a: !!python/object/apply:os.system [id]",
            'x.yml:1: the tag "!!python/object/apply:os.system"',
            id="a python object",
        ),
        pytest.param("a: 1\nb: !!binary aGk=", 'x.yml:2: the tag "!!binary"', id="a tag of YAML's that we do not take"),
        pytest.param("a: !vault x", 'x.yml:1: the tag "!vault"', id="a tag of somebody's"),
        pytest.param(BOMB, "values once aliases are written out", id="an alias bomb"),
        pytest.param("a: &a [*a]", 'x.yml:1: "*a" contains itself', id="an alias into itself"),
        pytest.param("a: *nobody", "x.yml:1:", id="an alias to nothing"),
        pytest.param("[" * 100 + "]" * 100, "nested deeper than 64", id="100 levels"),
        pytest.param("a:\n  b: [1", "x.yml:2: not YAML", id="an open bracket"),
        pytest.param("a: 1\n b: 2", "x.yml:2: not YAML", id="wrong indentation"),
        pytest.param("a:\tb:\tc", "x.yml:1: not YAML", id="tabs"),
        pytest.param(b"a: 1\nb: \xff", "x.yml:2: not UTF-8", id="another encoding"),
        pytest.param("a: \x07", "x.yml: not YAML", id="a control character"),
        pytest.param("\n" * 200_000, "more than 100,000 lines", id="too many lines"),
        pytest.param(b"#" * (9 << 20), "larger than 8 MiB", id="too large"),
        pytest.param("a: {<<: 3}", "x.yml:1: `<<` takes a mapping", id="a merge of a number"),
    ],
)
def test_refusals_name_the_line_and_the_bound(text: str | bytes, said: str) -> None:
    with pytest.raises(Refused) as caught:
        load(text)
    assert said in str(caught.value)
    assert all(max(complaint.text.say("ko")) >= "가" for complaint in caught.value.complaints)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 500_000, id="half a million open brackets"),
        pytest.param("{a: " * 200_000, id="open braces"),
        pytest.param("? " * 200_000, id="open keys"),
        pytest.param("- " * 200_000, id="open dashes"),
        pytest.param("a: &a b\n" * 90_000, id="the same anchor again and again"),
        pytest.param("a: 1\n" * 90_000, id="the same key again and again"),
        pytest.param("a: '" + "\n\n" * 40_000, id="an open quote over many lines"),
        pytest.param(BOMB, id="an alias bomb"),
        pytest.param("&a " * 100_000 + "x", id="a row of anchors"),
        pytest.param("%TAG ! tag:x,2000:\n" * 50_000 + "--- x", id="a row of directives"),
    ],
)
def test_a_hostile_file_costs_seconds_at_most(text: str) -> None:
    began_s = time.process_time()
    with suppress(Refused):
        yaml.load(text, "x.yml")
    assert time.process_time() - began_s < 5


_FRAGMENTS = st.sampled_from(
    [
        "a",
        "b: ",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&x ",
        "*x",
        "<<: ",
        "!!str ",
        "!!python/none ",
        "'",
        '"',
        "|\n",
        ">\n",
        "---\n",
        "...\n",
        "%YAML 9\n",
        "? ",
        "# c",
        "~",
        "\t",
        "\0",
        "\x85",
        "\u2028",
        "1e999",
        "é",
        "한",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_FRAGMENTS, max_size=40).map("".join) | st.text(max_size=200) | st.binary(max_size=200))
def test_any_bytes_give_a_document_or_a_refusal(content: str | bytes) -> None:
    with suppress(Refused):
        yaml.to_python(yaml.load(content, "x.yml").root)


@pytest.mark.long
@settings(max_examples=50_000, deadline=None)
@given(st.lists(_FRAGMENTS, max_size=120).map("".join) | st.binary(max_size=2_000))
def test_any_bytes_for_longer(content: str | bytes) -> None:
    with suppress(Refused):
        yaml.to_python(yaml.load(content, "x.yml").root)


@pytest.mark.parametrize(
    ("words", "expanded", "missing"),
    [
        pytest.param("${A}/x", "1/x", (), id="a variable"),
        pytest.param("${B}", "", ("B",), id="one that is not set"),
        pytest.param("${B:-two}", "two", (), id="one with a fallback"),
        pytest.param("$${A}", "${A}", (), id="an escaped dollar"),
        pytest.param("$A costs $5", "$A costs $5", (), id="a dollar alone is a dollar"),
        pytest.param("${A}${A}", "11", (), id="twice"),
    ],
)
def test_variables_in_values(words: str, expanded: str, missing: tuple[str, ...]) -> None:
    assert yaml.expand(words, {"A": "1"}) == (expanded, missing)
