from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from hannun.web.site import Site, is_loopback, parse_address, within


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("", ""),
        ("https://mon.example.com", ""),
        ("https://mon.example.com/", ""),
        ("https://example.com/watch", "/watch"),
        ("https://example.com/a/b/", "/a/b"),
        ("https://example.com/한눈", "/%ED%95%9C%EB%88%88"),
        ("https://example.com/a;b", "/a%3Bb"),
    ],
)
def test_the_sub_path_as_requests_carry_it(url: str, base: str) -> None:
    assert Site(external_url=url).base == base


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LocalHost.", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("128.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("0177.0.0.1", False),
        ("2130706433", False),
    ],
)
def test_what_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("text", "address"), [("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("[::1]", "::1")]
)
def test_addresses_in_their_many_forms(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


def test_networks_of_two_kinds_do_not_mix() -> None:
    assert not within(ip_address("::1"), (ip_network("0.0.0.0/0"),))
    assert within(ip_address("::1"), (ip_network("0.0.0.0/0"), ip_network("::/0")))
    assert not within(None, (ip_network("0.0.0.0/0"),))
