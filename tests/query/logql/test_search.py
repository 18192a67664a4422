"""What the one box understands: a table of what people type and the LogQL that is asked."""

from __future__ import annotations

import pytest

from hannun.model.errors import BadQuery
from hannun.model.security import SecurityRule, SecurityRules
from hannun.model.text import Text
from hannun.query.logql.search import TERMS_MAX, TEXT_CHARACTERS_MAX, regexes_of, understand

LABELS = {"service_name", "host", "filename"}


def logql(text: str, **scope: str) -> str:
    return understand(text, labels=LABELS, is_logql=lambda text: text.startswith("sum("), scope=scope).logql


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        pytest.param("", '{service_name=~".+"}', id="nothing: everything"),
        pytest.param("timeout", '{service_name=~".+"} |~ "(?i)timeout"', id="a word, whatever its case"),
        pytest.param("결제 실패", '{service_name=~".+"} |~ "(?i)결제" |~ "(?i)실패"', id="all words"),
        pytest.param('"card declined"', '{service_name=~".+"} |~ "(?i)card declined"', id="a phrase"),
        pytest.param("-health", '{service_name=~".+"} !~ "(?i)health"', id="a word that must not be there"),
        pytest.param("service:shop", '{service_name="shop"}', id="the service by its plain name"),
        pytest.param("host:web-*", '{host=~"web-.*"}', id="a wildcard"),
        pytest.param("-host:web-1", '{host!="web-1", service_name=~".+"}', id="not this host"),
        pytest.param("level:ERROR", '{service_name=~".+"} | detected_level="error"', id="a severity"),
        pytest.param(
            "severity:error+",
            '{service_name=~".+"} | detected_level=~"error|critical|fatal"',
            id="a severity and what is worse",
        ),
        pytest.param(
            "user_id:42",
            '{service_name=~".+"} |= "42" | json | logfmt | drop __error__, __error_details__ | user_id="42"',
            id="a field of the line",
        ),
        pytest.param(
            "duration>250ms",
            '{service_name=~".+"} | json | logfmt | drop __error__, __error_details__ | duration > 250ms',
            id="a field compared",
        ),
        pytest.param(
            "trace_id:4BF92F3577B34DA6",
            '{service_name=~".+"} | regexp "(?P<trace_in_line>(?i:4bf92f3577b34da6))"'
            ' | trace_id="4bf92f3577b34da6" or trace_in_line!="" | drop trace_in_line',
            id="a trace, beside the line or within it",
        ),
        pytest.param("http://a/b", '{service_name=~".+"} |~ "(?i)http://a/b"', id="an address is a word"),
        pytest.param("a.b(c)", '{service_name=~".+"} |~ "(?i)a\\\\.b\\\\(c\\\\)"', id="what regexes mean"),
        pytest.param("12:30", '{service_name=~".+"} |~ "(?i)12:30"', id="a time is a word"),
        pytest.param('{app="x"} |= "y"', '{app="x"} |= "y"', id="LogQL as it is"),
        pytest.param("sum(rate({a=~'x'}[1m]))", "sum(rate({a=~'x'}[1m]))", id="a metric question as it is"),
    ],
)
def test_what_is_typed_becomes_logql(typed: str, asked: str) -> None:
    assert logql(typed) == asked


def test_the_scope_holds_whatever_is_typed() -> None:
    assert logql("x", host="web-1") == '{host="web-1"} |~ "(?i)x"'


def test_quotes_and_backslashes_stay_inside_their_string() -> None:
    found = logql('a"b\\c')
    assert found.count('"') - found.count('\\"') == 4


@pytest.mark.parametrize("text", ["x" * (TEXT_CHARACTERS_MAX + 1), "a " * (TERMS_MAX + 1), "size>big"])
def test_what_cannot_be_asked_is_said(text: str) -> None:
    with pytest.raises(BadQuery):
        logql(text)


def test_a_host_is_found_whatever_the_label_is_called() -> None:
    found = understand("host:web-1", labels={"service_name", "node_name"}, is_logql=lambda _: False)
    assert found.logql == '{node_name="web-1"}'


def test_security_is_a_word_of_its_own() -> None:
    kinds = {"scanner": "(?i:nikto)"}

    def asked(text: str, labels: set[str] = LABELS) -> str:
        return understand(text, labels=labels, is_logql=lambda _: False, security=kinds).logql

    assert asked("security:scanner") == '{service_name=~".+"} |~ "(?i:nikto)"'
    assert asked("-security:scanner") == '{service_name=~".+"} !~ "(?i:nikto)"'
    assert asked("security:scanner", LABELS | {"security"}) == '{security="scanner"}', "a stream's own label goes first"


def test_rules_become_one_regex_per_kind() -> None:
    rules = SecurityRules(
        {"a": Text(en="A", ko="가")},
        (SecurityRule("a", ("x.y", "(z")), SecurityRule("a", ("login",), "POST /login [0-9]+")),
    )
    assert regexes_of(rules) == {"a": r"(?i:x\.y|\(z)|(?:POST /login [0-9]+)"}
    assert regexes_of(None) == {}
