"""The key is found in each of its places, and only where all that are given agree."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import NotAllowed, WireError
from hannun.wire.sentry import dsn
from hannun.wire.sentry.auth import Auth, NoKey, read
from hannun.wire.sentry.dsn import Dsn

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("header", "authorization", "query", "found"),
    [
        pytest.param(None, None, {}, None, id="nowhere"),
        pytest.param("", "Bearer x", {"sentry_version": "7"}, None, id="nothing of ours"),
        pytest.param(
            f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.python/2.75.0",
            None,
            {},
            Auth(KEY, "sentry.python/2.75.0", "7"),
            id="header of Python",
        ),
        pytest.param(
            f"Sentry sentry_timestamp=1767323045.5,sentry_secret=x,sentry_key={KEY}",
            None,
            {},
            Auth(KEY, sent_ms=1_767_323_045_500),
            id="header of old clients: a time, a secret, no spaces",
        ),
        pytest.param(f'sEnTrY   sentry_key="{KEY}"', None, {}, Auth(KEY), id="odd case, spaces, quotes"),
        pytest.param(None, f"Sentry sentry_key={KEY}", {}, Auth(KEY), id="Authorization"),
        pytest.param(
            None,
            "Basic eDp5",
            {"sentry_key": KEY, "sentry_client": "sentry.javascript.node/11.12.0", "sentry_version": "7"},
            Auth(KEY, "sentry.javascript.node/11.12.0", "7"),
            id="query of JavaScript behind a proxy with a password",
        ),
    ],
)
def test_places(header, authorization, query, found) -> None:
    assert read(header, authorization, query) == found


@pytest.mark.parametrize(
    "text", ["Sentry", "Sentry sentry_version=7", "Sentry sentry_key=", "x" * 5_000, "Sentry sentry_key=a b"]
)
def test_a_header_without_a_key_is_none(text: str) -> None:
    with pytest.raises(NoKey):
        read(text, None, {})


def test_places_that_disagree_are_refused() -> None:
    header = f"Sentry sentry_key={KEY}"
    for query, named, path in (
        ({"sentry_key": "f" * 32}, None, ""),
        ({}, Dsn("f" * 32, 1), ""),
        ({}, None, "f" * 32),
    ):
        with pytest.raises(NotAllowed):
            read(header, None, query, named, path)
    assert read(header, None, {"sentry_key": KEY.upper()}, Dsn(KEY, 3), KEY) == Auth(KEY, project=3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"https://{KEY}@h.example/1", Dsn(KEY, 1)),
        (f"http://{KEY}:secret@h.example:9000/1", Dsn(KEY, 1)),
        (f"https://{KEY}@h.example/watch/sentry/42", Dsn(KEY, 42)),
        (f"https://{KEY}@[::1]:9/7/", Dsn(KEY, 7)),
        (f"https://{KEY}@h.example:99999/1", Dsn(KEY, 1)),
    ],
)
def test_a_dsn_may_have_a_secret_a_port_and_a_prefix(text: str, found: Dsn) -> None:
    assert dsn.parse(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "https://h/1", f"https://{KEY}@h/", f"https://{KEY}@h/0", f"https://{KEY}@h/x", f"ftp://{KEY}@h/1",
     f"{KEY}@h/1", f"https://{KEY}@/1", "https://[::1/1", f"https://{KEY}@h/{'9' * 30}", "x" * 2_000, f"https://{KEY}@h/01"],
)  # fmt: skip
def test_what_is_no_dsn(text: str) -> None:
    with pytest.raises(WireError, match="invalid dsn"):
        dsn.parse(text)


@given(
    st.text(max_size=100),
    st.text(max_size=100),
    st.dictionaries(st.sampled_from(["sentry_key", "sentry_timestamp"]), st.text()),
)
@settings(deadline=None)
def test_any_text_is_a_key_or_an_answer(header: str, authorization: str, query: dict[str, str]) -> None:
    with suppress(NoKey, NotAllowed):
        read(f"Sentry sentry_key={header}", authorization, query)
    with suppress(WireError):
        dsn.parse(f"https://{header}@{authorization}")
