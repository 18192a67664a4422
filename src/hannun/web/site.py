"""Where this server stands and how it is reached: listen address, public URL, proxies, networks. Values only."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from hannun.model.errors import ConfigError
from hannun.model.text import Lang, Text

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Site:
    """`external_url` is "" or `https://mon.example.com/hannun` (checked by `check_external_url`)."""

    listen_host: str = "127.0.0.1"
    listen_port: int = 8800
    external_url: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    ingest_allow: tuple[Network, ...] = ()
    insecure_open: bool = False
    tls: bool = False
    lang: Lang = "en"
    timezone: str = "UTC"
    version: str = ""
    started_ms: int = 0
    hostname: str = ""

    @property
    def base(self) -> str:
        """The sub-path of `--external-url` without its last slash: "" or "/hannun"."""
        return urlsplit(self.external_url).path.rstrip("/")

    @property
    def on_loopback(self) -> bool:
        """True when only this machine can open a connection, and no public URL says that a proxy leads here."""
        outside = urlsplit(self.external_url).hostname or "localhost"
        return is_loopback(self.listen_host) and is_loopback(outside)


def parse_address(text: str) -> Address | None:
    """An address as a socket, a header or a URL writes it; IPv4 inside IPv6 becomes IPv4. None for a name."""
    try:
        found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def is_loopback(host: str) -> bool:
    """`localhost` and loopback addresses. Other names are not looked up: what they mean can change."""
    found = parse_address(host)
    return found.is_loopback if found is not None else host.lower().rstrip(".") == "localhost"


def within(address: Address | None, networks: Iterable[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


def parse_networks(text: str, flag: str) -> tuple[Network, ...]:
    """`10.0.0.0/8, 192.168.1.7` -> networks. Raises ConfigError naming the flag and the part that is wrong."""
    found: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError as err:
            raise ConfigError(_NO_NETWORK.with_(flag=flag, part=part)) from err
    return tuple(found)


def check_external_url(url: str) -> str:
    """`url` without its last slash. Raises ConfigError for anything but http(s)://host[:port][/path]."""
    if url == "":
        return ""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as err:
        raise ConfigError(_NO_URL.with_(url=url)) from err
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    path_is_plain = all(char.isalnum() or char in "/-_.~" for char in parts.path) and "//" not in parts.path
    no_dots = not {".", ".."} & set(parts.path.split("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or not (plain and path_is_plain and no_dots):
        raise ConfigError(_NO_URL.with_(url=url))
    return url.rstrip("/")


_NO_NETWORK = Text(
    en='{flag}: "{part}" is not a network; write for example 10.0.0.0/8,192.168.1.7',
    ko='{flag}: "{part}": 네트워크 주소가 아닙니다. 예: 10.0.0.0/8,192.168.1.7',
)
_NO_URL = Text(
    en='--external-url: "{url}" cannot be used; write for example https://mon.example.com or https://example.com/hannun',
    ko='--external-url: "{url}": 쓸 수 없는 주소입니다. 예: https://mon.example.com 또는 https://example.com/hannun',
)
