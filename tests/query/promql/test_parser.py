"""What is read, and in which words and at which place Prometheus refuses what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.errors import BadQuery
from hannun.query.promql import check, prepare
from hannun.query.promql.printer import text_of

REFUSED = [
    ("", "unknown position: parse error: no expression found in input"),
    ("# only a comment", "1:1: parse error: no expression found in input"),
    ("foo bar", '1:5: parse error: unexpected identifier "bar"'),
    ("sum(", "1:5: parse error: unclosed left parenthesis"),
    ("1)", "1:2: parse error: unexpected right parenthesis ')'"),
    ("foo +", "1:6: parse error: unexpected end of input"),
    ("*1", "1:1: parse error: unexpected <op:*>"),
    ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
    ("1 + bool 1", "1:3: parse error: bool modifier can only be used on comparison operators"),
    ("1 or 1", '1:1: parse error: set operator "or" not allowed in binary scalar expression'),
    ("a and group_left b", "1:7: parse error: unexpected <group_left>"),
    ("a and on(x) group_left b", '1:1: parse error: no grouping allowed for "and" operation'),
    (
        "a + on(x) group_left(x) b",
        '1:3: parse error: label "x" must not occur in ON and GROUP clause at once',
    ),
    ("a + on(x) 1", "1:1: parse error: vector matching only allowed between instant vectors"),
    ("rate(a)", '1:6: parse error: expected type range vector in call to function "rate", got instant vector'),
    ("rate()", '1:1: parse error: expected 1 argument(s) in call to "rate", got 0'),
    ("label_join(a)", '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1'),
    ("round(a, 1, 2)", '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'),
    ("nope(a)", '1:1: parse error: unknown function with name "nope"'),
    ("abs(a,)", "1:6: parse error: trailing commas not allowed in function call args"),
    ("sum(a, b)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2"),
    ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
    ("topk(a, b)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"),
    ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
    ("sum by (a b) (x)", '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'),
    ("sum by 1 (x)", '1:8: parse error: unexpected number "1" in grouping opts, expected "("'),
    ("sum 5", '1:5: parse error: unexpected number "5" in aggregation'),
    ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
    ('{a=~".*"}', "1:1: parse error: vector selector must contain at least one non-empty matcher"),
    ('foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'),
    ("foo{a}", '1:6: parse error: unexpected "}" in label matching, expected label matching operator'),
    ("foo{a=b}", '1:7: parse error: unexpected identifier "b" in label matching, expected string'),
    ('foo{a="b" c="d"}', '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"'),
    ("foo{", "1:5: parse error: unexpected end of input inside braces"),
    ('foo{a="', "1:7: parse error: unterminated quoted string"),
    ("foo{a='b'}}", "1:11: parse error: unexpected character: '}'"),
    ("1[5m]", "1:2: parse error: ranges only allowed for vector selectors"),
    ("foo[5m", "1:7: parse error: unclosed left bracket"),
    ("foo[0s]", "1:5: parse error: duration must be greater than 0"),
    ("foo[5]5m", '1:7: parse error: unexpected duration "5m"'),
    ("foo[5m] offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"),
    ("foo offset 1m[5m]", "1:14: parse error: no offset modifiers allowed before range"),
    ("foo @ 1[5m]", "1:8: parse error: no @ modifiers allowed before range"),
    ("foo @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
    ("foo @ bar", '1:7: parse error: unexpected identifier "bar" in @, expected timestamp'),
    (
        "rate(foo[5m]) offset 1m",
        "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector "
        "or a subquery",
    ),
    ("1[5m:1m]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"),
    (
        "-'a'",
        '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
    ),
    ("1 +\n  (2 +\n   %)", "3:4: parse error: unexpected <op:%>"),
    ('"한국" + 한', "1:12: parse error: unexpected character: '한'"),
    ("1 ! 2", "1:3: parse error: unexpected character after '!': ' '"),
    ("5mm", '1:1: parse error: bad number or duration syntax: "5mm"'),
    ("1m5m", '1:1: parse error: not a valid duration string: "1m5m"'),
    ('"\\z"', "1:1: parse error: unknown escape sequence U+007A 'z'"),
    ("foo anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[text or "(empty)" for text, _ in REFUSED])
def test_refusal_has_prometheus_words_and_place(text: str, words: str) -> None:
    with pytest.raises(BadQuery) as raised:
        check(text)
    assert str(raised.value) == words


READ = [
    'sum by (job) (rate(http_requests_total{code!~"5.."}[5m] offset 1m))',
    "SUM(a) BY (b) / ON(c) GROUP_LEFT(d) e",
    "sum + avg - by",
    "-2 ^ ---1 * 3",
    "a[5m:1m] @ end() offset -5m",
    "a[5m:]",
    "a @ -1.5",
    '{"my.metric", "label.x"="v"}',
    'sum by (on, bool, "a b") (x)',
    "fill + fill_left",
    "a + fill_left(-1) fill_right(2) b",
    "a[max_of(step(), 5m * 2)]",
    "1h30m + 0x1F + 1_000 + .5 + Inf",
    "start + end + step + range",
    "rate(a[5m] anchored) + b smoothed",
    "a # comment\n + b",
    "quantile_over_time(0.5, a[300])",
    "`raw\\n` ",
    "count_values('v', a)",
    "a </ 5",
]


@pytest.mark.parametrize("text", READ)
def test_printed_question_reads_back_equal(text: str) -> None:
    node = prepare(text)
    assert prepare(text_of(node)) == node


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 10_000 + "1" + ")" * 10_000, id="parentheses"),
        pytest.param("-" * 10_000 + "1", id="signs"),
        pytest.param("sum(" * 5_000 + "a" + ")" * 5_000, id="calls"),
        pytest.param("1" + "+1" * 50_000, id="operators"),
        pytest.param("1^" * 10_000 + "1", id="powers"),
        pytest.param("a" + "[5m:1m]" * 10_000, id="subqueries"),
        pytest.param("a[" + "(" * 10_000, id="duration parentheses"),
        pytest.param("a[" + "5m+" * 10_000 + "5m]", id="duration operators"),
        pytest.param("x" * (1 << 20), id="1 MiB name"),
        pytest.param("(" * (1 << 18), id="256 KiB of parentheses"),
        pytest.param("9" * 200_000, id="long number"),
        pytest.param("1h" * 100_000, id="long duration"),
        pytest.param('"' + "\\" * 100_001, id="backslashes"),
        pytest.param('a{b=~"' + "a" * 20_000 + '"}', id="long regex"),
        pytest.param("\x00", id="NUL"),
        pytest.param("\ud800", id="lone surrogate"),
    ],
)
def test_hostile_text_is_a_clean_refusal(text: str) -> None:
    with pytest.raises(BadQuery, match="parse error"):
        check(text)


@given(st.text(max_size=60) | st.text(alphabet="()[]{}+-*/^=!~<>@:,.\"'`\\#0159eEmhsabx_ \n", max_size=80))
def test_any_text_is_a_question_or_a_refusal(text: str) -> None:
    said = ""
    try:
        check(text)
    except BadQuery as err:
        said = str(err)
    assert said == "" or "parse error" in said


_NAME = st.sampled_from(["a", "up", "job:x:rate5m", "sum", "offset"])
_LEAF = st.one_of(
    _NAME,
    st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1e15).map(repr),
    st.sampled_from(
        ['a{b="c"}', 'a{b=~"x|y"} offset 5m', "a @ 12.5", "rate(a[5m])", "sum by (x) (a)", "max_over_time(a[5m:1m])"]
    ),
)
_TREE = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "^", "atan2"]), inner).map(" ".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
    ),
    max_leaves=12,
)


@given(_TREE)
def test_every_printed_tree_reads_back_equal(text: str) -> None:
    node = prepare(text)
    assert prepare(text_of(node)) == node
