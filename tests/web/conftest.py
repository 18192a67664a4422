"""A whole web application over a real meta store in a temporary folder, and the callers that may come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

from hannun.model.access import Role, User
from hannun.model.account import TokenRole
from hannun.model.http import Endpoint
from hannun.model.secret import fingerprint, hash_password, new_token
from hannun.store.meta import MetaStore
from hannun.testing.clock import FakeClock
from hannun.web import auth
from hannun.web.auth.gate import Gate
from hannun.web.server import create_app
from hannun.web.site import Site
from hannun.web.static import Static
from hannun.web.tls import TlsFiles

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
PAGE = Static("<!doctype html><html><head></head><body></body></html>", {})
API = "/api/hannun/v1"


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """The loop that the product runs on: what it does with half-closed sockets and TLS is its own."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass
class House:
    app: ASGIApp
    gate: Gate
    meta: MetaStore
    clock: FakeClock

    def client(
        self, base_url: str = "http://localhost:8800", peer: str = "127.0.0.1", **more: Any
    ) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(peer, 40_000))
        return httpx.AsyncClient(transport=transport, base_url=base_url, **more)

    def user(self, name: str = "ann", role: Role = Role.ADMIN) -> User:
        return self.meta.users.add(name, HASH, role)

    def token(self, role: TokenRole, name: str = "ci", **more: Any) -> dict[str, str]:
        key = new_token()
        self.meta.tokens.add(name, role, fingerprint(key), **more)
        return {"authorization": f"Bearer {key}"}

    async def logged_in(self, name: str = "ann", **more: Any) -> httpx.AsyncClient:
        """A client with the session cookie and the CSRF header of a user."""
        async with self.client(**more) as client:
            answer = await client.post(f"{API}/login", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return self.client(cookies=answer.cookies, headers={"x-hannun-csrf": answer.json()["csrf"]}, **more)


Build = Callable[..., House]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def build(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Build]:
    """`build(site, endpoints)` -> House."""
    opened: list[MetaStore] = []

    def make(site: Site | None = None, endpoints: Sequence[Endpoint] = (), static: Static = PAGE) -> House:
        meta = MetaStore.open(tmp_path / f"meta{len(opened)}.db", clock)
        opened.append(meta)
        gate = Gate(meta, site or Site(), clock)
        return House(create_app([*auth.routes(gate), *endpoints], gate, static), gate, meta, clock)

    yield make
    for meta in opened:
        meta.close()


@pytest.fixture
def make_pair(tmp_path: Path) -> Callable[[str], TlsFiles]:
    """`make_pair(name)` writes a self-signed certificate for `name` and its key; the paths are always the same."""

    def make(name: str) -> TlsFiles:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
        files.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    return make
