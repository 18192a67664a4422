"""Target groups as files and HTTP endpoints write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.discovery import groups
from hannun.collect.discovery.groups import from_json, from_yaml
from hannun.model.errors import WireError
from hannun.model.target import TargetGroup

WANTED = [
    TargetGroup(
        "list:0",
        ({"__address__": "a:9100"}, {"__address__": "[::1]:80"}),
        {"env": "prod", "port": "9100", "__meta_url": "u"},
    ),
    TargetGroup("list:1", ({"__address__": "b"},), {"__meta_url": "u"}),
]
JSON = (
    b'[{"targets": ["a:9100", "[::1]:80"], "labels": {"env": "prod", "port": "9100"}, "note": 1}, {"targets": ["b"]}]'
)
YAML = b"""\
- targets: [a:9100, '[::1]:80']
  labels:
    env: prod
    port: 9100        # a number in YAML, a text as a label
  note: {who: ops}
- targets:
  - b
  labels:
"""


@pytest.mark.parametrize(
    ("read", "body"), [pytest.param(from_json, JSON, id="json"), pytest.param(from_yaml, YAML, id="yaml")]
)
def test_both_ways_of_writing_mean_the_same(read, body: bytes) -> None:
    assert read(body, "list", {"__meta_url": "u"}) == WANTED


@pytest.mark.parametrize("body", [b"[]", b"null"])
def test_an_empty_list_is_no_targets(body: bytes) -> None:
    assert from_json(body, "x", {}) == from_yaml(body, "x", {}) == []


def test_a_yaml_file_of_comments_is_no_targets() -> None:
    assert from_yaml(b"# nothing yet\n", "x", {}) == []


def test_our_own_meta_labels_cannot_be_forged() -> None:
    body = b'[{"targets": ["a"], "labels": {"__meta_filepath": "/etc/passwd"}}]'
    assert from_json(body, "x", {"__meta_filepath": "x"})[0].labels == {"__meta_filepath": "x"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"", "not a list of target groups", id="nothing at all"),
        pytest.param(b"{}", "Expected `array | null`", id="an object"),
        pytest.param(b'[{"targets": "a"}]', "$[0].targets", id="targets is a text"),
        pytest.param(b'[{"targets": [1]}]', "$[0].targets[0]", id="a target is a number"),
        pytest.param(b'[{"labels": {"a": 1}}]', "$[0].labels", id="a label is a number"),
        pytest.param(b'[{"labels": {"": "x"}}]', "label without a name", id="a label without a name"),
        pytest.param(b"[" * 200_000, "not a list", id="nested"),
        pytest.param(b'[{"targets": ["\xff"]}]', "not a list", id="no UTF-8"),
        pytest.param(b'[{"targets": ["\\ud800"]}]', "", id="half a surrogate pair"),
    ],
)
def test_a_bad_json_list_is_refused_with_its_place(body: bytes, words: str) -> None:
    with pytest.raises(WireError) as caught:
        from_json(body, "x", {})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"a: 1\n", "line 1: not a list", id="a mapping"),
        pytest.param(b"- targets: [a]\n- b\n", "line 2: not a target group", id="a text among groups"),
        pytest.param(b"- targets: a\n", "line 1: targets is not a list", id="targets is a text"),
        pytest.param(b"- targets: [[a]]\n", "line 1: not a text", id="a list as a target"),
        pytest.param(b"- labels: [a]\n", "line 1: labels is not a mapping", id="labels is a list"),
        pytest.param(b"- targets: [a\n", "x:1", id="no YAML"),
        pytest.param(b"- !!python/object:os.system {}\n", "tag", id="a tag that runs something"),
    ],
)
def test_a_bad_yaml_list_is_refused_with_its_line(body: bytes, words: str) -> None:
    with pytest.raises(WireError) as caught:
        from_yaml(body, "x", {})
    assert words in str(caught.value)


def test_sizes_are_bounded() -> None:
    for read in (from_json, from_yaml):
        with pytest.raises(WireError, match="larger than 16 MiB"):
            read(b" " * (groups.BODY_BYTES_MAX + 1), "x", {})
    many = b'[{"targets": [' + b",".join([b'"a"'] * (groups.TARGETS_MAX + 1)) + b"]}]"
    with pytest.raises(WireError, match="more than 100,000 targets"):
        from_json(many, "x", {})
    labels = b",".join(b'"l%d":""' % at for at in range(groups.LABELS_MAX + 1))
    with pytest.raises(WireError, match="more than 1,000 labels"):
        from_json(b'[{"labels": {' + labels + b"}}]", "x", {})


@given(st.one_of(st.binary(max_size=200), st.text(alphabet='[]{}",:-\n targetslb\\ud8', max_size=80).map(str.encode)))
def test_any_bytes_are_groups_or_a_wire_error(body: bytes) -> None:
    for read in (from_json, from_yaml):
        try:
            for group in read(body, "x", {}):
                assert all(set(target) == {"__address__"} for target in group.targets)
        except WireError:
            pass
