"""Which proxy, if any, stands between us and a URL. Pure: the environment is handed in."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from hannun.config.http_client import ProxyConfig


def proxy_for(config: ProxyConfig, scheme: str, host: str, port: int, env: Mapping[str, str]) -> str:
    """The proxy's URL, or "" for the direct way. Variables count in both cases, lower case first, as in Go."""
    if config.proxy_from_environment:
        url = _variable(env, f"{scheme}_proxy")
        # As in Go: what runs on this machine is never asked through a proxy that only the environment names.
        if not url or _is_loopback(host) or _excluded(_variable(env, "no_proxy"), host, port):
            return ""
        return url if "://" in url else f"http://{url}"
    if not config.proxy_url or _excluded(config.no_proxy, host, port):
        return ""
    return config.proxy_url


def _variable(env: Mapping[str, str], name: str) -> str:
    return env.get(name) or env.get(name.upper(), "")


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def _excluded(no_proxy: str, host: str, port: int) -> bool:
    """Entries: `*`, an address, a network, `name` (with what lies below it), `.name` (only below), each `:port`."""
    name = host.lower().rstrip(".")
    address = _address(name)
    for entry in no_proxy.split(","):
        entry = entry.strip().lower()
        if entry == "*":
            return True
        if entry and _matches(entry, name, address, port):
            return True
    return False


def _matches(entry: str, name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int) -> bool:
    if address is not None and "/" in entry:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    base, separator, entry_port = entry.rpartition(":")
    if separator and entry_port.isdigit() and (":" not in base or base.endswith("]")):
        if int(entry_port) != port:
            return False
        entry = base
    entry = entry.strip("[]")
    if address is not None:
        return _address(entry) == address
    if entry.startswith("*."):
        entry = entry[1:]
    return name.endswith(entry) if entry.startswith(".") else name == entry or name.endswith(f".{entry}")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
