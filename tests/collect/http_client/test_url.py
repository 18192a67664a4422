"""Any text is a URL or an error that says so; what stands in a URL cannot break out of the request line."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hannun.collect.http_client import FetchError
from hannun.collect.http_client.proxy import proxy_for
from hannun.collect.http_client.url import Url
from hannun.config.http_client import ProxyConfig


@given(st.one_of(st.text(), st.text().map("http://{}".format), st.text().map("http://host/{}".format)))
@example("http://[::1")
@example("http://a\r\nX: 1/")
@example("http://xn--\udcff/")
@example("http://" + "a" * 300 + "/")
@example("http://a..b/")
@example("http://\x7f")
@example("http://\xa00")
@example("http://h:१/")
def test_any_text_is_a_url_or_an_error(text: str) -> None:
    try:
        url = Url.parse(text)
    except FetchError:
        return
    sent = f"{url.authority}{url.target}"
    assert sent.isascii()
    assert not any(ord(sign) <= 32 or ord(sign) == 127 for sign in sent)
    assert 0 <= url.port <= 65_535
    assert Url.parse(str(url)) == Url(url.scheme, url.host, url.port, url.target)


@given(st.text(max_size=60))
def test_any_location_leads_somewhere_or_is_an_error(location: str) -> None:
    try:
        Url.parse("http://host:81/a/b").join(location)
    except FetchError:
        return


@pytest.mark.parametrize(
    ("text", "authority", "target"),
    [
        ("http://h", "h", "/"),
        ("http://h:80/x", "h", "/x"),
        ("https://h:80/x?y", "h:80", "/x?y"),
        ("http://[::1]:9/", "[::1]:9", "/"),
        ("http://한글.kr/가", "xn--bj0bj06e.kr", "/%EA%B0%80"),
        ("http://u:p@h/%41", "h", "/%41"),
    ],
)
def test_a_url_is_taken_apart(text: str, authority: str, target: str) -> None:
    url = Url.parse(text)
    assert (url.authority, url.target) == (authority, target)


@given(st.text(), st.text())
def test_any_no_proxy_is_read(no_proxy: str, host: str) -> None:
    assert proxy_for(ProxyConfig("http://p", no_proxy), "http", host, 80, {}) in ("", "http://p")
