"""CEL over JSON bodies: a table of expressions, and nothing but CelError for any text."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.probe.cel import broken_rule, evaluate
from hannun.collect.probe.cel_parser import CelError, parse
from hannun.config.blackbox.model import HttpProbe

BODY: dict[str, Any] = {
    "status": "ok",
    "load": 0.5,
    "count": 3.0,
    "up": True,
    "nothing": None,
    "checks": [{"name": "db", "up": True, "ms": 12.0}, {"name": "queue", "up": False, "ms": 900.0}],
    "by name": {"a-b": 1.0},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("body.status == 'ok'", True),
        ('body["status"] != "ok"', False),
        ("body.count == 3", True),
        ("body.count >= 3 && body.load < 0.75", True),
        ("3 in [1, 2, 3]", True),
        ("'status' in body", True),
        ("has(body.status) && !has(body.missing)", True),
        ("body.checks.all(c, c.up)", False),
        ("body.checks.exists(c, c.name == 'db' && c.up)", True),
        ("body.checks.exists_one(c, c.up)", True),
        ("size(body.checks.filter(c, c.ms > 100)) == 1", True),
        ("body.checks.map(c, c.name) == ['db', 'queue']", True),
        ("body.checks.map(c, c.up, c.ms)[0] == 12", True),
        ("body.checks[1].name.startsWith('qu')", True),
        ("body.status.matches('^o.$')", True),
        ("body['by name']['a-b'] > 0", True),
        ("body.nothing == null", True),
        ("body.up ? 1 : 2", 1),
        ("false || true && false", False),
        ("body.missing == 1 || true", True),
        ("body.missing == 1 && false", False),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7.0 / 2.0", 3.5),
        ("'a' + \"b\" == 'ab'", True),
        (r"'\x41\u00e4\n' == 'Aä\n'", True),
        (r"r'\d' == '\\d'", True),
        ("int('42') == 42", True),
        ("double('1.5') == 1.5", True),
        ("string(body.count)", "3"),
        ("body.checks.size() == 2", True),
        ("{'a': 1}.a == 1", True),
        ("0x10 == 16", True),
        ("1 == 1.0", True),
        ("'1' == 1", False),
    ],
)
def test_an_expression_has_its_value(expression: str, value: object) -> None:
    found = evaluate(expression, BODY)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("body.missing", "no such key: missing"),
        ("bodyy.status", "undeclared reference to 'bodyy'"),
        ("body.status.x", "no field 'x' in a string"),
        ("body.checks[7]", "index out of bounds: 7"),
        ("body.checks[0.5]", "no index"),
        ("1 + 1.0", "no such overload: int \\+ double"),
        ("body.count + 1", "no such overload: double \\+ int"),
        ("1 / 0", "division by zero"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("1 < 'a'", "no int < string"),
        ("!1", "int where a bool is needed"),
        ("timestamp('x')", "no function timestamp"),
        ("body.status.all(c, true)", "not a list or map"),
        ("body.", "expected a field name at character 6"),
        ("(1", "expected '\\)' at character 3, found 'the end'"),
        ("1 1", "unexpected '1' at character 3"),
        ("", "unexpected 'end' at character 1"),
        ("a = b", "unexpected ' = b'"),
        ("(" * 500 + "1" + ")" * 500, "nested deeper"),
        ("!" * 5_000 + "true", "nested deeper"),
        ("1" * 20_000, "longer than"),
    ],
)
def test_what_cannot_be_is_said(expression: str, words: str) -> None:
    with pytest.raises(CelError, match=words):
        evaluate(expression, BODY)


def test_an_expression_that_multiplies_ends() -> None:
    items = [float(number) for number in range(2_000)]
    begin_s = time.thread_time()
    with pytest.raises(CelError, match="steps"):
        evaluate("body.all(a, body.all(b, body.all(c, a + b + c >= 0.0)))", items)
    assert time.thread_time() - begin_s < 10


def test_a_long_string_cannot_be_doubled_without_end() -> None:
    deep = "body" + " + body" * 40
    with pytest.raises(CelError, match="longer than"):
        evaluate(deep, "x" * (1 << 20))


@pytest.mark.parametrize(
    ("rules", "body", "words"),
    [
        pytest.param({"fail_if_body_json_matches_cel": "body.up"}, BODY, "Body matched CEL expression", id="matches"),
        pytest.param({"fail_if_body_json_matches_cel": "!body.up"}, BODY, None, id="does not match"),
        pytest.param({"fail_if_body_json_not_matches_cel": "body.up"}, BODY, None, id="must and does"),
        pytest.param(
            {"fail_if_body_json_not_matches_cel": "!body.up"}, BODY, "Body did not match CEL expression", id="must"
        ),
        pytest.param(
            {"fail_if_body_json_matches_cel": "body.count"}, BODY, "CEL evaluation result is not a boolean", id="number"
        ),
        pytest.param(
            {"fail_if_body_json_matches_cel": "body.x"}, BODY, "Error evaluating CEL expression", id="cannot be told"
        ),
    ],
)
def test_rules_on_a_body(rules: dict[str, str], body: object, words: str | None) -> None:
    broken = broken_rule(HttpProbe(**rules), orjson.dumps(body))  # type: ignore[arg-type]
    assert (broken is None) if words is None else (broken is not None and broken[0].startswith(words))


def test_a_body_that_is_no_json_breaks_the_rule() -> None:
    broken = broken_rule(HttpProbe(fail_if_body_json_matches_cel="true"), b"<html>")
    assert broken is not None
    assert broken[0].startswith("Error unmarshalling HTTP body to JSON")


WORDS = r"""body . [ ] ( ) { } , : ? && || ! - + == in 1 2.5 'a' x all map size has \\ " 0x matches status é 1e999"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\0"])


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_has_a_value_or_a_cel_error(text: str) -> None:
    with contextlib.suppress(CelError):
        evaluate(text, BODY)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_a_cel_error(text: str) -> None:
    with contextlib.suppress(CelError):
        parse(text)
