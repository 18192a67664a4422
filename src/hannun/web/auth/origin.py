"""From which page a request comes, and under which name it reached us. Pure.

Two attacks end here. DNS rebinding: a foreign name that resolves to 127.0.0.1 makes our pages same-origin with the
attacker's, so an open server answers only to names that are its own. Cross-site requests: a foreign page can send a
POST with the visitor's cookies, Basic credentials or network position, so a change asks where it comes from.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from hannun.model.http import SocketEndpoint
from hannun.web.auth.proxy import Headers, header
from hannun.web.site import Site, is_loopback, parse_address

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def host_name(host: str) -> str:
    """`[::1]:8800` -> `::1`, `Localhost.:80` -> `localhost`; "" when it cannot be read."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def host_is_ours(host: str, site: Site) -> bool:
    """True when an open server may answer to this Host header.

    On a loopback address: loopback names and what the settings name. Elsewhere (`--insecure-open`) any literal address
    too, because rebinding needs a name.
    """
    if host == "":
        return True  # Only HTTP/1.0 tools leave it out; every browser sends it.
    name = host_name(host)
    own = {site.listen_host.strip("[]").lower(), urlsplit(site.external_url).hostname or ""} - {""}
    if is_loopback(name) or name in own:
        return True
    return not site.on_loopback and (parse_address(name) is not None or name == site.hostname.lower())


def is_foreign(method: str, headers: Headers, host: str, site: Site) -> bool:
    """True for a state-changing request, or a WebSocket, that a browser opened from another origin's page."""
    if method in SAFE_METHODS:
        return False
    if method == SocketEndpoint.method:
        return not websocket_is_ours(headers, host, site)
    if header(headers, b"sec-fetch-site") == "cross-site":
        return True
    origin = header(headers, b"origin")
    return origin is not None and not same_origin(origin, host, site)


def same_origin(origin: str, host: str, site: Site) -> bool:
    """Whether `Origin` is this server's page, as the browser names it (Host) or as `--external-url` does.

    The scheme is not compared: a proxy that ends TLS and is not in `--trusted-proxies` would make every page foreign.
    """
    found = _authority(origin)
    if found is None:
        return False  # "null" and what cannot be read.
    external = _authority(site.external_url) if site.external_url else None
    scheme = urlsplit(origin).scheme
    return found in (_authority(f"{scheme}://{host}"), external)


def websocket_is_ours(headers: Headers, host: str, site: Site) -> bool:
    """WebSocket handshakes are GETs without CORS: a browser's must name our own origin. Tools send none."""
    if header(headers, b"sec-fetch-site") == "cross-site":
        return False
    origin = header(headers, b"origin")
    return origin is None or same_origin(origin, host, site)


def _authority(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    name = (parts.hostname or "").rstrip(".")
    if not name or parts.scheme not in _DEFAULT_PORTS:
        return None
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    # http://h:80 and https://h:443 are both "h without a port" to the Host header.
    return (name, 0 if port in (80, 443) else port)
