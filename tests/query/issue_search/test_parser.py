"""Searches as people write them, and what each of their words asks."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.errors import BadQuery
from hannun.model.issue_search import Compare, FreeText, Has
from hannun.query.issue_search import parse

NOW_MS = 1_700_000_000_000
H = 3_600_000
DAY = 24 * H

CASES = {
    "is:unresolved": (Compare("is", "=", ("unresolved",)),),
    "!is:archived": (Compare("is", "=", ("archived",), negated=True),),
    "release:1.2": (Compare("release", "=", ("1.2",)),),
    "release:[1.2, shop@1.3]": (Compare("release", "=", ("1.2", "shop@1.3")),),
    "!browser.name:Chrome": (Compare("browser.name", "=", ("Chrome",), negated=True),),
    "level:error user.email:kim@a.kr": (Compare("level", "=", ("error",)), Compare("user.email", "=", ("kim@a.kr",))),
    "age:-24h": (Compare("age", ">=", (NOW_MS - DAY,)),),
    "age:+1w": (Compare("age", "<=", (NOW_MS - 7 * DAY,)),),
    "firstSeen:>2023-11-01": (Compare("firstSeen", ">", (1_698_796_800_000,)),),
    "firstSeen:2023-11-01": (
        Compare("firstSeen", ">=", (1_698_796_800_000,)),
        Compare("firstSeen", "<", (1_698_796_800_000 + DAY,)),
    ),
    "lastSeen:<=2023-11-01T01:00:00Z": (Compare("lastSeen", "<=", (1_698_796_800_000 + H,)),),
    "timesSeen:>10": (Compare("timesSeen", ">", (10,)),),
    "timesSeen:>=2k": (Compare("timesSeen", ">=", (2000,)),),
    "times_seen:5": (Compare("timesSeen", "=", (5,)),),
    "has:url !has:user": (Has("url"), Has("user", negated=True)),
    'server_name:""': (Has("server_name", negated=True),),
    "assigned:me": (Compare("assigned", "=", ("user:kim",)),),
    "assigned:[none, #shop, lee]": (Compare("assigned", "=", ("none", "team:shop", "user:lee")),),
    "tags[level]:x": (Compare("level", "=", ("x",), tag=True),),
    'message:"a \\"b\\" c"': (Compare("message", "=", ('a "b" c',)),),
    "error.type:Conn*": (Compare("error.type", "=", ("Conn*",)),),
    'release:">1"': (Compare("release", "=", (">1",)),),
    "release.version:>=1.2": (Compare("release.version", ">=", ("1.2",)),),
    "url:https://a.kr/x": (Compare("url", "=", ("https://a.kr/x",)),),
    "connection refused": (FreeText("connection refused"),),
    '"connection: refused"': (FreeText("connection: refused"),),
    "!timeout": (FreeText("timeout", negated=True),),
    "is:new AND 결제 실패": (Compare("is", "=", ("new",)), FreeText("결제 실패")),
    "": (),
    "   ": (),
    ":x": (FreeText(":x"),),
}


@pytest.mark.parametrize(("text", "terms"), CASES.items(), ids=list(CASES))
def test_a_search_is_its_terms(text: str, terms: tuple[object, ...]) -> None:
    assert parse(text, now_ms=NOW_MS, me="kim") == terms


BAD = {
    "is:gone": "`is:gone` is not known",
    "age:yesterday": "`age:yesterday` is no time",
    "timesSeen:many": "`timesSeen:many` is no number",
    'message:"a': "the quote at character 9 is never closed",
    "release:[a": "the list at character 9 is never closed",
    "release:": "`release:` at character 1 has no value",
    "a OR b": "`OR` cannot be used here",
    "(is:new)": "`(is` cannot be used here",
    "x" * 5000: "at most 4096 characters",
    "a:b " * 65: "at most 64 words",
}


@pytest.mark.parametrize(("text", "told"), BAD.items(), ids=[text[:12] for text in BAD])
def test_what_cannot_be_asked_is_told_with_what_to_do(text: str, told: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text, now_ms=NOW_MS)
    assert told in caught.value.say("en")


def test_me_needs_a_name() -> None:
    with pytest.raises(BadQuery):
        parse("assigned:me", now_ms=NOW_MS)


@given(st.text(max_size=60) | st.text(alphabet='is:!"[],> \\ab1-*', max_size=40))
def test_any_text_is_terms_or_a_bad_query(text: str) -> None:
    with suppress(BadQuery):
        assert all(isinstance(term, Compare | Has | FreeText) for term in parse(text, now_ms=NOW_MS, me="kim"))
