"""The keys that say how to speak to somebody else's HTTP server, as Prometheus's and blackbox's files share them.

They stand among other keys (a scrape job's, a probe's), so the section is the caller's, who also closes it.
"""

from __future__ import annotations

from hannun.config.complaint import quote
from hannun.config.http_client import (
    Authorization,
    BasicAuth,
    HeaderValues,
    HttpClientConfig,
    OAuth2,
    ProxyConfig,
    TlsConfig,
)
from hannun.config.prometheus import paths
from hannun.config.prometheus.section import Section
from hannun.config.values import BadValue

TLS_VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
RESERVED_HEADERS = frozenset(
    (
        "authorization",
        "host",
        "content-encoding",
        "content-length",
        "content-type",
        "user-agent",
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "www-authenticate",
        "accept-encoding",
        "x-prometheus-remote-write-version",
        "x-prometheus-remote-read-version",
        "x-prometheus-scrape-timeout-seconds",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
    )
)


def read_client(section: Section, *, enable_http2: bool = True) -> HttpClientConfig:
    """Every client key of `section`; mistakes are noted there."""
    basic, authorization, oauth2 = _basic_auth(section), _authorization(section), _oauth2(section)
    if sum(each is not None for each in (basic, authorization, oauth2)) > 1:
        key = "oauth2" if oauth2 else "authorization" if "authorization" in section else "bearer_token"
        section.refuse(
            key,
            "at most one of basic_auth, oauth2 & authorization (bearer_token, bearer_token_file) must be configured",
            "basic_auth, oauth2, authorization(bearer_token, bearer_token_file) 가운데 하나만 적어 주세요",
        )
    return HttpClientConfig(
        basic_auth=basic,
        authorization=authorization,
        oauth2=oauth2,
        tls=read_tls(section),
        proxy=_proxy(section),
        follow_redirects=section.flag("follow_redirects", True),
        enable_http2=section.flag("enable_http2", enable_http2),
        http_headers=_headers(section),
    )


def read_tls(section: Section, key: str = "tls_config") -> TlsConfig:
    """The TLS settings below `key`."""
    inner = section.section(key, "config.TLSConfig")
    if inner is None:
        return TlsConfig()
    tls = TlsConfig(
        ca=inner.text("ca"),
        ca_file=inner.path("ca_file"),
        cert=inner.text("cert"),
        cert_file=inner.path("cert_file"),
        key=inner.secret("key"),
        server_name=inner.text("server_name"),
        insecure_skip_verify=inner.flag("insecure_skip_verify"),
        min_version=inner.word("min_version", _tls_version, ""),
        max_version=inner.word("max_version", _tls_version, ""),
    )
    for each in ("ca", "cert"):
        if each in inner and f"{each}_file" in inner:
            inner.refuse(
                f"{each}_file",
                f"at most one of {each} and {each}_file must be configured",
                f"{each}, {each}_file 가운데 하나만 적어 주세요",
            )
    for name in ("ca_ref", "cert_ref", "key_ref"):
        _no_reference(inner, name)
    if bool(tls.cert or tls.cert_file) != bool(tls.key):
        inner.source.refuse(
            inner.line,
            "a client certificate takes both cert (or cert_file) and key (or key_file)",
            "클라이언트 인증서에는 cert(또는 cert_file)와 key(또는 key_file)가 모두 있어야 합니다",
        )
    inner.close()
    return tls


def _basic_auth(section: Section) -> BasicAuth | None:
    inner = section.section("basic_auth", "config.plain")
    if inner is None:
        return None
    username, username_file = inner.text("username"), inner.path("username_file")
    if username and username_file is not None:
        inner.refuse(
            "username_file",
            "at most one of basic_auth username & username_file must be configured",
            "basic_auth의 username, username_file 가운데 하나만 적어 주세요",
        )
    basic = BasicAuth(username, username_file, inner.secret("password"))
    for name in ("username_ref", "password_ref"):
        _no_reference(inner, name)
    inner.close()
    return basic


