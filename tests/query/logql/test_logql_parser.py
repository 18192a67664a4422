"""What LogQL means as nodes, and in which words and at which place Loki refuses what it does not take."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import BadQuery
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.query.logql.lexer import Lexer
from hannun.query.logql.parser import parse, parse_selector
from hannun.query.logql.printer import pretty, show
from hannun.query.logql.syntax import (
    Binary,
    Both,
    Compare,
    Decolorize,
    Drop,
    Either,
    Extraction,
    Formatted,
    Grouping,
    IpMatch,
    Json,
    Keep,
    LabelFilter,
    LabelFormat,
    LabelReplace,
    LineFilter,
    LineFormat,
    Logfmt,
    LogQuery,
    Matching,
    NameOrMatch,
    Needle,
    Number,
    Pattern,
    Query,
    RangeAggregation,
    Regexp,
    Stage,
    TextMatch,
    Unpack,
    Unwrap,
    Vector,
    VectorAggregation,
)

S, M, H = 1_000_000_000, 60_000_000_000, 3_600_000_000_000
A = (equal("a", "b"),)
LINES = LogQuery(A)
RATE = RangeAggregation("rate", LINES, 5 * M)
EMPTY_VALUE = (
    "parse error : queries require at least one regexp or equality matcher that does not have an empty-compatible "
    'value. For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)

REFUSED = [
    ("", "parse error : syntax error: unexpected $end"),
    ("{", "parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }"),
    ("{app", "parse error at line 1, col 5: syntax error: unexpected $end, expecting = or =~ or !~ or !="),
    ("{app=", "parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING"),
    ('{app="a"', "parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,"),
    ('{app="a" x="b"}', "parse error at line 1, col 10: syntax error: unexpected IDENTIFIER, expecting } or ,"),
    ('{app="a",}', "parse error at line 1, col 10: syntax error: unexpected }, expecting IDENTIFIER"),
    ("{app='a'}", "parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting STRING"),
    ('{on="a"}', "parse error at line 1, col 2: syntax error: unexpected on, expecting IDENTIFIER or }"),
    ('{app="a', "parse error at line 1, col 6: literal not terminated"),
    ('{app="a\\d"}', "parse error at line 1, col 6: invalid char escape"),
    ('{app="a"}\n  |= ', "parse error at line 2, col 6: syntax error: unexpected $end, expecting STRING or ip"),
    ('{app="a"} | ', "parse error at line 1, col 13: syntax error: unexpected $end"),
    ('{app="a"} | json x=', "parse error at line 1, col 20: syntax error: unexpected $end, expecting STRING"),
    ('{app="a"} | regexp', "parse error at line 1, col 19: syntax error: unexpected $end, expecting STRING"),
    ('{app="a"} | label_format x', "parse error at line 1, col 27: syntax error: unexpected $end, expecting ="),
    (
        '{app="a"} | label_format x=5',
        "parse error at line 1, col 28: syntax error: unexpected NUMBER, expecting IDENTIFIER or STRING",
    ),
    ('{app="a"} | drop', "parse error at line 1, col 17: syntax error: unexpected $end, expecting IDENTIFIER"),
    ('{app="a"} | x >= ip("1")', "parse error at line 1, col 18: syntax error: unexpected ip"),
    ('{app="a"} | x=1 and', "parse error at line 1, col 20: syntax error: unexpected $end, expecting IDENTIFIER or ("),
    ('{app="a"} | unwrap x', "parse error at line 1, col 13: syntax error: unexpected unwrap"),
    ('{app="a"}[5m]', "parse error at line 0, col 10: syntax error: unexpected RANGE"),
    ("rate(x)", "parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting NUMBER or { or ("),
    ('rate({app="a"})', "parse error at line 1, col 15: syntax error: unexpected )"),
    ('rate({app="a"}[5m]', "parse error at line 1, col 19: syntax error: unexpected $end, expecting )"),
    ('rate({app="a"}[5m)', "parse error at line 0, col 15: missing closing ']' in duration"),
    ('rate({app="a"}[5minutes])', 'parse error at line 0, col 15: not a valid duration string: "5minutes"'),
    ('rate({app="a"}[5m] offset)', "parse error at line 1, col 26: syntax error: unexpected ), expecting DURATION"),
    (
        'sum_over_time({app="a"} | unwrap 5 [5m])',
        "parse error at line 1, col 34: syntax error: unexpected NUMBER, expecting IDENTIFIER or BYTES_CONV or "
        "DURATION_CONV or DURATION_SECONDS_CONV",
    ),
    (
        'sum_over_time({app="a"} | unwrap x)',
        "parse error at line 1, col 35: syntax error: unexpected ), expecting RANGE or |",
    ),
    ('unk({app="a"}[5m])', "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER"),
    ('min({app="a"}[5m])', "parse error at line 0, col 14: syntax error: unexpected RANGE"),
    ('sum(rate({app="a"}[5m]) by', "parse error at line 1, col 27: syntax error: unexpected $end, expecting ("),
    (
        'sum(rate({app="a"}[5m])) by (x y)',
        "parse error at line 1, col 32: syntax error: unexpected IDENTIFIER, expecting , or )",
    ),
    ("vector(x)", "parse error at line 1, col 8: syntax error: unexpected IDENTIFIER, expecting NUMBER"),
    (
        'label_replace(rate({app="a"}[5m]),"")',
        "parse error at line 1, col 37: syntax error: unexpected ), expecting ,",
    ),
    ('{app="a"} |= "x" )', "parse error at line 1, col 18: syntax error: unexpected )"),
    ("{}", EMPTY_VALUE),
    ('{app=~".*"}', EMPTY_VALUE),
    ('{app!="x"}', EMPTY_VALUE),
    ('sum(rate({app=~".*"}[1m]))', EMPTY_VALUE),
    ('avg_over_time({app="a"}[5m])', "parse error : invalid aggregation avg_over_time without unwrap"),
    (
        'count_over_time({app="a"} | unwrap x [5m])',
        "parse error : invalid aggregation count_over_time with unwrap",
    ),
    ('rate({app="a"}[5m]) by (x)', "parse error : grouping not allowed for rate aggregation"),
    (
        'sum_over_time({app="a"} | unwrap x [5m]) by (x)',
        "parse error : grouping not allowed for sum_over_time aggregation",
    ),
    ('rate(3, {app="a"}[5m])', "parse error : parameter 3 not supported for operation rate"),
    (
        'quantile_over_time({app="a"} | unwrap x [5m])',
        "parse error : parameter required for operation quantile_over_time",
    ),
    ('topk(rate({app="a"}[5m]))', "parse error : parameter required for operation topk"),
    ('topk(1.5, rate({app="a"}[5m]))', "parse error : invalid parameter topk(1.5,"),
    ('topk(0, rate({app="a"}[5m]))', "parse error : invalid parameter (must be greater than 0) topk(0"),
    ('sum(1, rate({app="a"}[5m]))', "parse error : unsupported parameter for operation sum(1,"),
    (
        'approx_topk(2, rate({app="a"}[5m])) by (x)',
        "parse error : grouping not allowed for approx_topk aggregation",
    ),
    ('sort(rate({app="a"}[5m])) by (x)', "parse error : sort and sort_desc doesn't allow grouping by "),
    (
        '1 and rate({app="a"}[5m])',
        "parse error : unexpected literal for left leg of logical/set binary operation (and)",
    ),
    (
        '{app="a"} + 1',
        "parse error : unexpected type for left leg of binary operation (+): *syntax.MatchersExpr",
    ),
    (
        '1 + ({app="a"} | json)',
        "parse error : unexpected type for right leg of binary operation (+): *syntax.PipelineExpr",
    ),
    ('{app="a"} | regexp "x"', "parse error : invalid regexp parser: at least one named capture must be supplied"),
    ('{app="a"} | pattern "x"', "parse error : invalid pattern parser: at least one capture is required"),
    (
        '{app="a"} | pattern "<x><y>"',
        "parse error : invalid pattern parser: found consecutive capture: invalid expression",
    ),
    (
        '{app="a"} | pattern "<x> <x>"',
        "parse error : invalid pattern parser: duplicate capture name (x): invalid expression",
    ),
    (
        '{app="a"} | label_format x=y,x="z"',
        "parse error : stage '| label_format x=y,x=\"z\"' : multiple label name 'x' not allowed in a single format "
        "operation",
    ),
    ('{app="a"} |> "<x>"', "parse error : stage '|> \"<x>\"' : named captures are not allowed"),
    ('{app="a"} |= ip("300.1.1.1")', "parse error : stage '|= ip(\"300.1.1.1\")' : ip: invalid pattern"),
    ('{app="a"} |~ ip("1.1.1.1")', "parse error : stage '|~ ip(\"1.1.1.1\")' : ip: invalid operation"),
    ('{app="a"} | line_format "{{"', "parse error : stage '| line_format \"{{\"' : invalid line template: "),
    ('{app="a"} | json x="y["', "parse error : stage '| json x=\"y[\"' : cannot parse expression [y[]: "),
    ('{app="a"} |~ "("', "parse error : stage '|~ \"(\"' : error parsing regexp: "),
    ('{app=~"("}', "parse error : error parsing regexp: missing ): ("),
]

MEANT: list[tuple[str, Query]] = [
    ('{a="b"}', LINES),
    ("{a=`b`} # said aside\n", LINES),
    ('({a="b"})', LINES),
    (
        '{a="b", c!="d", e=~"f.+", g!~`h\\d`}',
        LogQuery(
            (
                *A,
                Matcher("c", MatchOp.NOT_EQUAL, "d"),
                Matcher("e", MatchOp.REGEX, "f.+"),
                Matcher("g", MatchOp.NOT_REGEX, "h\\d"),
            )
        ),
    ),
    ('{rate="x", ip="y", 결제="z"}', LogQuery((equal("rate", "x"), equal("ip", "y"), equal("결제", "z")))),
    (
        '{a="b"} |= "x" or ip("10.0.0.0/8") != "y" or "z" |> "<_>q"',
        LogQuery(
            A,
            (
                LineFilter("|=", (Needle("x"), Needle("10.0.0.0/8", True))),
                LineFilter("!=", (Needle("y"),)),
                LineFilter("!=", (Needle("z"),)),
                LineFilter("|>", (Needle("<_>q"),)),
            ),
        ),
    ),
    (
        '{a="b"} | json | JSON c, d="e[0].f" | logfmt --keep-empty --strict g | unpack | decolorize',
        LogQuery(
            A,
            (
                Json(),
                Json((Extraction("c", "c"), Extraction("d", "e[0].f"))),
                Logfmt((Extraction("g", "g"),), True, True),
                Unpack(),
                Decolorize(),
            ),
        ),
    ),
    (
        '{a="b"} | regexp `(?P<c>\\d)` | pattern "<c> <_>" | line_format "{{.c}}" | label_format c=d,e="{{.f}}"',
        LogQuery(
            A,
            (
                Regexp("(?P<c>\\d)"),
                Pattern("<c> <_>"),
                LineFormat("{{.c}}"),
                LabelFormat((Formatted("c", "d", False), Formatted("e", "{{.f}}", True))),
            ),
        ),
    ),
    (
        '{a="b"} | drop c, d=~"x+" | keep e, f!="g"',
        LogQuery(
            A,
            (
                Drop((NameOrMatch("c"), NameOrMatch("d", Matcher("d", MatchOp.REGEX, "x+")))),
                Keep((NameOrMatch("e"), NameOrMatch("f", Matcher("f", MatchOp.NOT_EQUAL, "g")))),
            ),
        ),
    ),
    (
        '{a="b"} | c > 250ms and d<=20MB or e != -1.5',
        LogQuery(
            A,
            (
                LabelFilter(
                    Either(
                        Both(
                            Compare("c", ">", 0.25, "duration", "250ms"),
                            Compare("d", "<=", 20e6, "bytes", "20MB"),
                        ),
                        Compare("e", "!=", -1.5, "number", "-1.5"),
                    )
                ),
            ),
        ),
    ),
    (
        '{a="b"} | c="d" or e=~"f" and g!=ip("1.2.3.4")',
        LogQuery(
            A,
            (
                LabelFilter(
                    Either(
                        TextMatch(equal("c", "d")),
                        Both(TextMatch(Matcher("e", MatchOp.REGEX, "f")), IpMatch("g", True, "1.2.3.4")),
                    )
                ),
            ),
        ),
    ),
    (
        '{a="b"} | (c==1 or d==2) e==3',
        LogQuery(
            A,
            (
                LabelFilter(
                    Both(
                        Either(Compare("c", "==", 1, "number", "1"), Compare("d", "==", 2, "number", "2")),
                        Compare("e", "==", 3, "number", "3"),
                    )
                ),
            ),
        ),
    ),
    (
        '{a="b"} | c==1, d==2 or e==3',
        LogQuery(
            A,
            (
                LabelFilter(
                    Both(
                        Compare("c", "==", 1, "number", "1"),
                        Either(Compare("d", "==", 2, "number", "2"), Compare("e", "==", 3, "number", "3")),
                    )
                ),
            ),
        ),
    ),
    ('rate({a="b"}[5m])', RATE),
    ('RATE ( {a="b"} [5m] )', RATE),
    ('rate(({a="b"})[5m])', RATE),
    ('rate(({a="b"}[5m]))', RATE),
    ('rate({a="b"}[5m] offset -1h30m)', RangeAggregation("rate", LINES, 5 * M, -90 * M)),
    (
        'count_over_time({a="b"}[1d] offset 100ms |= "x")',
        RangeAggregation("count_over_time", LogQuery(A, (LineFilter("|=", (Needle("x"),)),)), 24 * H, S // 10),
    ),
    *(
        (text, RangeAggregation("sum_over_time", LogQuery(A, (Json(),)), 5 * M, 0, Unwrap("c", "bytes")))
        for text in (
            'sum_over_time({a="b"} | json | unwrap bytes(c) [5m])',
            'sum_over_time({a="b"} [5m] | json | unwrap bytes(c))',
            'sum_over_time(({a="b"} | json | unwrap bytes(c)) [5m])',
        )
    ),
    (
        'quantile_over_time(0.99, {a="b"} | unwrap duration(c) | __error__="" | d > 1 [5m]) without (e)',
        RangeAggregation(
            "quantile_over_time",
            LINES,
            5 * M,
            0,
            Unwrap(
                "c",
                "duration",
                (
                    LabelFilter(TextMatch(equal("__error__", ""))),
                    LabelFilter(Compare("d", ">", 1, "number", "1")),
                ),
            ),
            0.99,
            Grouping(("e",), True),
        ),
    ),
    ('sum(rate({a="b"}[5m])) by (c,d)', VectorAggregation("sum", RATE, None, Grouping(("c", "d")))),
    ('sum by (c,d) (rate({a="b"}[5m]))', VectorAggregation("sum", RATE, None, Grouping(("c", "d")))),
    ('topk(3, rate({a="b"}[5m])) without (c)', VectorAggregation("topk", RATE, 3.0, Grouping(("c",), True))),
    ('sort_desc(rate({a="b"}[5m]))', VectorAggregation("sort_desc", RATE)),
    (
        'label_replace(rate({a="b"}[5m]), "d", "$1", "s", "(.*)")',
        LabelReplace(RATE, "d", "$1", "s", "(.*)"),
    ),
    ("vector(1.5)", Vector(1.5)),
    ("1 + 2 * 3 ^ 2", Number(19.0)),
    ("-2 ^ 2", Number(4.0)),
    ("2 ^ 3 ^ 2", Number(512.0)),
    ("10 - 4 - 3", Number(3.0)),
    ("1 > 2", Number(0.0)),
    (
        'rate({a="b"}[5m]) > bool on (c) group_left (d, e) vector(1)',
        Binary(">", RATE, Vector(1), True, Matching(True, ("c",), "left", ("d", "e"))),
    ),
    (
        "vector(1) or vector(2) and vector(3) unless ignoring () vector(4)",
        Binary(
            "or",
            Vector(1),
            Binary("unless", Binary("and", Vector(2), Vector(3)), Vector(4)),
        ),
    ),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_is_refused_and_where(text: str, words: str) -> None:
    with pytest.raises(BadQuery) as refused:
        parse(text)
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(("text", "node"), MEANT, ids=[text for text, _ in MEANT])
def test_what_is_meant(text: str, node: Query) -> None:
    assert parse(text) == node
    assert parse(show(node)) == node
    assert parse(pretty(node)) == node


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('sum(rate({a="b"}|="x"[5m]))by(c)', 'sum by (c)(rate({a="b"} |= "x"[5m]))'),
        ('avg(rate({a="b"}[5m])) by ()', 'avg(rate({a="b"}[5m]))'),
        ('max without () (rate({a="b"}[5m]))', 'max without ()(rate({a="b"}[5m]))'),
        ('{a="b"}|x>0.25s|y=1048576B', '{a="b"} | x>250ms | y==1048576B'),
        ('{a="b"}|x="1" and y!="2"', '{a="b"} | ( x="1" , y!="2" )'),
        ("vector(1)+on(a)group_left vector(2)", "(vector(1.000000) + on (a) group_left vector(2.000000))"),
        ("vector(1)+on(a)vector(2)", "(vector(1.000000) + on (a)  vector(2.000000))"),
        ('rate({a="b"}[1h30m]offset 5m)', 'rate({a="b"}[1h30m] offset 5m0s)'),
        ('{a="결제\\n"}', '{a="결제\\n"}'),
    ],
)
def test_the_canonical_form_is_lokis(text: str, shown: str) -> None:
    assert show(parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "laid_out"),
    [
        pytest.param('{a="b"} | json', '{a="b"} | json', id="short stays on one line"),
        pytest.param(
            '{app="checkout", environment="production"} |= "payment" != "healthz" | json | level="error" '
            '| line_format "{{.message}}"',
            '{app="checkout", environment="production"}\n'
            '  |= "payment" != "healthz"\n'
            "  | json\n"
            '  | level="error"\n'
            '  | line_format "{{.message}}"',
            id="a stage a line",
        ),
        pytest.param(
            'topk(10, sum by (route, status) (rate({app="checkout", environment="production"} | json '
            '| route!="" | unwrap duration(took) [5m] offset 1h)))',
            "topk(\n"
            "  10,\n"
            "  sum by (route, status)(\n"
            "    rate(\n"
            '      {app="checkout", environment="production"} | json | route!=""\n'
            "        | unwrap duration(took) [5m] offset 1h\n"
            "    )\n"
            "  )\n"
            ")",
            id="an argument a line",
        ),
        pytest.param(
            'sum(rate({app="checkout", environment="production"} |= "error" [5m])) / on (app) '
            'sum(rate({app="checkout", environment="production"}[5m]))',
            '  sum(rate({app="checkout", environment="production"} |= "error"[5m]))\n'
            "/ on (app) \n"
            '  sum(rate({app="checkout", environment="production"}[5m]))',
            id="operators between their sides",
        ),
    ],
)
def test_the_laid_out_form_is_lokis(text: str, laid_out: str) -> None:
    assert pretty(parse(text)) == laid_out


def test_a_selector_for_streams_may_be_empty() -> None:
    assert parse_selector("{}") == ()
    assert parse_selector('{a=~".*"}') == (Matcher("a", MatchOp.REGEX, ".*"),)
    for text in ('{a="b"} |= "x"', "vector(1)", "a"):
        with pytest.raises(BadQuery):
            parse_selector(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "sum(" * 20_000,
        "{a=" + '"' * 100_000,
        '{a="b"}' + " | x=1" * 20_000,
        '{a="b"} | ' + " or ".join(["x=1"] * 20_000),
        '{a="b"} | ' + " ".join(["x=1"] * 20_000),
        '{a="b"} | ' + "(" * 50_000,
        "vector(1)" + " + vector(1)" * 9_000,
        "1" + "^1" * 60_000,
        "1" + "+1" * 60_000,
        "rate({a=`b`}[" + "9" * 100_000,
        "rate({a=`b`}[" + "9" * 100_000 + "m])",
        "#" * 120_000,
        "9" * 120_000,
        "1e" + "9" * 100_000,
        '{a="' + "\\x41" * 30_000 + '"}',
        "/*" * 50_000,
        '{a="b"} |= "x"' + ' or "y"' * 18_000,
        "{" + ",".join(f'a{n}="b"' for n in range(15_000)) + "}",
    ],
    ids=lambda text: text[:30],
)
def test_bombs_end_soon(text: str) -> None:
    began = time.thread_time()
    words = ""
    try:
        show(parse(text))
    except BadQuery as err:
        words = str(err)
    assert len(words) < 2_000
    assert time.thread_time() - began < 3, "of CPU time: other programs on this machine do not count"


def test_too_long_a_text_is_not_read() -> None:
    with pytest.raises(BadQuery) as refused:
        parse("x" * 131_072)
    assert str(refused.value) == "parse error : input size too long (131072 > 131072)"


_PIECES = st.sampled_from(
    [
        *("{", "}", "(", ")", "[5m]", "[", "]", ",", "=", "!=", "=~", "!~", "|", "|=", "|~", "|>", "!>", "==", ">"),
        *("+", "-", "*", "/", "%", "^", " ", "\n", "#", '"x"', '"', "`", "`y`", "'", "5", "5m", "1.5KiB", "-5m", "0x"),
        *("a", "b", "by", "on", "json", "logfmt", "--strict", "unwrap", "bytes(", "rate(", "sum", "by(", "topk(2,"),
        *("offset", "bool", "ignoring", "group_left", "label_replace(", "vector(", "ip(", "drop", "keep", "or", "and"),
        *(
            '{a="b"}',
            "line_format",
            "label_format",
            "regexp",
            "pattern",
            "unpack",
            "decolorize",
            "결제",
            "\x00",
            "\ud800",
        ),
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_PIECES, max_size=25).map(" ".join) | st.lists(_PIECES, max_size=25).map("".join) | st.text(max_size=60)
)
def test_any_text_is_a_node_or_a_bad_query(text: str) -> None:
    try:
        node = parse(text)
    except BadQuery:
        return
    shown = show(node)
    if "NaN" in shown or "Inf" in shown:
        return  # What a constant divided by zero is has no words in LogQL, in Loki neither.
    assert parse(shown) == node


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_the_lexer_ends(text: str) -> None:
    lexer = Lexer(text)
    try:
        for _ in range(len(text) + 2):
            if lexer.next().kind == "END":
                return
    except BadQuery:
        return
    raise AssertionError("it went on behind the end")


# Nodes of every kind, for the round trip.

_NAMES = st.sampled_from(["app", "level", "status_code", "x1", "rate", "ip", "결제", "__error__"])
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_REGEXES = st.sampled_from(["a.+", "x|y", "\\d{2}", "결제.*"])
_MATCHERS = st.builds(
    lambda name, op, text, regex: Matcher(name, op, regex if op in (MatchOp.REGEX, MatchOp.NOT_REGEX) else text),
    _NAMES,
    st.sampled_from(list(MatchOp)),
    _TEXTS,
    _REGEXES,
)
_FLOATS = st.floats(-1e9, 1e9, allow_nan=False).filter(lambda value: str(value) != "-0.0")


def _compared(name: str, op: str, unit: str, size: int, number: float) -> Compare:
    from hannun.gotemplate.go_numbers import format_duration, parse_size
    from hannun.query.logql.durations import format_bytes
    from hannun.query.promql.numbers import plain_float

    match unit:
        case "duration":
            return Compare(name, op, size / 1e9, "duration", format_duration(size))  # type: ignore[arg-type]
        case "bytes":
            shown = format_bytes(size)
            text = shown if parse_size(shown) == size else f"{size}B"
            return Compare(name, op, float(size), "bytes", text)  # type: ignore[arg-type]
    return Compare(name, op, number, "number", plain_float(number))  # type: ignore[arg-type]


_COMPARES = st.builds(
    _compared,
    _NAMES,
    st.sampled_from(["==", "!=", ">", ">=", "<", "<="]),
    st.sampled_from(["number", "duration", "bytes"]),
    st.integers(1, 10**13),
    _FLOATS,
)
_IPS = st.builds(IpMatch, _NAMES, st.booleans(), st.sampled_from(["10.0.0.1", "10.0.0.0/8", "::1", "1.1.1.1-1.1.1.9"]))
_CONDITIONS = st.recursive(
    st.builds(TextMatch, _MATCHERS) | _COMPARES | _IPS,
    lambda inner: st.builds(Both, inner, inner) | st.builds(Either, inner, inner),
    max_leaves=5,
)
_NEEDLES = st.builds(Needle, _TEXTS)
_EXTRACTIONS = st.lists(
    st.builds(Extraction, st.sampled_from(["a", "b_1"]), st.sampled_from(["a", "b.c", 'd["e"]'])), max_size=3
).map(tuple)
_ITEMS = st.lists(
    st.builds(NameOrMatch, _NAMES) | _MATCHERS.map(lambda matcher: NameOrMatch(matcher.name, matcher)),
    min_size=1,
    max_size=3,
).map(tuple)
_STAGES: st.SearchStrategy[Stage] = st.one_of(
    st.builds(LineFilter, st.just("|="), st.lists(_NEEDLES, min_size=1, max_size=3).map(tuple)),
    st.builds(LineFilter, st.just("!="), st.tuples(_NEEDLES)),
    st.builds(LineFilter, st.just("|~"), st.tuples(st.builds(Needle, _REGEXES))),
    st.builds(Json, _EXTRACTIONS),
    st.builds(Logfmt, _EXTRACTIONS, st.booleans(), st.booleans()),
    st.just(Regexp("(?P<a>.)")),
    st.just(Pattern("<a> <_>")),
    st.just(Unpack()),
    st.just(Decolorize()),
    st.builds(LabelFilter, _CONDITIONS),
    st.builds(LineFormat, _TEXTS),
    st.builds(
        lambda value, is_template: LabelFormat((Formatted("a", value if is_template else "b", is_template),)),
        _TEXTS,
        st.booleans(),
    ),
    st.builds(Drop, _ITEMS),
    st.builds(Keep, _ITEMS),
)


def _can_be_written(stages: tuple[Stage, ...]) -> bool:
    """`| drop a != "x"` is a matcher of `drop`: a line filter cannot follow a bare name there."""
    return not any(
        isinstance(stage, Drop | Keep)
        and stage.items[-1].matcher is None
        and isinstance(after, LineFilter)
        and after.op.startswith("!")
        for stage, after in pairwise(stages)
    )


_QUERIES = st.builds(
    LogQuery,
    st.lists(_MATCHERS, max_size=2).map(lambda more: (equal("must", "have"), *more)),
    st.lists(_STAGES, max_size=4).map(tuple).filter(_can_be_written),
)
_GROUPINGS = st.none() | st.builds(Grouping, st.lists(_NAMES, min_size=1, max_size=2).map(tuple), st.booleans())
_RANGES = st.builds(
    RangeAggregation,
    st.sampled_from(["rate", "count_over_time", "bytes_rate"]),
    _QUERIES,
    st.integers(1, 10**6).map(lambda ms: ms * 1_000_000),
    st.integers(-(10**12), 10**12),
) | st.builds(
    RangeAggregation,
    st.just("quantile_over_time"),
    _QUERIES,
    st.just(5 * M),
    st.just(0),
    st.builds(
        Unwrap,
        _NAMES,
        st.sampled_from(["", "bytes", "duration", "duration_seconds"]),
        st.lists(st.builds(LabelFilter, _CONDITIONS), max_size=2).map(tuple),
    ),
    st.floats(0, 1),
    _GROUPINGS,
)
_METRICS = st.recursive(
    _RANGES | st.builds(Vector, st.floats(0, 1e6)),
    lambda inner: st.one_of(
        st.builds(VectorAggregation, st.sampled_from(["sum", "avg", "count"]), inner, st.none(), _GROUPINGS),
        st.builds(VectorAggregation, st.just("topk"), inner, st.integers(1, 99).map(float), _GROUPINGS),
        st.builds(LabelReplace, inner, _NAMES, _TEXTS, _NAMES, _REGEXES),
        st.builds(
            Binary,
            st.sampled_from(["+", "-", "/", "==", ">", "and", "or"]),
            inner,
            inner,
            st.booleans(),
            st.just(Matching())
            | st.builds(Matching, st.just(True), st.tuples(_NAMES), st.sampled_from(["", "left", "right"])),
        ),
    ),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(_QUERIES | _METRICS)
def test_what_is_shown_reads_back_to_the_same(node: Query) -> None:
    assert parse(show(node)) == node
    assert parse(pretty(node)) == node
