"""How to speak to somebody else's server: the client keys that Prometheus's, Alertmanager's and blackbox's files share.

`*_file` paths are kept as paths: their content is read again at each use, so that a rotated secret needs no reload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HIDDEN = "<secret>"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret by its words or by its file; `shown` in any listing as `<secret>`."""

    text: str = field(default="", repr=False)
    file: Path | None = None

    def __bool__(self) -> bool:
        return bool(self.text) or self.file is not None


@dataclass(frozen=True, slots=True)
class BasicAuth:
    username: str = ""
    username_file: Path | None = None
    password: Secret = Secret()


@dataclass(frozen=True, slots=True)
class Authorization:
    """`bearer_token(_file)` is read as `type: Bearer`."""

    type: str = "Bearer"
    credentials: Secret = Secret()


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """PEM by file or in the text itself. `min_version` and `max_version`: TLS10 … TLS13 or ""."""

    ca_file: Path | None = None
    ca: str = ""
    cert_file: Path | None = None
    cert: str = ""
    key_file: Path | None = None
    key: Secret = Secret()
    server_name: str = ""
    insecure_skip_verify: bool = False
    min_version: str = ""
    max_version: str = ""


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """The URL may hold a password, and the headers are there to sign in."""

    proxy_url: str = field(default="", repr=False)
    no_proxy: str = ""
    proxy_from_environment: bool = False
    proxy_connect_header: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class OAuth2:
    client_id: str
    client_secret: Secret
    token_url: str
    scopes: tuple[str, ...] = ()
    endpoint_params: Mapping[str, str] = field(default_factory=dict)
    tls: TlsConfig = TlsConfig()
    proxy: ProxyConfig = ProxyConfig()


@dataclass(frozen=True, slots=True)
class HeaderValues:
    """One entry of `http_headers`."""

    values: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpClientConfig:
    """At most one of `basic_auth`, `authorization`, `oauth2` is set."""

    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    oauth2: OAuth2 | None = None
    tls: TlsConfig = TlsConfig()
    proxy: ProxyConfig = ProxyConfig()
    follow_redirects: bool = True
    enable_http2: bool = True
    http_headers: Mapping[str, HeaderValues] = field(default_factory=dict)
