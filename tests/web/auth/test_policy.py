"""The whole of access control, as tables."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from hannun.model.access import ANONYMOUS, Access, Principal, Role, User
from hannun.model.account import Account, Token, TokenRole
from hannun.web.auth.directory import bearer, of_user
from hannun.web.auth.gate import OPEN
from hannun.web.auth.policy import decide, is_open, may_start
from hannun.web.site import Site


def user(role: Role) -> Principal:
    return of_user(Account(User(1, "ann", role), "hash", 0), "session")


def token(role: TokenRole) -> Principal:
    return bearer(Token(1, "ci", role, "hash", 0), {})


CALLERS = {
    "open": OPEN,
    "anonymous": ANONYMOUS,
    "allowed network": Principal(None, may_push=True, how="network"),
    "viewer": user(Role.VIEWER),
    "editor": user(Role.EDITOR),
    "admin": user(Role.ADMIN),
    "push token": token(TokenRole.PUSH),
    "viewer token": token(TokenRole.VIEWER),
    "editor token": token(TokenRole.EDITOR),
    "admin token": token(TokenRole.ADMIN),
}
# 0: comes in. One column per access, in the order PUBLIC, PUSH, VIEW, EDIT, ADMIN, DSN.
DECISIONS = {
    "open": (0, 0, 0, 0, 0, 0),
    "anonymous": (0, 401, 401, 401, 401, 0),
    "allowed network": (0, 0, 401, 401, 401, 0),
    "viewer": (0, 403, 0, 403, 403, 0),
    "editor": (0, 0, 0, 0, 403, 0),
    "admin": (0, 0, 0, 0, 0, 0),
    "push token": (0, 0, 403, 403, 403, 0),
    "viewer token": (0, 403, 0, 403, 403, 0),
    "editor token": (0, 0, 0, 0, 403, 0),
    "admin token": (0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("column", "access"), list(enumerate(Access)), ids=lambda value: str(value))
def test_every_access_for_every_caller(caller: str, column: int, access: Access) -> None:
    refused = decide(access, CALLERS[caller])
    assert (refused.status if refused else 0) == DECISIONS[caller][column]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("access", list(Access))
def test_each_refusal_says_what_to_do_in_both_languages(caller: str, access: Access) -> None:
    refused = decide(access, CALLERS[caller])
    if refused is not None:
        for text in (refused.what, refused.hint):
            assert text is not None
            assert text.en != text.ko
            assert "{" not in text.en + text.ko


LOCAL = Site()
ANYWHERE = Site(listen_host="0.0.0.0")
PROXIED = Site(external_url="https://mon.example.com")
START = [
    pytest.param(LOCAL, False, False, True, id="loopback, nobody"),
    pytest.param(Site(listen_host="::1"), False, False, True, id="loopback of IPv6"),
    pytest.param(Site(listen_host="[::1]"), False, False, True, id="loopback of IPv6 in brackets"),
    pytest.param(Site(listen_host="127.9.9.9"), False, False, True, id="anywhere in 127.0.0.0/8"),
    pytest.param(Site(listen_host="localhost"), False, False, True, id="localhost"),
    pytest.param(Site(external_url="http://localhost:9000"), False, False, True, id="external url on this machine"),
    pytest.param(ANYWHERE, False, False, False, id="every address, nobody"),
    pytest.param(Site(listen_host="::"), False, False, False, id="every address of IPv6"),
    pytest.param(Site(listen_host="192.168.1.7"), False, False, False, id="a network address"),
    pytest.param(Site(listen_host="myhost"), False, False, False, id="a name that may mean anything"),
    pytest.param(Site(listen_host=""), False, False, False, id="empty means every address"),
    pytest.param(PROXIED, False, False, False, id="loopback behind a public proxy"),
    pytest.param(ANYWHERE, True, False, True, id="every address with a user"),
    pytest.param(ANYWHERE, False, True, True, id="every address with a token"),
    pytest.param(Site(listen_host="0.0.0.0", insecure_open=True), False, False, True, id="asked to be open"),
    pytest.param(
        Site(listen_host="0.0.0.0", ingest_allow=(ip_network("10.0.0.0/8"),)), False, False, False, id="networks only"
    ),
]


@pytest.mark.parametrize(("site", "has_users", "has_tokens", "starts"), START)
def test_who_may_start(site: Site, has_users: bool, has_tokens: bool, starts: bool) -> None:
    refused = may_start(site, has_users=has_users, has_tokens=has_tokens)
    assert (refused is None) is starts
    if refused is not None:
        for words in (refused.say("en"), refused.say("ko")):
            assert "\n" not in words
            for way_out in ("hannun user add", "HANNUN_ADMIN_PASSWORD", "127.0.0.1", "--insecure-open"):
                assert way_out in words


@pytest.mark.parametrize(
    ("site", "has_users", "open_"),
    [
        pytest.param(LOCAL, False, True, id="loopback, nobody"),
        pytest.param(LOCAL, True, False, id="loopback with a user"),
        pytest.param(ANYWHERE, False, False, id="elsewhere it is never open unasked"),
        pytest.param(Site(listen_host="0.0.0.0", insecure_open=True), False, True, id="asked to be open"),
        pytest.param(Site(listen_host="0.0.0.0", insecure_open=True), True, False, id="a user closes even that"),
        pytest.param(PROXIED, False, False, id="a public proxy is not loopback"),
    ],
)
def test_what_is_open(site: Site, has_users: bool, open_: bool) -> None:
    assert is_open(site, has_users=has_users) is open_


def test_a_token_can_do_no_more_than_its_maker_can_now() -> None:
    made = Token(1, "old admin token", TokenRole.ADMIN, "hash", 0, user_id=1)
    demoted = {1: Account(User(1, "ann", Role.VIEWER), "hash", 0)}
    assert bearer(made, demoted).role is Role.VIEWER
    assert not bearer(made, demoted).may_push
    assert bearer(made, {}).role is None
    host = Token(1, "host", TokenRole.PUSH, "hash", 0, user_id=1)
    assert bearer(host, {}).may_push
