"""A URL taken apart so that it can be asked, and rules about who may see credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

from hannun.collect.http_client.answer import Failure, FetchError

if TYPE_CHECKING:
    import httpcore

_HOST = re.compile(r"[a-zA-Z0-9._:%~!$&'()*+,;=-]+")
PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~-._?[]"


@dataclass(frozen=True, slots=True)
class Url:
    """`host` without brackets, `target` is path and query. `str` leaves user and password out."""

    scheme: str
    host: str
    port: int
    target: str
    userinfo: tuple[str, str] | None = None

    @staticmethod
    @lru_cache(maxsize=4_096)
    def parse(text: str) -> Url:
        """Raises FetchError(URL)."""
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError as err:
            raise FetchError(Failure.URL, f'parse "{text[:200]}": {err}') from err
        if parts.scheme not in PORTS:
            raise FetchError(Failure.URL, f'unsupported protocol scheme "{parts.scheme[:20]}" in "{text[:200]}"')
        try:
            host = host if host.isascii() else host.encode("idna").decode("ascii")
        except UnicodeError as err:
            raise FetchError(Failure.URL, f'no host name: "{host[:200]}"') from err
        # After IDNA, which makes a blank of some signs that are none.
        if _HOST.fullmatch(host) is None:
            raise FetchError(Failure.URL, f'no host in request URL "{text[:200]}"')
        target = quote(parts.path or "/", safe=_SAFE)
        if parts.query:
            target += "?" + quote(parts.query, safe=_SAFE)
        user = None
        if parts.username is not None:
            user = (unquote(parts.username), unquote(parts.password or ""))
        return Url(parts.scheme, host, PORTS[parts.scheme] if port is None else port, target, user)

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def join(self, location: str) -> Url:
        """Where a redirect from here leads. Raises FetchError(REDIRECT)."""
        try:
            return Url.parse(urljoin(str(self), location))
        except (FetchError, ValueError) as err:
            raise FetchError(Failure.REDIRECT, f'Get "{self}": redirect to "{location[:200]}": {err}') from err

    def trusts(self, other: Url) -> bool:
        """Whether credentials for this URL may be shown to `other`: the same server, or the same host made safer."""
        if self.host != other.host:
            return False
        if (self.scheme, self.port) == (other.scheme, other.port):
            return True
        return (self.scheme, self.port, other.scheme, other.port) == ("http", 80, "https", 443)

    def core(self) -> httpcore.URL:
        import httpcore

        port = None if self.port == PORTS[self.scheme] else self.port
        return httpcore.URL(
            scheme=self.scheme.encode(), host=self.host.encode(), port=port, target=self.target.encode()
        )

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"
