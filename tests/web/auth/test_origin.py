from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.web.auth.origin import host_is_ours, host_name, is_foreign, websocket_is_ours
from hannun.web.site import Site

LOCAL = Site()
NAMED = Site(external_url="http://watch.localhost.test:8800", listen_host="127.0.0.1")
OPEN_LAN = Site(listen_host="0.0.0.0", insecure_open=True, hostname="Box")


@pytest.mark.parametrize(
    ("site", "host", "ours"),
    [
        pytest.param(LOCAL, "localhost:8800", True, id="localhost"),
        pytest.param(LOCAL, "LOCALHOST", True, id="case does not matter"),
        pytest.param(LOCAL, "localhost.", True, id="the root's dot does not matter"),
        pytest.param(LOCAL, "127.0.0.1:8800", True, id="loopback"),
        pytest.param(LOCAL, "127.4.5.6", True, id="anywhere in 127.0.0.0/8"),
        pytest.param(LOCAL, "[::1]:8800", True, id="IPv6"),
        pytest.param(LOCAL, "[::ffff:127.0.0.1]", True, id="IPv4 inside IPv6"),
        pytest.param(LOCAL, "", True, id="no Host header: no browser"),
        pytest.param(LOCAL, "attacker.example", False, id="rebinding"),
        pytest.param(LOCAL, "localhost.attacker.example", False, id="looks like localhost"),
        pytest.param(LOCAL, "127.0.0.1.attacker.example", False, id="looks like loopback"),
        pytest.param(LOCAL, "localhost:8800@attacker.example", False, id="user part"),
        pytest.param(LOCAL, "attacker.example#localhost", False, id="fragment"),
        pytest.param(LOCAL, "192.168.1.7", False, id="another address"),
        pytest.param(LOCAL, "0.0.0.0", False, id="the unspecified address, which browsers have let through"),
        pytest.param(LOCAL, "[", False, id="cannot be read"),
        pytest.param(NAMED, "watch.localhost.test:8800", True, id="the external url's name"),
        pytest.param(NAMED, "attacker.example", False, id="still not any name"),
        pytest.param(OPEN_LAN, "192.168.1.7:8800", True, id="open elsewhere: a literal address needs no DNS"),
        pytest.param(OPEN_LAN, "box:8800", True, id="open elsewhere: the machine's name"),
        pytest.param(OPEN_LAN, "attacker.example", False, id="open elsewhere: rebinding"),
        pytest.param(Site(listen_host="myhost", insecure_open=True), "myhost", True, id="the listen name"),
    ],
)
def test_under_which_names_an_open_server_answers(site: Site, host: str, ours: bool) -> None:
    assert host_is_ours(host, site) is ours


def head(**values: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in values.items()]


@pytest.mark.parametrize(
    ("method", "headers", "foreign"),
    [
        pytest.param("POST", {}, False, id="a tool sends no Origin"),
        pytest.param("POST", {"origin": "http://localhost:8800"}, False, id="our page"),
        pytest.param("POST", {"origin": "https://localhost:8800"}, False, id="our page behind TLS that a proxy ends"),
        pytest.param("POST", {"origin": "http://localhost:3000"}, True, id="another port is another program"),
        pytest.param("POST", {"origin": "https://attacker.example"}, True, id="a foreign page"),
        pytest.param("POST", {"origin": "null"}, True, id="a sandboxed page"),
        pytest.param("POST", {"origin": "http://localhost:8800.attacker.example"}, True, id="looks like ours"),
        pytest.param("POST", {"origin": "http://localhost:99999"}, True, id="cannot be read"),
        pytest.param("POST", {"origin": "file://"}, True, id="a file"),
        pytest.param("POST", {"sec_fetch_site": "cross-site"}, True, id="the browser says so"),
        pytest.param("POST", {"sec_fetch_site": "same-origin", "origin": "http://localhost:8800"}, False, id="same"),
        pytest.param("POST", {"sec_fetch_site": "none"}, False, id="typed by hand"),
        pytest.param("DELETE", {"origin": "https://attacker.example"}, True, id="DELETE"),
        pytest.param("PATCH", {"origin": "https://attacker.example"}, True, id="PATCH"),
        pytest.param("BREW", {"origin": "https://attacker.example"}, True, id="an unknown method changes state"),
        pytest.param("GET", {"origin": "https://attacker.example"}, False, id="reading is left to CORS"),
        pytest.param("HEAD", {"sec_fetch_site": "cross-site"}, False, id="HEAD"),
    ],
)
def test_which_requests_come_from_a_foreign_page(method: str, headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(method, head(**headers), "localhost:8800", LOCAL) is foreign


@pytest.mark.parametrize(
    ("origin", "host", "external", "foreign"),
    [
        pytest.param("https://mon.example.com", "mon.example.com", "", False, id="default port"),
        pytest.param(
            "https://mon.example.com", "127.0.0.1:8800", "https://mon.example.com/x", False, id="external url"
        ),
        pytest.param("https://mon.example.com:443", "mon.example.com", "", False, id="default port spelled out"),
        pytest.param("http://mon.example.com", "127.0.0.1:8800", "https://other.example.com", True, id="neither"),
    ],
)
def test_our_own_page_behind_a_proxy(origin: str, host: str, external: str, foreign: bool) -> None:
    assert is_foreign("POST", head(origin=origin), host, Site(external_url=external)) is foreign


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        pytest.param({}, True, id="a tool"),
        pytest.param({"origin": "http://localhost:8800"}, True, id="our page"),
        pytest.param({"origin": "http://attacker.example"}, False, id="a foreign page"),
        pytest.param({"origin": "null"}, False, id="a sandboxed page"),
        pytest.param({"sec_fetch_site": "cross-site", "origin": "http://localhost:8800"}, False, id="contradiction"),
    ],
)
def test_which_pages_may_open_a_websocket(headers: dict[str, str], ours: bool) -> None:
    assert websocket_is_ours(head(**headers), "localhost:8800", LOCAL) is ours


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_host_or_origin_makes_it_raise(host: str, origin: str) -> None:
    host_name(host)
    host_is_ours(host, LOCAL)
    is_foreign("POST", [(b"origin", origin.encode("utf-8", "replace"))], host, NAMED)
