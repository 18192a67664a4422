"""Cookies between the redirects of one probe: a site that sets one and sends us on must see it again."""

from __future__ import annotations

from collections.abc import Iterable

from hannun.collect.http_client.url import Url

COOKIES_MAX = 50
COOKIE_CHARS_MAX = 4_096


class Jar:
    """Host cookies and cookies of a parent domain; path, expiry and SameSite mean nothing within a second."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bool, str], tuple[str, bool]] = {}

    def keep(self, url: Url, lines: Iterable[str]) -> None:
        """`Set-Cookie` lines of an answer from `url`."""
        for line in lines:
            pair, *attributes = line[:COOKIE_CHARS_MAX].split(";")
            name, equals, value = pair.partition("=")
            name, value = name.strip(), value.strip()
            if not name or not equals or any(ord(sign) < 32 or ord(sign) == 127 for sign in name + value):
                continue
            said = {key.strip().lower(): word.strip() for key, _, word in (part.partition("=") for part in attributes)}
            domain = said.get("domain", "").lower().lstrip(".")
            wide = "." in domain and (url.host == domain or url.host.endswith(f".{domain}"))
            if domain and not wide and domain != url.host:
                continue
            key = (domain if wide else url.host, wide, name)
            if said.get("max-age") in ("0", "-1"):
                self._kept.pop(key, None)
            elif len(self._kept) < COOKIES_MAX or key in self._kept:
                self._kept[key] = (value, "secure" in said)

    def header(self, url: Url) -> str:
        """The `Cookie` line for a request to `url`, "" for none."""
        return "; ".join(
            f"{name}={value}"
            for (domain, wide, name), (value, secure) in self._kept.items()
            if (url.host == domain or (wide and url.host.endswith(f".{domain}")))
            and (not secure or url.scheme == "https")
        )
