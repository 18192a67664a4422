from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.web.auth.credentials import COOKIE, Basic, Bearer, cookie, session_keys, shown


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param("Bearer hnt_x", Bearer("hnt_x"), id="bearer"),
        pytest.param("bearer   hnt_x ", Bearer("hnt_x"), id="case and blanks"),
        pytest.param("Token hnt_x", Bearer("hnt_x"), id="InfluxDB's scheme"),
        pytest.param("Token any:hnt_x", Bearer("hnt_x"), id="InfluxDB 1.x: a token as the password"),
        pytest.param("Token ann:pw", Basic("ann", "pw"), id="InfluxDB 1.x: name and password"),
        pytest.param(basic("any:hnt_x"), Bearer("hnt_x"), id="a token as the password"),
        pytest.param(basic(":hnt_x"), Bearer("hnt_x"), id="without a name"),
        pytest.param(basic("ann:pass:word"), Basic("ann", "pass:word"), id="a colon in the password"),
        pytest.param(basic("가람:비밀번호"), Basic("가람", "비밀번호"), id="Korean"),
        pytest.param(basic("ann"), None, id="no colon"),
        pytest.param("Basic !!!", None, id="no base64"),
        pytest.param("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), None, id="no UTF-8"),
        pytest.param("Digest x", None, id="another scheme"),
        pytest.param("DSN https://key@host/1", None, id="Sentry's own"),
        pytest.param("", None, id="empty"),
        pytest.param("Bearer " + "x" * 10_000, None, id="too long"),
    ],
)
def test_what_authorization_shows(value: str, found: object) -> None:
    assert shown([(b"authorization", value.encode())]) == found


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        pytest.param([f"{COOKIE}=a"], ("a",), id="one"),
        pytest.param([f"x=1; {COOKIE}=a; y=2"], ("a",), id="among others"),
        pytest.param([f"{COOKIE}=a; {COOKIE}=b"], ("a", "b"), id="another path set one too"),
        pytest.param([f"{COOKIE}=a", f"{COOKIE}=b"], ("a", "b"), id="two headers"),
        pytest.param(
            ["; ".join(f"{COOKIE}={n}" for n in range(99))], ("0", "1", "2"), id="a flood costs three lookups"
        ),
        pytest.param([f"{COOKIE}="], (), id="empty"),
        pytest.param([f"{COOKIE}={'x' * 5000}"], (), id="too long"),
        pytest.param([f"x{COOKIE}=a; {COOKIE}x=b; {COOKIE}"], (), id="other names"),
    ],
)
def test_which_sessions_a_browser_shows(headers: list[str], keys: tuple[str, ...]) -> None:
    assert session_keys([(b"cookie", value.encode()) for value in headers]) == keys


@pytest.mark.parametrize(
    ("base", "secure", "wanted"),
    [
        ("", False, "hannun_session=k; Path=/; Max-Age=9; HttpOnly; SameSite=Lax"),
        ("/hannun", True, "hannun_session=k; Path=/hannun/; Max-Age=9; HttpOnly; SameSite=Lax; Secure"),
    ],
    ids=["at the root over http", "under a sub-path over https"],
)
def test_the_cookie(base: str, secure: bool, wanted: str) -> None:
    assert cookie("k", base=base, secure=secure, max_age_s=9) == wanted


def test_taking_the_cookie_away() -> None:
    assert "Max-Age=0" in cookie("", base="", secure=False, max_age_s=9)


@given(st.binary(max_size=200))
def test_no_header_makes_it_raise(value: bytes) -> None:
    shown([(b"authorization", value)])
    shown([(b"authorization", b"Basic " + value)])
    shown([(b"authorization", b"Basic " + base64.b64encode(value))])
    session_keys([(b"cookie", value), (b"cookie", COOKIE.encode() + b"=" + value)])
