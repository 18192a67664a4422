from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.web.auth.proxy import Caller, caller

TRUSTED = (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def seen(peer: str | None, *headers: tuple[str, str], scheme: str = "http") -> Caller:
    return caller(peer, scheme, [(name.encode(), value.encode("latin-1")) for name, value in headers], TRUSTED)


FOR = "x-forwarded-for"


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        pytest.param("203.0.113.9", [], "203.0.113.9", id="no proxy"),
        pytest.param("203.0.113.9", [(FOR, "1.2.3.4")], "203.0.113.9", id="a stranger is not believed"),
        pytest.param("127.0.0.1", [(FOR, "203.0.113.9")], "203.0.113.9", id="one proxy"),
        pytest.param(
            "127.0.0.1", [(FOR, "1.2.3.4, 203.0.113.9")], "203.0.113.9", id="what the caller wrote is ignored"
        ),
        pytest.param("127.0.0.1", [(FOR, "203.0.113.9, 10.1.2.3")], "203.0.113.9", id="two proxies"),
        pytest.param("127.0.0.1", [(FOR, "1.1.1.1"), (FOR, "203.0.113.9")], "203.0.113.9", id="two headers are one"),
        pytest.param("127.0.0.1", [(FOR, "10.1.1.1, 10.2.2.2")], "10.1.1.1", id="everybody is inside"),
        pytest.param("127.0.0.1", [(FOR, "203.0.113.9:4711")], "203.0.113.9", id="with a port"),
        pytest.param("127.0.0.1", [(FOR, "2001:db8::1")], "2001:db8::1", id="IPv6"),
        pytest.param("127.0.0.1", [(FOR, '"[2001:db8::1]:4711"')], "2001:db8::1", id="IPv6 with a port"),
        pytest.param("127.0.0.1", [(FOR, "::ffff:203.0.113.9")], "203.0.113.9", id="IPv4 inside IPv6"),
        pytest.param("::ffff:127.0.0.1", [(FOR, "203.0.113.9")], "203.0.113.9", id="the peer too"),
        pytest.param("127.0.0.1", [(FOR, "203.0.113.9, unknown")], "127.0.0.1", id="unreadable: nobody left of it"),
        pytest.param("127.0.0.1", [(FOR, "")], "127.0.0.1", id="empty"),
        pytest.param("127.0.0.1", [("x-real-ip", "203.0.113.9")], "127.0.0.1", id="only the list counts"),
        pytest.param("fd00::5", [(FOR, "203.0.113.9")], "203.0.113.9", id="a proxy over IPv6"),
        pytest.param("fe80::1%eth0", [], "fe80::1", id="a zone is left out"),
    ],
)
def test_who_calls(peer: str, headers: list[tuple[str, str]], address: str) -> None:
    assert seen(peer, *headers).address == ip_address(address)


def test_a_very_long_list_costs_only_its_end() -> None:
    assert seen("127.0.0.1", (FOR, ",".join(["10.0.0.1"] * 10_000))).address == ip_address("10.0.0.1")


def test_scheme_and_host_come_from_trusted_proxies_alone() -> None:
    headers = (("host", "inner:8800"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil, mon.example.com"))
    assert (seen("127.0.0.1", *headers).scheme, seen("127.0.0.1", *headers).host) == ("https", "mon.example.com")
    assert (seen("8.8.8.8", *headers).scheme, seen("8.8.8.8", *headers).host) == ("http", "inner:8800")
    assert seen("127.0.0.1", ("x-forwarded-proto", "gopher")).scheme == "http"


@pytest.mark.parametrize("name", [FOR, "forwarded", "x-real-ip", "x-forwarded-host"])
def test_a_proxy_that_nobody_named_is_noticed(name: str) -> None:
    assert seen("127.0.0.2", (name, "x")).by_unknown_proxy
    assert not seen("127.0.0.1", (name, "x")).by_unknown_proxy
    assert not seen("127.0.0.2").by_unknown_proxy


@given(st.none() | st.text(max_size=30), st.lists(st.text(max_size=60), max_size=4))
def test_no_header_makes_it_raise(peer: str | None, values: list[str]) -> None:
    caller(peer, "http", [(b"x-forwarded-for", value.encode("utf-8", "replace")) for value in values], TRUSTED)
