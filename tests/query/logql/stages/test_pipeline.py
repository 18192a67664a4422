"""What each stage does to a line. Expected values were worked out by hand from Loki's documentation and source."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hannun.model.errors import BadQuery
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import (
    Both,
    Compare,
    Decolorize,
    Drop,
    Either,
    Extraction,
    Formatted,
    IpMatch,
    Json,
    Keep,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    Logfmt,
    NameOrMatch,
    Needle,
    Pattern,
    Regexp,
    Stage,
    TextMatch,
    Unpack,
)

APP = {"app": "shop", "level": "info"}
BAD_JSON = "Value looks like object, but can't find closing '}' symbol"


def run(
    stages: list[Stage], line: str, labels: Mapping[str, str] = APP, metadata: Mapping[str, str] | None = None
) -> dict[str, str] | None:
    """The parsed labels, and the line under the name `line` where it changed."""
    found = Pipeline(stages).run(line, labels, metadata or {}, 1_700_000_000_123_456_789)
    if found is None:
        return None
    return {**found.parsed, **({"line": found.text} if found.text != line else {})}


@pytest.mark.parametrize(
    ("op", "needles", "line", "kept"),
    [
        pytest.param("|=", ["err"], "an error", True, id="a part is contained"),
        pytest.param("|=", ["ERR"], "an error", False, id="case counts"),
        pytest.param("|=", [""], "anything", True, id="nothing is in everything"),
        pytest.param("!=", ["err"], "an error", False, id="not contained"),
        pytest.param("|=", ["a", "x"], "an error", True, id="one of two is enough"),
        pytest.param("!=", ["q", "x"], "an error", True, id="neither of two"),
        pytest.param("!=", ["q", "err"], "an error", False, id="neither of two, and one is there"),
        pytest.param("|~", ["r{2}or"], "an error", True, id="regex, unanchored"),
        pytest.param("|~", ["a.b"], "a\nb", True, id="the dot takes a newline"),
        pytest.param("!~", ["^err"], "an error", True, id="regex not"),
        pytest.param("|>", ["an <_>"], "an error", True, id="pattern over the whole line"),
        pytest.param("|>", ["n <_>"], "an error", False, id="a pattern is anchored"),
        pytest.param("|>", ["an error<_>"], "an error", False, id="a wildcard stands for something"),
        pytest.param("!>", ["an <_>"], "an error", False, id="pattern not"),
        pytest.param(
            "|=", ["결제"], '{"msg":"\\uacb0\\uc81c failed"}', True, id="escaped Hangul is found by its words"
        ),
        pytest.param("|=", ["결제"], '{"log":"\\\\uacb0\\\\uc81c"}', True, id="doubly escaped, too"),
        pytest.param("|=", ["\\uacb0"], '{"msg":"\\uacb0"}', True, id="a backslash asks for the raw line"),
        pytest.param("|~", ["결.$"], "\\uacb0\\uc81c", True, id="and a regex of Hangul"),
    ],
)
def test_line_filter(op: str, needles: list[str], line: str, kept: bool) -> None:
    stage = LineFilter(op, tuple(Needle(needle) for needle in needles))  # type: ignore[arg-type]
    assert (run([stage], line) is not None) is kept


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        ("10.0.0.0/8", "from 10.2.3.4 to 8.8.8.8", True),
        ("10.0.0.0/8", "from 11.2.3.4", False),
        ("10.0.0.1-10.0.0.9", "x=10.0.0.5,", True),
        ("10.0.0.1-10.0.0.9", "x=10.0.0.10,", False),
        ("2001:db8::/32", "peer [2001:db8::1]:80", True),
        ("::1", "listen ::1 now", True),
        ("192.168.0.1", "v192.168.0.1.2", False),
    ],
)
def test_ip_in_a_line_and_in_a_label(pattern: str, line: str, found: bool) -> None:
    assert (run([LineFilter("|=", (Needle(pattern, is_ip=True),))], line) is not None) is found
    assert (run([LineFilter("!=", (Needle(pattern, is_ip=True),))], line) is None) is found
    labels = {"addr": line}
    assert (run([LabelFilter(IpMatch("addr", False, pattern))], "", labels) is not None) is found
    assert (run([LabelFilter(IpMatch("addr", True, pattern))], "", labels) is None) is found
    assert run([LabelFilter(IpMatch("gone", False, pattern))], "", labels) is None


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        pytest.param(
            '{"a":"x","n":1.50,"b":true,"nil":null,"list":[1,{"q":2}],"o":{"k":{"v":"y"}}}',
            {"a": "x", "n": "1.50", "b": "true", "o_k_v": "y"},
            id="nested keys are joined, numbers stay as written, null and arrays are left out",
        ),
        pytest.param('{"level":"e","app":"b"}', {"level_extracted": "e", "app_extracted": "b"}, id="taken names"),
        pytest.param('{"a":1,"a":2}', {"a": "1"}, id="the first of equal keys"),
        pytest.param('{"user.id":1,"1st":2,"a b":3}', {"user_id": "1", "_1st": "2", "a_b": "3"}, id="sanitised"),
        pytest.param('{"m":"a\\"b\\u0041\\ud83d\\ude00"}', {"m": 'a"bA😀'}, id="escapes are undone"),
        pytest.param('{"m":"\\ud83d"}', {"m": ""}, id="half a letter is nothing"),
        pytest.param('{"a":1,} trailing', {"a": "1"}, id="what follows is not looked at"),
        pytest.param("not json", {"__error__": "JSONParserErr", "__error_details__": BAD_JSON}, id="no JSON"),
        pytest.param(
            '{"a":1, "b" }',
            {"a": "1", "__error__": "JSONParserErr", "__error_details__": "Malformed JSON error"},
            id="keys before a mistake count",
        ),
        pytest.param(
            '{"a":{"b":1',
            {"__error__": "JSONParserErr", "__error_details__": BAD_JSON},
            id="nothing of an object that does not end",
        ),
        pytest.param("{}", {}, id="empty"),
        pytest.param('{"":1," ":2}', {}, id="keys without a name are none"),
    ],
)
def test_json(line: str, parsed: dict[str, str]) -> None:
    assert run([Json()], line) == parsed


def test_a_line_of_deep_objects_costs_little_and_ends_in_an_error() -> None:
    found = run([Json()], '{"a":' * 20_000 + "1" + "}" * 20_000)
    assert found is not None
    assert found["__error__"] == "JSONParserErr"


NESTED = '{"app":"x","req":{"h":{"User-Agent":"curl","n":null},"l":["a",{"b":5}]}}'


@pytest.mark.parametrize(
    ("label", "path", "value"),
    [
        ("a", "req.l[0]", "a"),
        ("a", "req.l[1].b", "5"),
        ("a", 'req.h["User-Agent"]', "curl"),
        ("a", '["req"]["l"][0]', "a"),
        ("a", "req.h.n", ""),
        ("a", "req.nope", ""),
        ("a", "req.l", '["a",{"b":5}]'),
        ("a", "req.h", '{"User-Agent":"curl","n":null}'),
    ],
)
def test_json_by_path(label: str, path: str, value: str) -> None:
    assert run([Json((Extraction(label, path),))], NESTED) == {label: value}


def test_json_by_path_on_a_taken_name_and_on_no_json() -> None:
    assert run([Json((Extraction("app", "app"),))], NESTED) == {"app_extracted": "x"}
    assert run([Json((Extraction("a", "a"),))], "plain") == {"__error__": "JSONParserErr"}
    assert run([Json((Extraction("a", "[1]"),))], '["x","y"]') == {"a": "y"}


@pytest.mark.parametrize(
    ("stage", "line", "parsed"),
    [
        pytest.param(
            Logfmt(),
            'ts=1 msg="a \\"b\\"" level=warn empty= alone k.x=2',
            {"ts": "1", "msg": 'a "b"', "level_extracted": "warn", "k_x": "2"},
            id="every key with a value",
        ),
        pytest.param(Logfmt(keep_empty=True), "a= b", {"a": "", "b": ""}, id="empty ones are kept on demand"),
        pytest.param(Logfmt(), 'a=1 b"=2 c=3', {"a": "1", "c": "3"}, id="a bad pair is skipped"),
        pytest.param(
            Logfmt(strict=True),
            'a=1 b"=2 c=3',
            {
                "a": "1",
                "__error__": "LogfmtParserErr",
                "__error_details__": "logfmt syntax error at pos 6 : unexpected '\"'",
            },
            id="strict reading ends there",
        ),
        pytest.param(
            Logfmt(strict=True),
            'a="x',
            {
                "__error__": "LogfmtParserErr",
                "__error_details__": "logfmt syntax error at pos 5 : unterminated quoted value",
            },
            id="an open quote",
        ),
        pytest.param(
            Logfmt((Extraction("st", "status"), Extraction("no", "nope"))),
            "status=500",
            {"st": "500", "no": ""},
            id="named",
        ),
    ],
)
def test_logfmt(stage: Logfmt, line: str, parsed: dict[str, str]) -> None:
    assert run([stage], line) == parsed


NGINX = '10.0.0.1 - bob [02/Jan/2006:15:04:05 -0700] "GET /api?x=1 HTTP/1.1" 200 123'


def test_regexp_and_pattern() -> None:
    assert run([Regexp(r"^(?P<ip>\S+) .*\" (?P<status>\d+)(?P<none>x)?")], NGINX) == {
        "ip": "10.0.0.1",
        "status": "200",
        "none": "",
    }
    assert run([Regexp("(?P<x>nope)")], NGINX) == {}
    assert run([Pattern('<ip> - <user> [<_>] "<method> <path>?<_>" <status> <size>')], NGINX) == {
        "ip": "10.0.0.1",
        "user": "bob",
        "method": "GET",
        "path": "/api",
        "status": "200",
        "size": "123",
    }
    assert run([Pattern("<a>;<b>")], "no semicolon") == {"a": "no semicolon"}
    assert run([Pattern("x<a>")], "abc") == {}


def test_unpack() -> None:
    packed = '{"pod":"p-1","app":"z","n":5,"_entry":"the \\"line\\""}'
    assert run([Unpack()], packed) == {"pod": "p-1", "app_extracted": "z", "line": 'the "line"'}
    assert run([Unpack()], '{"pod":"p-1"}') == {}
    assert run([Unpack()], "x") == {
        "__error__": "JSONParserErr",
        "__error_details__": "expecting json object(6), but it is not",
    }


@pytest.mark.parametrize(
    ("condition", "labels", "kept"),
    [
        (TextMatch(equal("app", "shop")), APP, True),
        (TextMatch(equal("gone", "")), APP, True),
        (TextMatch(Matcher("app", MatchOp.REGEX, "sh.*")), APP, True),
        (TextMatch(Matcher("app", MatchOp.REGEX, "h.*")), APP, False),
        (TextMatch(Matcher("gone", MatchOp.NOT_REGEX, ".+")), APP, True),
        (Compare("n", ">", 4, "number"), {"n": "4.5"}, True),
        (Compare("n", "==", 4, "number"), {"n": "4e0"}, True),
        (Compare("n", "<", 4, "number"), {}, False),
        (Compare("d", ">=", 0.25, "duration"), {"d": "250ms"}, True),
        (Compare("d", "<", 3600, "duration"), {"d": "1h0.001s"}, False),
        (Compare("b", ">", 1000, "bytes"), {"b": "1KiB"}, True),
        (Compare("b", "==", 1_500_000, "bytes"), {"b": "1.5 MB"}, True),
        (Both(Compare("n", ">", 1, "number"), TextMatch(equal("x", "y"))), {"n": "2", "x": "z"}, False),
        (Either(Compare("n", ">", 1, "number"), TextMatch(equal("x", "y"))), {"n": "2", "x": "z"}, True),
    ],
)
def test_label_filter(condition: object, labels: dict[str, str], kept: bool) -> None:
    found = run([LabelFilter(condition)], "x", labels)  # type: ignore[arg-type]
    assert (found is not None) is kept
    if kept:
        assert found == {}


@pytest.mark.parametrize(
    ("unit", "text", "details"),
    [
        ("number", "abc", 'strconv.ParseFloat: parsing "abc": invalid syntax'),
        ("number", "1_0", 'strconv.ParseFloat: parsing "1_0": invalid syntax'),
        ("number", "1e999", 'strconv.ParseFloat: parsing "1e999": value out of range'),
        ("duration", "5", 'time: missing unit in duration "5"'),
        ("duration", "1d", 'time: unknown unit "d" in duration "1d"'),
        ("duration", "", 'time: invalid duration ""'),
        ("bytes", "5 parsecs", "unhandled size name: parsecs"),
    ],
)
def test_a_value_that_is_none_keeps_the_line_with_an_error(unit: str, text: str, details: str) -> None:
    found = run([LabelFilter(Compare("v", ">", 1, unit))], "x", {"v": text})  # type: ignore[arg-type]
    assert found == {"__error__": "LabelFilterErr", "__error_details__": details}


def test_an_earlier_error_is_not_overwritten_and_can_be_filtered_and_dropped() -> None:
    bad = LabelFilter(Compare("level", ">", 1, "number"))
    assert (run([Json(), bad], "x") or {})["__error__"] == "JSONParserErr"
    assert run([Json(), LabelFilter(TextMatch(equal("__error__", "")))], "x") is None
    assert run([Json(), Drop((NameOrMatch("__error__"), NameOrMatch("__error_details__")))], "x") == {}
    assert run([Json(), Drop((NameOrMatch("__error__"),))], "x") == {}


@pytest.mark.parametrize(
    ("template", "line"),
    [
        pytest.param("{{.app}}: {{.msg}}", "shop: hi", id="labels of all kinds"),
        pytest.param("{{.msg}}", "hi", id="one field alone"),
        pytest.param("[{{.nope}}]", "[]", id="a label that is not there is empty"),
        pytest.param("{{ __line__ | trunc 4 }}", '{"ms', id="the line itself"),
        pytest.param("{{ __timestamp__ | unixEpochMillis }}", "1700000000123", id="its time"),
        pytest.param('{{ if eq .level "info" }}I{{ else }}?{{ end }}', "I", id="conditions"),
        pytest.param("{{ .n | int | add 1 | mul 2 }}", "14", id="arithmetic"),
        pytest.param("{{ .dur | duration }} {{ .size | bytes }}", "1.5 2000", id="units"),
        pytest.param("{{ .msg | upper | alignRight 4 }}|", "  HI|", id="pipes end in the text"),
        pytest.param(
            '{{ range $k, $v := fromJson "{\\"b\\":1,\\"a\\":2}" }}{{$k}}={{$v}};{{end}}', "a=2;b=1;", id="range"
        ),
        pytest.param(
            '{{ __timestamp__ | date "2006-01-02T15:04:05.000Z07:00" }}', "2023-11-14T22:13:20.123Z", id="date"
        ),
        pytest.param('{{ regexReplaceAll "(h)(i)" .msg "$2$1" }}', "ih", id="regex"),
        pytest.param('{{ .nope | default "-" }}{{ count "i" .msg }}', "-1", id="default, count"),
    ],
)
def test_line_format(template: str, line: str) -> None:
    body = '{"msg":"hi","n":"6","dur":"1.5s","size":"2kB"}'
    found = Pipeline([Json(), LineFormat(template)]).run(body, APP, {}, 1_700_000_000_123_456_789)
    assert found is not None
    assert found.text == line
    assert "__error__" not in found.parsed


def test_a_template_that_fails_leaves_the_line_and_says_why() -> None:
    assert run([LineFormat('{{ "x" | duration }}')], "as it was") == {
        "__error__": "TemplateFormatErr",
        "__error_details__": 'template: line:1:9: executing "line" at <duration>: error calling duration: '
        'time: invalid duration "x"',
    }


def test_label_format_renames_and_fills() -> None:
    found = Pipeline(
        [LabelFormat((Formatted("service", "app", False), Formatted("both", "{{.service}}/{{.level}}/{{.app}}", True)))]
    ).run("x", APP, {"pod": "p"}, 0)
    assert found is not None
    assert dict(found.stream) == {"level": "info"}
    assert dict(found.metadata) == {"pod": "p"}
    assert found.parsed == {"service": "shop", "both": "shop/info/"}


def test_drop_and_keep() -> None:
    metadata = {"pod": "p"}
    found = Pipeline([Json(), Drop((NameOrMatch("app"), NameOrMatch("pod", equal("pod", "q")), NameOrMatch("a")))]).run(
        '{"a":1,"b":2}', APP, metadata, 0
    )
    assert found is not None
    assert (dict(found.stream), dict(found.metadata), found.parsed) == ({"level": "info"}, {"pod": "p"}, {"b": "2"})
    found = Pipeline([Json(), Keep((NameOrMatch("level", equal("level", "info")), NameOrMatch("b")))]).run(
        '{"a":1,"b":2,', APP, metadata, 0
    )
    assert found is not None
    assert (dict(found.stream), dict(found.metadata)) == ({"level": "info"}, {})
    assert found.parsed["b"] == "2"
    assert found.parsed["__error__"] == "JSONParserErr"
    assert APP == {"app": "shop", "level": "info"}
    assert metadata == {"pod": "p"}


def test_metadata_that_has_the_name_of_a_stream_label() -> None:
    found = Pipeline([]).run("x", APP, {"app": "other", "k": "v"}, 0)
    assert found is not None
    assert dict(found.metadata) == {"app_extracted": "other", "k": "v"}
    assert found.labels() == {"app": "shop", "level": "info", "app_extracted": "other", "k": "v"}


def test_decolorize() -> None:
    assert run([Decolorize()], "\x1b[31;1mred\x1b[0m 결") == {"line": "red 결"}


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (LineFilter("|~", (Needle("("),)), "error parsing regexp: missing ): (: `(`"),
        (LineFilter("|=", (Needle("x", is_ip=True),)), 'ip: invalid pattern: "x"'),
        (Regexp("abc"), "at least one named capture must be supplied"),
        (Pattern("<_>"), "at least one capture is required"),
        (Pattern("<a><b>"), "found consecutive capture: invalid expression"),
        (Pattern("<a> <a>"), "duplicate capture name (a): invalid expression"),
        (LineFormat("{{"), "invalid line template: template: line:1: unclosed action"),
        (LineFormat("{{ env }}"), 'invalid line template: template: line:1: function "env" not defined'),
        (
            LabelFormat((Formatted("a", "x", True), Formatted("a", "y", True))),
            "multiple label name 'a' not allowed in a single format operation",
        ),
        (LabelFormat((Formatted("__error__", "x", True),)), "__error__ cannot be formatted"),
        (Json((Extraction("a", "b[1.5]"),)), "cannot parse expression [b[1.5]]: cannot use float as array index"),
    ],
)
def test_what_cannot_be_run_is_refused_in_lokis_words(stage: Stage, words: str) -> None:
    with pytest.raises(BadQuery) as raised:
        Pipeline([stage])
    assert str(raised.value) == words


@pytest.mark.parametrize(
    "line", ["a" * 200_000, '{"k":"' + "x" * 200_000 + '"}', "=" * 50_000, '"' * 50_000, ";" * 50_000]
)
def test_long_odd_lines_pass_every_stage_quickly(line: str) -> None:
    stages: list[Stage] = [
        LineFilter("!~", (Needle("(a+)+$x"),)),
        Json(),
        Logfmt(),
        Regexp("(?P<x>(a*)*b)"),
        Pattern("<a>;<b>;<c>"),
        Unpack(),
        Decolorize(),
        LineFormat("{{ .a | trunc 10 }}"),
    ]
    assert Pipeline(stages).run("\x1b" + line, APP, {}, 0) is not None
