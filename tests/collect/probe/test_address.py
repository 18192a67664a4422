"""Which address is probed, and which one a stranger may not have probed."""

from __future__ import annotations

import ipaddress

import pytest

from hannun.collect.probe.address import NoAddress, as_literal, check, fnv1a, pick, private_to_us, resolve, split
from hannun.collect.probe.registry import Attempt
from hannun.collect.probe.report import Report

V4, V6 = (ipaddress.ip_address("192.0.2.1"), ""), (ipaddress.ip_address("2001:db8::1"), "")
OTHER_V4 = (ipaddress.ip_address("192.0.2.2"), "")


@pytest.mark.parametrize(
    ("found", "version", "fallback", "picked"),
    [
        pytest.param([V4, V6], 6, True, V6, id="the preferred kind, wherever it stands"),
        pytest.param([V6, V4, OTHER_V4], 4, True, V4, id="the first of its kind"),
        pytest.param([V4, OTHER_V4], 6, True, OTHER_V4, id="without one the last of the other kind"),
        pytest.param([V6, V4], 4, False, V4, id="no fallback needed"),
    ],
)
def test_an_address_is_picked(found: list[object], version: int, fallback: bool, picked: object) -> None:
    assert pick(found, version, fallback=fallback) == picked  # type: ignore[arg-type]


@pytest.mark.parametrize("found", [[], [V4]])
def test_without_fallback_there_may_be_none(found: list[object]) -> None:
    with pytest.raises(NoAddress):
        pick(found, 6, fallback=False)  # type: ignore[arg-type]


def test_the_hash_is_that_of_the_bytes_of_the_address() -> None:
    assert fnv1a(ipaddress.ip_address("127.0.0.1").packed) == 3_668_918_509


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        pytest.param("a:1", ("a", 1), id="a name"),
        pytest.param("[::1]:53", ("::1", 53), id="IPv6"),
        pytest.param("[fe80::1%eth0]:53", ("fe80::1%eth0", 53), id="IPv6 with a zone"),
        pytest.param(":80", ("", 80), id="no host"),
    ],
)
def test_host_and_port_are_read_as_go_reads_them(target: str, parts: tuple[str, int]) -> None:
    assert split(target) == parts


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("a", "missing port"),
        ("::1", "too many colons"),
        ("[::1]", "missing port"),
        ("[::1", "missing ']'"),
        ("a:http", "invalid port"),
        ("a:65536", "invalid port"),
        ("a:" + "9" * 5_000, "invalid port"),
        ("", "missing port"),
    ],
)
def test_what_is_no_host_and_port_is_refused(target: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        split(target)


def test_the_default_port_is_for_a_host_alone() -> None:
    assert split("ns.example", "53") == ("ns.example", 53)


PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "169.254.169.254",
    "::1",
    "::",
    "fe80::1",
    "::ffff:127.0.0.1",
    "2002:7f00:1::",
    "fd00:ec2::254",
    "64:ff9b::7f00:1",
    "224.0.0.1",
    "ff02::1",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_a_stranger_may_not_probe_what_only_we_can_reach(text: str) -> None:
    ip = ipaddress.ip_address(text)
    assert private_to_us(ip)
    with pytest.raises(NoAddress, match="admin"):
        check(ip, Attempt("", "", 0, Report(trusted=False)))
    check(ip, Attempt("", "", 0, Report(trusted=True)))


@pytest.mark.parametrize("text", ["192.0.2.1", "10.1.2.3", "192.168.0.9", "2001:db8::1", "fd12::1", "::ffff:10.0.0.1"])
def test_the_rest_of_the_network_may_be_probed_by_viewers(text: str) -> None:
    assert not private_to_us(ipaddress.ip_address(text))


@pytest.mark.parametrize("host", ["", "a\0b", "x" * 2_000, "..", "no-such-host.invalid", "ä" * 80])
async def test_a_name_without_address_is_one_kind_of_error(host: str) -> None:
    with pytest.raises(NoAddress):
        await resolve(host)


def test_a_zone_is_kept() -> None:
    assert as_literal("fe80::1%eth0") == (ipaddress.ip_address("fe80::1"), "eth0")
    assert as_literal("010.1.1.1") is None
