"""TLS: certificate and key from two files, read again on SIGHUP."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from hannun.model.errors import ConfigError
from hannun.model.text import Text


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate chain and its private key, PEM."""

    cert: Path
    key: Path


def context(files: TlsFiles) -> ssl.SSLContext:
    """A server context. Raises ConfigError naming the file that cannot be used."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    _load(made, files)
    return made


def reload(live: ssl.SSLContext, files: TlsFiles) -> None:
    """New connections use the files as they are now. A pair that cannot be used leaves the old one in force."""
    context(files)
    _load(live, files)


def _load(into: ssl.SSLContext, files: TlsFiles) -> None:
    cert, key = files.cert, files.key
    for flag, path in (("--tls-cert", cert), ("--tls-key", key)):
        try:
            path.read_bytes()
        except OSError as err:
            raise ConfigError(_UNREADABLE.with_(flag=flag, path=path, why=err.strerror or err)) from err
    try:
        # A key with a passphrase would ask for it on the terminal; an empty answer makes it an error instead.
        into.load_cert_chain(cert, key, password=lambda: "")
    except (ssl.SSLError, ValueError) as err:
        why = getattr(err, "reason", None) or err
        raise ConfigError(_NO_PAIR.with_(cert=cert, key=key, why=why)) from err


_UNREADABLE = Text(en="{flag} {path}: {why}", ko="{flag} {path}: {why}")
_NO_PAIR = Text(
    en="--tls-cert {cert} and --tls-key {key} cannot be used together: {why}. "
    "They must be PEM, belong to each other, and the key must have no passphrase",
    ko="--tls-cert {cert}, --tls-key {key}: 함께 쓸 수 없습니다: {why}. "
    "서로 짝이 맞는 PEM 파일이어야 하고 키에 암호가 걸려 있지 않아야 합니다",
)
