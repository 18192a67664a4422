"""Where this server stands and how it is reached: listen address, public URL, proxies, networks. Values only."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from hannun.model.text import Lang

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Site:
    """`external_url` is "" or a checked `https://mon.example.com/hannun`. What these mean: `config/settings.py`."""

    listen_host: str = "127.0.0.1"
    listen_port: int = 8800
    external_url: str = ""
    trusted_proxies: tuple[Network, ...] = ()
    ingest_allow: tuple[Network, ...] = ()
    insecure_open: bool = False
    lang: Lang = "en"
    timezone: str = "UTC"
    version: str = ""
    started_ms: int = 0
    hostname: str = ""

    @property
    def base(self) -> str:
        """The sub-path of `--external-url` as requests carry it, without its last slash: "" or "/hannun"."""
        return quote(unquote(urlsplit(self.external_url).path), safe="/-._~").rstrip("/")

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
