"""Templates run as Go runs them, fail in Go's words, and stop at their bounds."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.gotemplate.bounds import Limits
from hannun.gotemplate.errors import TemplateError
from hannun.gotemplate.functions import loki, promtail
from hannun.gotemplate.template import Template
from hannun.gotemplate.values import Function, Object, StringMap

DATA: dict[str, Any] = {
    "a": 1,
    "b": "x",
    "l": [3, 4, 5],
    "m": {"one": 1, "two": 2},
    "f": 1.5,
    "t": True,
    "nil": None,
    "e": [],
    "s": "it's <b>",
}
FUNCTIONS = promtail.functions(lambda: 1_700_000_000 * 10**9)


def run(text: str, data: Any = DATA, **options: Any) -> str:
    return Template.parse(text, FUNCTIONS, name="x", **options).execute(data)


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("{{.a}} {{.b}} {{.f}} {{.t}} {{.l}} {{.m}}", "1 x 1.5 true [3 4 5] map[one:1 two:2]"),
        ("{{.none}} {{.nil}} {{.none.deeper}}", "<no value> <no value> <no value>"),
        ("{{if .a}}yes{{else}}no{{end}} {{if .e}}yes{{else}}no{{end}}", "yes no"),
        ("{{if false}}1{{else if .e}}2{{else if true}}3{{end}}", "3"),
        ("{{range .l}}-{{.}}-{{else}}EMPTY{{end}}", "-3--4--5-"),
        ("{{range .e}}-{{.}}-{{else}}EMPTY{{end}}", "EMPTY"),
        ("{{range $i, $x := .l}}<{{$i}}={{$x}}>{{end}}", "<0=3><1=4><2=5>"),
        ("{{range $k, $v := .m}}<{{$k}}={{$v}}>{{end}}", "<one=1><two=2>"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{range .l}}{{if eq . 4}}{{break}}{{end}}{{.}}{{end}}", "3"),
        ("{{range .l}}{{if eq . 4}}{{continue}}{{end}}{{.}}{{end}}", "35"),
        ("{{with .m}}{{.two}}{{$.b}}{{end}}", "2x"),
        ("{{with .e}}{{.}}{{else with .b}}{{.}}!{{end}}", "x!"),
        ("{{with $x := .a}}{{$x}}{{end}}", "1"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
        ('{{define "T"}}[{{.}}]{{end}}{{template "T" .a}}{{template "T"}}', "[1][<no value>]"),
        ('{{block "B" .b}}({{.}}){{end}}', "(x)"),
        ("a  {{- .a -}}  b {{- /* note */ -}} c", "a1bc"),
        ("{{/* note */}}{{.a}}", "1"),
        ('{{"out" | printf "%s-%s" "in"}}', "in-out"),
        ("{{(index .l 1)}} {{(.m).two}} {{len .l}} {{len .b}}", "4 2 3 1"),
        ('{{index .m "two"}} {{index .m "none"}} {{index "abc" 1}}', "2 <no value> 98"),
        ('{{slice "hello" 1 3}} {{slice .l 1}}', "el [4 5]"),
        ("{{and 1 0 2}} {{and 1 2}} {{or 0 .e 5}} {{or 0 false}} {{not .a}}", "0 2 5 false false"),
        (
            "{{eq 1 2 1}} {{ne .b `y`}} {{lt 1 2}} {{le 2 2}} {{gt `b` `a`}} {{ge 1.5 2.5}}",
            "true true true true true false",
        ),
        ("{{html .s}} {{js .s}} {{urlquery `a b&c`}}", "it&#39;s &lt;b&gt; it\\'s \\u003Cb\\u003E a+b%26c"),
        ("{{print 1 2 `x` 3 `y` `z`}}{{println 1 `a`}}", "1 2x3yz1 a\n"),
        ("{{0x10}} {{1e3}} {{'a'}} {{-5}} {{1_000}} {{017}}", "16 1000 97 -5 1000 15"),
        ('{{"\\u00e9\\n\\x41"}}', "é\nA"),
        ("{{1.0}} {{1e6}} {{1e-5}} {{100000.0}}", "1 1e+06 1e-05 100000"),
        ("{{.a\n}}", "1"),
        ("{{ true }}{{ print nil }}", "true<nil>"),
    ],
)
def test_output(text: str, output: str) -> None:
    assert run(text) == output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ .b.y }}", 'template: x:1:5: executing "x" at <.b.y>: can\'t evaluate field y in type string'),
        ("a\n{{ .b.y }}", 'template: x:2:5: executing "x" at <.b.y>: can\'t evaluate field y in type string'),
        ("{{.nil.y}}", 'template: x:1:6: executing "x" at <.nil.y>: nil pointer evaluating interface {}.y'),
        (
            "{{index .l 9}}",
            'template: x:1:2: executing "x" at <index .l 9>: error calling index: index out of range: 9',
        ),
        (
            "{{eq 1 1.0}}",
            'template: x:1:2: executing "x" at <eq 1 1.0>: error calling eq: incompatible types for comparison',
        ),
        ("{{len 3}}", 'template: x:1:2: executing "x" at <len 3>: error calling len: len of type int'),
        ("{{.a 1}}", 'template: x:1:2: executing "x" at <.a>: a is not a method but has arguments'),
        ("{{lower 1}}", 'template: x:1:8: executing "x" at <1>: expected string; found 1'),
        ("{{lower .a}}", 'template: x:1:8: executing "x" at <.a>: wrong type for value; expected string; got int'),
        ("{{lower .none}}", 'template: x:1:8: executing "x" at <.none>: invalid value; expected string'),
        ("{{1 | lower}}", 'template: x:1:6: executing "x" at <lower>: wrong type for value; expected string; got int'),
        ("{{lower}}", 'template: x:1:2: executing "x" at <lower>: wrong number of args for lower: want 1 got 0'),
        ("{{range .a.b}}{{end}}", 'template: x:1:10: executing "x" at <.a.b>: can\'t evaluate field b in type int'),
        ('{{template "no"}}', 'template: x:1:11: executing "x" at <{{template "no"}}>: template "no" not defined'),
        ("{{3 2}}", 'template: x:1:2: executing "x" at <3>: can\'t give argument to non-function 3'),
        ("{{nope}}", 'template: x:1: function "nope" not defined'),
        ("\n\n{{nope}}", 'template: x:3: function "nope" not defined'),
        ("{{$x}}", 'template: x:1: undefined variable "$x"'),
        ("{{if}}{{end}}", "template: x:1: missing value for if"),
        ("{{.a", "template: x:1: unclosed action"),
        ("{{(.a}}", "template: x:1: unclosed left paren"),
        ("{{end}}", "template: x:1: unexpected {{end}}"),
        ("{{range .l}}", "template: x:1: unexpected EOF"),
        ("{{break}}", "template: x:1: {{break}} outside {{range}}"),
        ("{{/* x}}", "template: x:1: unclosed comment"),
        ('{{"x}}', "template: x:1: unterminated quoted string"),
        ("{{.a | 1}}", "template: x:1: non executable command in pipeline stage 2"),
        ("{{true.x}}", 'template: x:1: unexpected . after term "true"'),
        (
            '{{define "T"}}a{{end}}{{define "T"}}b{{end}}',
            'template: x:1: template: multiple definition of template "T"',
        ),
        ("{{.a + 1}}", 'template: x:1: illegal number syntax: "+"'),
    ],
)
def test_mistakes_in_gos_words(text: str, words: str) -> None:
    with pytest.raises(TemplateError) as raised:
        run(text)
    assert str(raised.value) == words


@pytest.mark.parametrize(
    "text",
    [
        "{{range 1000000000}}x{{end}}",
        "{{range $i := 1000000000}}{{end}}",
        '{{define "T"}}{{template "T" .}}{{template "T" .}}{{end}}{{template "T" .}}',
        '{{$x := "aaaaaaaa"}}{{range 1000}}{{$x = print $x $x}}{{end}}{{len $x}}',
        '{{$x := "aaaaaaaa"}}{{range 100}}{{$x = replace "a" $x $x}}{{end}}{{len $x}}',
        '{{repeat 2000000000 "x"}}',
        '{{indent 2000000000 "x"}}',
        '{{printf "%999999d" 1}}{{range 100}}{{printf "%999999d" 1}}{{end}}',
        "{{range until 100000}}{{range until 100000}}x{{end}}{{end}}",
        "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
        "{{$x := list 1 2}}{{range 100}}{{$x = list $x $x}}{{end}}{{$x}}",
        '{{$x := repeat 8000000 "x"}}{{range 1000}}{{$y := contains "y" $x}}{{end}}',
        "{{if true}}" * 5000 + "{{end}}" * 5000,
        "{{with 1}}" + "{{else with 1}}" * 5000 + "{{end}}",
    ],
)
def test_every_bomb_ends_in_a_clear_error(text: str) -> None:
    began = time.thread_time()
    with pytest.raises(TemplateError):
        run(text)
    assert time.thread_time() - began < 5


def test_a_product_wraps_as_gos_integers_do() -> None:
    assert run("{{$x := 3}}{{range 50}}{{$x = mul $x $x}}{{end}}{{len (print $x)}}") <= "20"


def test_limits_are_the_callers() -> None:
    with pytest.raises(TemplateError, match="stopped after 5 steps"):
        run("{{range 10}}{{.}}{{end}}", limits=Limits(steps=5))
    with pytest.raises(TemplateError, match="output of more than 3 characters"):
        run("{{.b}}{{.b}}{{.b}}{{.b}}", limits=Limits(output_characters=3))


def test_python_attributes_are_never_reached() -> None:
    class Secret:
        password = "hunter2"

    for text in ("{{.o.password}}", "{{.o.__class__}}", "{{.b.__class__}}", "{{.l.append}}", "{{.m.items}}"):
        try:
            assert "hunter2" not in run(text, {**DATA, "o": Secret()})
            assert run(text, {**DATA, "o": Secret()}) == "<no value>"
        except TemplateError as err:
            assert "can't evaluate field" in err.say("en")  # noqa: PT017 (either outcome is right)


def test_objects_show_their_fields_and_methods() -> None:
    labels = {"a": "1", "b": "2"}
    pairs = Object(
        "template.Pairs",
        methods={"Names": Function(lambda: list(labels)), "Only": Function(lambda name: labels[name], ("string",))},
        value=[{"Name": name, "Value": value} for name, value in labels.items()],
    )
    data = Object("template.Data", fields={"Status": "firing", "Labels": pairs})
    assert run("{{.Status}} {{.Labels.Names}} {{.Labels.Only `b`}} {{len .Labels}}", data) == "firing [a b] 2 2"
    assert run("{{range .Labels}}{{.Name}}={{.Value}};{{end}}", data) == "a=1;b=2;"
    with pytest.raises(TemplateError, match=r"can't evaluate field Nope in type template\.Data"):
        run("{{.Nope}}", data)


def test_missing_keys() -> None:
    assert run("{{.x}}|{{.m.x}}", {"m": {}}, missing="zero") == "<no value>|<no value>"
    assert run("[{{.x}}]", StringMap(a="1"), missing="zero") == "[]"
    assert run("[{{.x}}]", StringMap(a="1")) == "[<no value>]"
    with pytest.raises(TemplateError, match='map has no entry for key "x"'):
        run("{{.x}}", {}, missing="error")


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ('{{ "  x " | trim }}{{ trimAll "$" "$5$" }}{{ trimPrefix "a" "ab" }}{{ trimSuffix "b" "ab" }}', "x5ba"),
        ('{{ title "hello wide world" }}', "Hello Wide World"),
        ('{{ trunc 2 "결제실패" }} {{ trunc -2 "결제실패" }} {{ substr 1 3 "결제실패" }}', "결제 실패 제실"),
        ('{{ contains "b" "abc" }} {{ hasPrefix "a" "abc" }} {{ hasSuffix "a" "abc" }}', "true true false"),
        ('{{ indent 2 "a\\nb" }}{{ nindent 1 "a" }}', "  a\n  b\n a"),
        ('{{ replace "a" "b" "aXa" }} {{ repeat 3 "ab" }}', "bXb ababab"),
        ('{{ Replace "aaa" "a" "b" 2 }} {{ Trim "xax" "x" }} {{ ToUpper "a" }}', "bba a A"),
        ('{{ b64enc "hi" }} {{ b64dec "aGk=" }}', "aGk= hi"),
        ('{{ int "12.0" }} {{ int "x" }} {{ float64 "1.5" }} {{ int 3.9 }}', "12 0 1.5 3"),
        ("{{ add 1 2 3 }} {{ sub 5 7 }} {{ mul 2 3 4 }} {{ div -7 2 }} {{ mod -7 2 }}", "6 -2 24 -3 -1"),
        ("{{ addf 0.1 0.2 }} {{ subf 1 0.5 }} {{ mulf 1.5 2 }} {{ divf 1 4 }}", "0.3 0.5 3 0.25"),
        ("{{ max 1 5 2 }} {{ min 1 5 }} {{ maxf 1.5 2 }} {{ minf 1.5 2 }}", "5 1 2 1.5"),
        ("{{ ceil 1.2 }} {{ floor 1.8 }} {{ round 1.256 2 }} {{ round 123.5 0 }}", "2 1 1.26 124"),
        ('{{ fromJson "{\\"a\\":[1,2.5]}" }} {{ (fromJson "{\\"k\\":\\"v\\"}").k }}', "map[a:[1 2.5]] v"),
        ('{{ default "d" "" }}{{ default "d" "x" }}{{ "" | default "e" }}', "dxe"),
        ('{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}', "-W-xxW-"),
        ('{{ regexReplaceAll "a(x*)b" "-ab-" "$1W" }} {{ regexReplaceAllLiteral "a" "cab" "$1" }}', "-- c$1b"),
        ('{{ Sha2Hash "salt" "x" | trunc 8 }} {{ Hash "salt" "x" | trunc 8 }}', "0a8f3c5e 1b4b7b2d"),
        ('{{ date "2006-01-02" now }} {{ now | unixEpoch }}', "2023-11-14 1700000000"),
        ('{{ toDate "2006-01-02" "2024-02-29" | unixEpoch }} {{ toDate "2006" "x" }}', "1709164800 0001-01-01 00:00:00 +0000 UTC"),  # noqa: E501
        ('{{ toDateInZone "2006-01-02 15:04" "Asia/Seoul" "2024-01-01 09:00" | unixEpoch }}', "1704067200"),
        ('{{ list 1 "a" | join "-" }} {{ dict "a" 1 "b" 2 | toJson }} {{ splitList "," "a,b" }}', '1-a {"a":1,"b":2} [a b]'),  # noqa: E501
        ('{{ ternary "y" "n" true }} {{ empty "" }} {{ coalesce "" "z" }}', "y true z"),
    ],
)  # fmt: skip
def test_functions(text: str, output: str) -> None:
    if "Hash" in text:  # computed, not remembered
        import hashlib

        salted = b"saltx"
        output = f"{hashlib.sha256(salted).hexdigest()[:8]} {hashlib.sha3_256(salted).hexdigest()[:8]}"
    assert run(text) == output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{div 1 0}}", "error calling div: runtime error: integer divide by zero"),
        ('{{regexReplaceAll "(" "a" "b"}}', "error calling regexReplaceAll: error parsing regexp: missing ): (: `(`"),
        ('{{repeat -1 "a"}}', "error calling repeat: strings: negative Repeat count"),
        ('{{fail "no"}}', "error calling fail: no"),
    ],
)
def test_functions_that_fail(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match="executing") as raised:
        run(text)
    assert str(raised.value).endswith(words)


def test_lokis_own_functions() -> None:
    functions = loki.functions(lambda: 0, lambda: "line", lambda: 1_700_000_000_000_000_001)
    template = Template.parse(
        '{{__line__}} {{__timestamp__ | unixEpochNanos}} {{urlencode "a b/"}} {{urldecode "a+b%2F"}} {{bytes "1KiB"}} '
        '{{duration "90s"}} {{unixToTime "1700000000" | unixEpochMillis}} {{alignLeft 3 "ab"}}|{{alignRight 2 "abc"}}|'
        '{{count "a" "banana"}}',
        functions,
    )
    assert template.execute({}) == "line 1700000000000000001 a+b%2F a b/ 1024 90 1700000000000 ab |bc|3"
    with pytest.raises(TemplateError, match="invalid URL escape"):
        Template.parse('{{urldecode "%zz"}}', functions).execute({})


WORDS = (
    "{{ }} {{- -}} if else end range with define template block break continue . .a .b.c $ $x := = , | ( ) nil true 1 "
    '1.5 \'a\' "s" `r` printf "%d" index len and or not eq /* */ text print call html lower repeat 3 fromJson list'
)
PIECES = st.sampled_from([*WORDS.split(), "\n"])


@given(st.lists(PIECES, max_size=25).map(" ".join) | st.text(alphabet="{}.$|()\"`'/*-ab =:1\n", max_size=40))
def test_any_text_gives_output_or_a_template_error(text: str) -> None:
    with contextlib.suppress(TemplateError):
        Template.parse(text, FUNCTIONS, limits=Limits(steps=2000)).execute(DATA)