def _authorization(section: Section) -> Authorization | None:
    token = section.secret("bearer_token")
    inner = section.section("authorization", "config.Authorization")
    if inner is None:
        return Authorization(credentials=token) if token else None
    if token:
        section.refuse(
            "authorization",
            "authorization is not compatible with bearer_token & bearer_token_file",
            "authorization은 bearer_token, bearer_token_file과 함께 쓸 수 없습니다",
        )
    kind = inner.text("type").strip() or "Bearer"
    if kind.lower() == "basic":
        inner.refuse(
            "type",
            'authorization type cannot be set to "basic", use "basic_auth" instead',
            'authorization의 type은 "basic"으로 할 수 없습니다. basic_auth를 써 주세요',
        )
    authorization = Authorization(kind, inner.secret("credentials"))
    _no_reference(inner, "credentials_ref")
    inner.close()
    return authorization


def _oauth2(section: Section) -> OAuth2 | None:
    inner = section.section("oauth2", "config.plain")
    if inner is None:
        return None
    oauth2 = OAuth2(
        client_id=inner.text("client_id"),
        client_secret=inner.secret("client_secret"),
        token_url=inner.text("token_url"),
        scopes=inner.texts("scopes"),
        endpoint_params=inner.mapping("endpoint_params"),
        tls=read_tls(inner),
        proxy=_proxy(inner),
    )
    for name, value in (("client_id", oauth2.client_id), ("token_url", oauth2.token_url)):
        if not value:
            inner.refuse(name, f"oauth2 {name} must be configured", f"oauth2에 {name} 값이 있어야 합니다")
    _no_reference(inner, "client_secret_ref")
    inner.close()
    return oauth2


def _proxy(section: Section) -> ProxyConfig:
    proxy = ProxyConfig(
        proxy_url=section.url("proxy_url"),
        no_proxy=section.text("no_proxy"),
        proxy_from_environment=section.flag("proxy_from_environment"),
        proxy_connect_header=section.mapping_of_lists("proxy_connect_header"),
    )
    for wrong, key, en, ko in (
        (
            proxy.proxy_connect_header and not proxy.proxy_from_environment and not proxy.proxy_url,
            "proxy_connect_header",
            "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
            "proxy_connect_header에는 proxy_url이나 proxy_from_environment가 함께 있어야 합니다",
        ),
        (
            proxy.proxy_from_environment and proxy.proxy_url,
            "proxy_url",
            "if proxy_from_environment is configured, proxy_url must not be configured",
            "proxy_from_environment와 proxy_url은 함께 쓸 수 없습니다",
        ),
        (
            proxy.proxy_from_environment and proxy.no_proxy,
            "no_proxy",
            "if proxy_from_environment is configured, no_proxy must not be configured",
            "proxy_from_environment와 no_proxy는 함께 쓸 수 없습니다",
        ),
        (
            proxy.no_proxy and not proxy.proxy_url and not proxy.proxy_from_environment,
            "no_proxy",
            "if no_proxy is configured, proxy_url must also be configured",
            "no_proxy에는 proxy_url이 함께 있어야 합니다",
        ),
    ):
        if wrong:
            section.refuse(key, en, ko)
    return proxy


def _headers(section: Section) -> dict[str, HeaderValues]:
    found: dict[str, HeaderValues] = {}
    for name, inner in section.named("http_headers", "config.Header"):
        if name.lower() in RESERVED_HEADERS:
            inner.source.refuse(
                inner.line,
                f"setting header {quote(name)} is not allowed",
                f"{quote(name)}: 이 헤더는 따로 정할 수 없습니다",
            )
        files = tuple(
            paths.existing(words, inner.source, line, "files") for words, line in inner.lined_texts("files") if words
        )
        found[name] = HeaderValues(inner.texts("values"), inner.texts("secrets"), files)
        inner.close()
    return found


def _tls_version(words: str) -> str:
    if words in ("", *TLS_VERSIONS):
        return words
    raise BadValue(
        f"unknown TLS version: {words[:80]}; write one of {', '.join(TLS_VERSIONS)}",
        f"{quote(words)}: {', '.join(TLS_VERSIONS)} 가운데 하나로 적어 주세요",
    )


def _no_reference(section: Section, key: str) -> None:
    section.unused(key, "there is no secret manager to ask", "비밀 값을 가져올 저장소가 없습니다")
