"""The file of `--web.config.file`: TLS and users of a Prometheus server. Only checked: Hannun has its own for both."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from hannun.config.complaint import quote
from hannun.config.prometheus import paths
from hannun.config.prometheus.http_client import TLS_VERSIONS
from hannun.config.prometheus.section import Notes, Section, Source, root_of

KEYS = ("tls_server_config", "http_server_config", "basic_auth_users", "rate_limit")
CLIENT_AUTH = (
    "",
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "RequireClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
)
HEADERS = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
    "Content-Security-Policy",
)
CURVES = ("CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768")
_BCRYPT = re.compile(r"\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}")


def read_web_config(path: Path, notes: Notes, *, shown: str | None = None) -> None:
    """Note what `promtool check web-config` would refuse."""
    source = Source(shown or str(path), path.absolute().parent, notes)
    document = paths.open_yaml(path, source)
    top = None if document is None else root_of(document.root, source, "web.Config")
    if top is None:
        return
    _tls(top)
    _http(top)
    _users(top)
    limit = top.section("rate_limit", "web.RateLimiterConfig")
    if limit is not None:
        limit.text("interval")
        limit.whole("burst")
        limit.close()
    top.close()


def _tls(top: Section) -> None:
    section = top.section("tls_server_config", "web.TLSConfig")
    if section is None:
        return
    cert, key = section.path("cert_file"), section.path("key_file")
    has_cert, has_key = bool(cert or section.text("cert")), bool(key or section.text("key"))
    for is_there, name in ((has_cert, "cert"), (has_key, "key")):
        if not is_there:
            section.refuse(f"{name}_file", f"missing {name}_file", f"{name}_file이 있어야 합니다")
    if cert is not None and key is not None:
        _check_pair(section, cert, key)
    wanted = section.text("client_auth_type")
    if wanted not in CLIENT_AUTH:
        section.refuse(
            "client_auth_type",
            f"Invalid ClientAuth: {wanted[:80]}",
            f"{quote(wanted)}: {', '.join(CLIENT_AUTH[1:])} 가운데 하나로 적어 주세요",
        )
    authority = section.path("client_ca_file")
    if authority is not None and not authority.exists():
        section.refuse(
            "client_ca_file", f"{quote(str(authority))}: no such file", f"{quote(str(authority))}: 그런 파일이 없습니다"
        )
    if (authority or section.text("client_ca")) and wanted in ("", "NoClientCert"):
        section.refuse(
            "client_ca_file",
            "Client CA's have been configured without a Client Auth Policy",
            "client_ca_file에는 client_auth_type이 함께 있어야 합니다",
        )
    for each in ("min_version", "max_version"):
        version = section.text(each)
        if version and version not in TLS_VERSIONS:
            section.refuse(each, f"unknown TLS version: {version[:80]}", f"{quote(version)}: TLS 버전이 아닙니다")
    for words, line in section.lined_texts("curve_preferences"):
        if words not in CURVES:
            section.source.refuse(line, f"unknown curve: {words[:80]}", f"{quote(words)}: 알 수 없는 곡선입니다")
    for words, line in section.lined_texts("cipher_suites"):
        if not words.startswith("TLS_"):
            section.source.refuse(line, f"unknown cipher: {words[:80]}", f"{quote(words)}: 알 수 없는 암호입니다")
    section.flag("prefer_server_cipher_suites")
    section.texts("client_allowed_sans")
    section.close()


def _check_pair(section: Section, cert: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: b"")
    except (OSError, ValueError) as err:
        why = err.strerror or str(err) if isinstance(err, OSError) else str(err)
        section.refuse(
            "cert_file",
            f"failed to load X509KeyPair: {why[:200]}",
            f"인증서와 키를 함께 읽을 수 없습니다: {why[:200]}",
        )


def _http(top: Section) -> None:
    section = top.section("http_server_config", "web.HTTPConfig")
    if section is None:
        return
    section.flag("http2", True)
    for name in section.mapping("headers"):
        if name not in HEADERS:
            section.refuse(
                "headers",
                f"HTTP header {quote(name)} can not be configured",
                f"{quote(name)}: 여기서 정할 수 없는 헤더입니다",
            )
    section.close()


def _users(top: Section) -> None:
    for name, hashed in top.mapping("basic_auth_users").items():
        found = _BCRYPT.fullmatch(hashed)
        if found is None or not 4 <= int(found[1]) <= 31:
            top.refuse(
                "basic_auth_users",
                f"the password of {quote(name)} is no bcrypt hash; make one with `htpasswd -nB {name[:40]}`",
                f"{quote(name)}: 비밀번호가 bcrypt 해시가 아닙니다. htpasswd -nB로 만들어 주세요",
            )
