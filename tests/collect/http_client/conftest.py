"""The loop that the product runs on, and certificates made for a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """uvloop's errors for what cannot be reached are its own."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass(frozen=True)
class Issued:
    """PEM files."""

    cert: Path
    key: Path


@dataclass
class Authority:
    folder: Path
    name: str

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.cert = self._write(
            "ca", self._sign(self.name, self._key, ca=True).public_bytes(serialization.Encoding.PEM)
        )

    def issue(self, dns_name: str) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        cert = self._sign(dns_name, key, ca=False).public_bytes(serialization.Encoding.PEM)
        return Issued(self._write(f"{dns_name}.cert", cert), self._write(f"{dns_name}.key", pem))

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / f"{self.name}.{name}.pem"
        path.write_bytes(content)
        return path


@pytest.fixture
def authority(tmp_path: Path) -> Callable[[str], Authority]:
    """`authority("ours").issue("web")`"""
    return lambda name: Authority(tmp_path, name)
