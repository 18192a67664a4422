"""tls_config against a real TLS server: whom we trust, as whom we come, and files that are replaced."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hannun.collect.http_client import Failure, FetchError, make_client
from hannun.config.http_client import HttpClientConfig, Secret, TlsConfig


@asynccontextmanager
async def https(issued: Any, client_ca: Path | None = None) -> AsyncIterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def ask(url: str, tls: TlsConfig) -> bytes:
    client = make_client(HttpClientConfig(tls=tls), timeout_s=5, env={})
    try:
        return (await client.get(url)).body
    finally:
        await client.close()


async def test_a_private_authority_and_a_name_of_its_own(authority: Any) -> None:
    ours = authority("ours")
    async with https(ours.issue("web")) as url:
        assert await ask(url, TlsConfig(ca_file=ours.cert, server_name="web")) == b"ok"
        assert await ask(url, TlsConfig(ca=ours.cert.read_text(), server_name="web")) == b"ok"
        assert await ask(url, TlsConfig(insecure_skip_verify=True)) == b"ok"


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        pytest.param({}, "certificate", id="an authority that nobody knows"),
        pytest.param({"ca_file": "ours", "server_name": "db"}, "Hostname mismatch", id="another name"),
    ],
)
async def test_a_certificate_that_is_not_trusted(authority: Any, tls: dict[str, str], words: str) -> None:
    ours = authority("ours")
    known = {"ca_file": ours.cert} if "ca_file" in tls else {}
    async with https(ours.issue("web")) as url:
        with pytest.raises(FetchError, match="tls: failed to verify certificate: x509: ") as caught:
            await ask(url, TlsConfig(**{**tls, **known}))  # type: ignore[arg-type]
    assert caught.value.failure is Failure.TLS
    assert words in str(caught.value)


async def test_plain_http_behind_a_tls_scheme_is_a_tls_failure() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.write(b"HTTP/1.1 400 Bad\r\n\r\n"), "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    with pytest.raises(FetchError) as caught:
        await ask(url, TlsConfig(insecure_skip_verify=True))
    server.close()
    assert caught.value.failure is Failure.TLS


async def test_we_show_our_own_certificate(authority: Any) -> None:
    ours = authority("ours")
    mine = ours.issue("scraper")
    base = TlsConfig(ca_file=ours.cert, server_name="web")
    async with https(ours.issue("web"), client_ca=ours.cert) as url:
        files = dataclasses.replace(base, cert_file=mine.cert, key_file=mine.key)
        assert await ask(url, files) == b"ok"
        inline = dataclasses.replace(base, cert=mine.cert.read_text(), key=Secret(mine.key.read_text()))
        assert await ask(url, inline) == b"ok"
        with pytest.raises(FetchError):
            await ask(url, base)


async def test_a_ca_file_that_was_replaced_is_read_again(authority: Any, tmp_path: Path) -> None:
    ours, other = authority("ours"), authority("other")
    ca = tmp_path / "ca.pem"
    shutil.copy(other.cert, ca)
    client = make_client(HttpClientConfig(tls=TlsConfig(ca_file=ca, server_name="web")), timeout_s=5, env={})
    async with https(ours.issue("web")) as url:
        with pytest.raises(FetchError):
            await client.get(url)
        shutil.copy(ours.cert, ca)
        assert (await client.get(url)).body == b"ok"
    await client.close()


async def test_a_version_that_is_too_old_is_refused(authority: Any) -> None:
    ours = authority("ours")
    async with https(ours.issue("web")) as url:
        assert await ask(url, TlsConfig(ca_file=ours.cert, server_name="web", min_version="TLS13")) == b"ok"
