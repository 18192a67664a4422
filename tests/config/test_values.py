"""The user's words as values: each kind, what it takes, and how it answers what it does not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.config import values
from hannun.config.values import Address, BadValue, ExternalUrl, Share

HERE = Path("/somewhere")
GB, GIB, MIB = 10**9, 1 << 30, 1 << 20
HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("words", "size"),
    [
        pytest.param("50GB", 50 * GB, id="GB counts in thousands"),
        pytest.param("1GiB", GIB, id="GiB counts in 1024"),
        pytest.param("512MB", 512_000_000, id="MB"),
        pytest.param("1.5GiB", 3 * GIB // 2, id="a fraction"),
        pytest.param("1g", GIB, id="a bare letter as docker -m means it"),
        pytest.param(" 2 TiB ", 2 << 40, id="spaces are forgiven"),
        pytest.param("4096", 4096, id="bare bytes"),
        pytest.param("0", 0, id="nothing"),
    ],
)
def test_sizes(words: str, size: int) -> None:
    assert values.size(words, HERE) == size


@pytest.mark.parametrize(
    ("words", "address"),
    [
        pytest.param("127.0.0.1:8800", Address("127.0.0.1", 8800), id="IPv4"),
        pytest.param("[::1]:8800", Address("::1", 8800), id="IPv6 in brackets"),
        pytest.param(":8800", Address("", 8800), id="every interface"),
        pytest.param("*:8800", Address("", 8800), id="every interface with a star"),
        pytest.param("watch.example.com:443", Address("watch.example.com", 443), id="a name"),
        pytest.param("localhost:0", Address("localhost", 0), id="port 0 is the system's choice"),
    ],
)
def test_addresses(words: str, address: Address) -> None:
    assert values.address(words, HERE) == address


@pytest.mark.parametrize(
    ("words", "loopback", "near"),
    [
        pytest.param("127.0.0.1:1", True, "127.0.0.1:1", id="127.0.0.1"),
        pytest.param("127.8.8.8:1", True, "127.8.8.8:1", id="all of 127/8"),
        pytest.param("[::1]:1", True, "[::1]:1", id="::1"),
        pytest.param("LocalHost:1", True, "LocalHost:1", id="localhost by name"),
        pytest.param(":1", False, "127.0.0.1:1", id="every interface is no loopback"),
        pytest.param("0.0.0.0:1", False, "127.0.0.1:1", id="0.0.0.0"),
        pytest.param("[::]:1", False, "[::1]:1", id="::"),
        pytest.param("192.168.0.1:1", False, "192.168.0.1:1", id="a real address"),
        pytest.param("localhost.evil.example:1", False, "localhost.evil.example:1", id="a name that begins like it"),
    ],
)
def test_who_can_reach_an_address(words: str, loopback: bool, near: str) -> None:
    address = values.address(words, HERE)
    assert address.is_loopback is loopback
    assert str(address.near) == near


@pytest.mark.parametrize(
    ("words", "url"),
    [
        pytest.param("https://watch.example.com", "https://watch.example.com", id="a host"),
        pytest.param("https://example.com:8443/hannun/", "https://example.com:8443/hannun", id="port and sub-path"),
        pytest.param("http://[fd00::1]:8800", "http://[fd00::1]:8800", id="IPv6"),
        pytest.param("http://10.0.0.5//a//b/", "http://10.0.0.5/a/b", id="doubled slashes"),
    ],
)
def test_external_urls(words: str, url: str) -> None:
    assert str(values.external_url(words, HERE)) == url


def test_an_external_url_tells_its_parts() -> None:
    assert values.external_url("https://example.com/hannun/", HERE) == ExternalUrl(
        "https", "example.com", None, "/hannun"
    )


@pytest.mark.parametrize(
    ("words", "ms"),
    [
        pytest.param("30d", 720 * HOUR_MS, id="days"),
        pytest.param("1h30m", 5_400_000, id="compound"),
        pytest.param("0", None, id="0 is for ever"),
        pytest.param("0d", None, id="so is 0d"),
    ],
)
def test_retention(words: str, ms: int | None) -> None:
    assert values.retention_ms(words, HERE) == ms


@pytest.mark.parametrize(
    ("words", "network"),
    [
        pytest.param("10.0.0.0/8", "10.0.0.0/8", id="a network"),
        pytest.param("192.168.1.20", "192.168.1.20/32", id="one address is a network of one"),
        pytest.param("fd00::7", "fd00::7/128", id="one IPv6 address"),
        pytest.param("10.1.2.3/8", "10.0.0.0/8", id="host bits are forgiven"),
    ],
)
def test_networks(words: str, network: str) -> None:
    assert values.network(words, HERE) == ip_network(network)


def test_a_share_is_of_something_found_later() -> None:
    assert values.amount("5%", HERE) == Share(5)
    assert Share(5).of(1000) == 50
    assert values.amount("5GB", HERE) == 5 * GB


@pytest.mark.parametrize("words", ["true", "Yes", "on", "1"])
def test_yes(words: str) -> None:
    assert values.switch(words, HERE) is True


@pytest.mark.parametrize("words", ["false", "No", "off", "0", ""])
def test_no(words: str) -> None:
    assert values.switch(words, HERE) is False


def test_a_path_starts_from_whoever_names_it() -> None:
    assert values.directory("data", HERE) == HERE / "data"
    assert values.directory("/data", HERE) == Path("/data")


def test_meta_takes_sqlite_files_only() -> None:
    assert values.meta_url("embedded", HERE) is None
    assert values.meta_url("sqlite:///meta.db", HERE) == "sqlite:////somewhere/meta.db"
    assert values.meta_url("sqlite:////var/meta.db", HERE) == "sqlite:////var/meta.db"


WRONG: list[Any] = [
    pytest.param(values.size, "fifty", "50GB", id="size without a number"),
    pytest.param(values.size, "5 parsecs", "50GB", id="size with no unit of ours"),
    pytest.param(values.size, "-5GB", "50GB", id="negative size"),
    pytest.param(values.size, "9" * 18 + "PB", "larger than any disk", id="absurd size"),
    pytest.param(values.amount, "150%", "more than the whole", id="share over the whole"),
    pytest.param(values.retention_ms, "30", "30d would be 30 days", id="duration without unit"),
    pytest.param(values.retention_ms, "thirty days", "30d, 12h", id="duration in words"),
    pytest.param(values.retention_ms, "5m", "at least 1h", id="retention of minutes"),
    pytest.param(values.duration_ms, "1m1h", "largest unit first", id="units in the wrong order"),
    pytest.param(values.duration_ms, "999999999999999999y", "at most", id="absurd duration"),
    pytest.param(values.address, "banana", "HOST:PORT", id="address without port"),
    pytest.param(values.address, "127.0.0.1:99999", "HOST:PORT", id="port too large"),
    pytest.param(values.address, "127.0.0.1:٨٨", "HOST:PORT", id="digits of another script"),
    pytest.param(values.address, "::1:8800", "brackets", id="IPv6 without brackets"),
    pytest.param(values.address, "[::g]:8800", "no IPv6", id="brackets around nonsense"),
    pytest.param(values.address, "10.0.0.300:80", "no host name", id="an address that is wrong is no name"),
    pytest.param(values.address, "a b:80", "no host name", id="a space in a name"),
    pytest.param(values.network, "10.0.0.0/99", "10.0.0.0/8", id="prefix too long"),
    pytest.param(values.external_url, "watch.example.com", "https://", id="URL without scheme"),
    pytest.param(values.external_url, "ftp://example.com", "https://", id="another scheme"),
    pytest.param(values.external_url, "https://u:p@example.com", "only scheme", id="credentials in it"),
    pytest.param(values.external_url, "https://example.com/?a=1", "only scheme", id="a query in it"),
    pytest.param(values.external_url, 'https://example.com/"><script>', "only scheme", id="markup in it"),
    pytest.param(values.external_url, "http://[::1", "web address", id="an open bracket"),
    pytest.param(values.zone, "Asia/Seol", "did you mean Asia/Seoul?", id="a zone misspelt"),
    pytest.param(values.zone, "../../etc/passwd", "no time zone", id="a zone that climbs"),
    pytest.param(values.lang, "fr", "ko, en", id="a language we do not speak"),
    pytest.param(values.log_level, "loud", "debug, info", id="no level"),
    pytest.param(values.switch, "maybe", "neither true nor false", id="neither yes nor no"),
    pytest.param(values.store_url, "clickhouse://u:s3cret@h/db", "embedded engine only", id="a cluster, not yet"),
    pytest.param(values.store_url, "banana", "embedded", id="no store"),
    pytest.param(values.meta_url, "postgresql://u:s3cret@h/db", "SQLite", id="PostgreSQL, not yet"),
    pytest.param(values.file, "not-there.pem", "cannot be read", id="a file that is not there"),
    pytest.param(values.directory, "a\0b", "no path", id="a NUL in a path"),
    pytest.param(values.directory, "~nobody-of-this-name/x", "no such user", id="somebody's home"),
]


@pytest.mark.parametrize(("read", "words", "said"), WRONG)
def test_wrong_words_are_quoted_back_with_the_right_form(read: Callable[..., Any], words: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        read(words, HERE)
    english, korean = caught.value.text.say("en"), caught.value.text.say("ko")
    assert said in english
    assert english.startswith('"'), "the user's own words come first"
    assert korean != english
    assert any("가" <= letter <= "힣" for letter in korean)
    for sentence in (english, korean):
        assert sentence.isprintable(), "one line, nothing that steers a terminal"
        assert "s3cret" not in sentence


@pytest.mark.parametrize(
    "read",
    [
        values.size,
        values.amount,
        values.duration_ms,
        values.retention_ms,
        values.address,
        values.network,
        values.external_url,
        values.zone,
        values.switch,
        values.lang,
        values.log_level,
        values.store_url,
        values.meta_url,
        values.directory,
        values.file,
    ],
    ids=lambda read: read.__name__,
)
@given(words=st.text(max_size=60) | st.from_regex(r"[0-9.:/\[\]%a-z-]{0,40}", fullmatch=True))
def test_any_words_give_a_value_or_a_complaint(read: Callable[..., Any], words: str) -> None:
    with suppress(BadValue):
        read(words, HERE)


@given(st.integers(0, 65535), st.ip_addresses())
def test_an_address_reads_back(port: int, ip: Any) -> None:
    if getattr(ip, "scope_id", None) is None:
        address = Address(str(ip), port)
        assert values.address(str(address), HERE) == address
