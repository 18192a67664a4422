"""Which address of a name is probed: resolved once and pinned, as blackbox_exporter's `chooseProtocol` does.

Everything after this connects to the address, never to the name, so that a name cannot change its mind between the
check and the connection.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass

from hannun.collect.http_client import FetchError
from hannun.collect.http_client.dial import RESOLVER
from hannun.collect.probe.registry import Attempt
from hannun.config.blackbox.model import IpChoice

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
NAME_CHARS_MAX = 1_024


class NoAddress(OSError):
    """The name has no address that may be probed; the words say why."""


@dataclass(frozen=True, slots=True)
class Resolved:
    ip: IpAddress
    lookup_s: float
    zone: str = ""

    @property
    def text(self) -> str:
        """With the zone of a link-local IPv6 address, which is needed to connect to it."""
        return f"{self.ip}%{self.zone}" if self.zone else str(self.ip)

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET if self.ip.version == 4 else socket.AF_INET6


def declare(attempt: Attempt) -> None:
    report = attempt.report
    report.declare("probe_dns_lookup_time_seconds", "Returns the time taken for probe dns lookup in seconds", ())
    report.declare("probe_ip_protocol", "Specifies whether probe ip protocol is IP4 or IP6", ())
    report.declare(
        "probe_ip_addr_hash",
        "Specifies the hash of IP address. It's useful to detect if the IP address changes.",
        (),
    )


async def choose(host: str, choice: IpChoice, attempt: Attempt) -> Resolved:
    """The address to probe, told in the three metrics of it. Raises NoAddress (told in the log, too)."""
    report = attempt.report
    declare(attempt)
    wanted = "ip4" if choice.preferred == "ip4" else "ip6"
    report.say("Resolving target address", target=host, ip_protocol=wanted)
    begin_s = time.perf_counter()
    try:
        found = await resolve(host)
        picked = pick(found, 4 if wanted == "ip4" else 6, fallback=choice.fallback)
    except OSError as err:
        report.fail("Resolution with IP protocol failed", target=host, ip_protocol=wanted, err=err)
        raise NoAddress(f"{host}: {err}") from err
    finally:
        lookup_s = time.perf_counter() - begin_s
        report.add("probe_dns_lookup_time_seconds", lookup_s)
    ip, zone = picked
    check(ip, attempt)
    report.set("probe_ip_protocol", ip.version)
    report.set("probe_ip_addr_hash", fnv1a(ip.packed))
    report.say("Resolved target address", target=host, ip=ip)
    return Resolved(ip, lookup_s, zone)


async def again(host: str, choice: IpChoice, attempt: Attempt) -> Resolved:
    """The address of a host that a redirect named; the metrics stay those of the target. Raises NoAddress."""
    begin_s = time.perf_counter()
    try:
        ip, zone = pick(await resolve(host), 4 if choice.preferred == "ip4" else 6, fallback=True)
    except OSError as err:
        raise NoAddress(f"{host}: {err}") from err
    check(ip, attempt)
    return Resolved(ip, time.perf_counter() - begin_s, zone)


def check(ip: IpAddress, attempt: Attempt) -> None:
    """Raises NoAddress when the caller may not have this address probed."""
    if attempt.report.trusted or not private_to_us(ip):
        return
    attempt.report.fail(
        "this address is reachable from the server alone; only an admin, or a target in prometheus.yml, may probe it",
        ip=ip,
    )
    raise NoAddress(f"{ip} may be probed by an admin only")


def private_to_us(ip: IpAddress) -> bool:
    """Loopback, link-local (the cloud's metadata service is there), unspecified and multicast addresses."""
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return private_to_us(inner)
        if ip == _METADATA_6 or ip in _NAT64:
            return True
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast


_METADATA_6 = ipaddress.IPv6Address("fd00:ec2::254")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


async def resolve(host: str) -> list[tuple[IpAddress, str]]:
    """Addresses in the resolver's order, each with its zone. Raises OSError."""
    literal = as_literal(host)
    if literal is not None:
        return [literal]
    if not host or len(host) > NAME_CHARS_MAX or "\0" in host:
        raise NoAddress("the target has no host name")
    try:
        texts = await RESOLVER.addresses(host)
    except FetchError as err:
        raise NoAddress(str(err.what)) from err
    found = [as_literal(text) for text in texts]
    return [one for one in dict.fromkeys(found) if one is not None]


def as_literal(host: str) -> tuple[IpAddress, str] | None:
    """`10.0.0.1`, `::1`, `fe80::1%eth0` -> (address, zone)."""
    text, _, zone = host.partition("%")
    try:
        return ipaddress.ip_address(text), zone
    except ValueError:
        return None


def pick(found: list[tuple[IpAddress, str]], version: int, *, fallback: bool) -> tuple[IpAddress, str]:
    """The first address of the wanted kind; the last of the other kind where that is allowed. Raises NoAddress."""
    for one in found:
        if one[0].version == version:
            return one
    if found and fallback:
        return found[-1]
    raise NoAddress("no suitable address found" if not fallback else "unable to find ip; no fallback")


def fnv1a(data: bytes) -> int:
    """FNV-1a of 32 bits."""
    found = 2166136261
    for byte in data:
        found = ((found ^ byte) * 16777619) & 0xFFFFFFFF
    return found


def split(target: str, default_port: str = "") -> tuple[str, int]:
    """`host:port`, `[::1]:53` -> (host, port), as Go's SplitHostPort reads it. Raises ValueError in its words."""
    host, colon, port = target.rpartition(":")
    if target.startswith("["):
        inside, bracket, rest = target[1:].partition("]")
        if not bracket:
            raise ValueError(f"address {target}: missing ']' in address")
        if not rest.startswith(":"):
            raise ValueError(f"address {target}: missing port in address")
        host, colon, port = inside, ":", rest[1:]
    elif colon and ":" in host:
        raise ValueError(f"address {target}: too many colons in address")
    if not colon:
        if not default_port:
            raise ValueError(f"address {target}: missing port in address")
        host, port = target, default_port
    if not (port.isascii() and port.isdecimal() and int(port[:6]) < 65536):
        raise ValueError(f"address {target}: invalid port")
    return host, int(port)
