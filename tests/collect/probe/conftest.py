"""Targets on this machine that probes meet: HTTP, TLS, a mail server's banner, DNS, gRPC health."""

from __future__ import annotations

import datetime
import gzip
import http.server
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Targets:
    """`host:port` of each."""

    http: str
    https: str
    tcp: str
    smtp: str
    tls: str
    dns: str
    grpc: str
    grpc_tls: str
    refused: str
    ca_file: Path
    seen: list[tuple[str, str, dict[str, str], bytes]]


BODIES = {
    "/": b"hello world",
    "/json": b'{"status": "ok", "checks": [{"name": "db", "up": true}], "load": 0.5}',
    "/long": b"x" * 200_000 + b"needle",
}


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, dict[str, str], bytes]] = []  # noqa: RUF012  (shared on purpose)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, dict(self.headers), body))
        status, headers, answer = self._answer()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if ("Transfer-Encoding", "chunked") in headers:
            answer = b"%x\r\n%s\r\n0\r\n\r\n" % (len(answer), answer)
        elif not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815  (the names that http.server looks for)

    def _answer(self) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = self.path.partition("?")
        match path:
            case "/500":
                return 500, [], b"broken"
            case "/404":
                return 404, [], b""
            case "/204":
                return 204, [("Content-Length", "0")], b""
            case "/redirect":
                return 302, [("Location", query or "/")], b"gone"
            case "/307":
                return 307, [("Location", "/")], b""
            case "/loop":
                return 302, [("Location", "/loop")], b"abc"
            case "/nowhere":
                return 302, [], b"nowhere"
            case "/login":
                if "session=1" in self.headers.get("Cookie", ""):
                    return 200, [], b"welcome"
                return 302, [("Set-Cookie", "session=1; Path=/; HttpOnly"), ("Location", "/login")], b""
            case "/chunked":
                return 200, [("Transfer-Encoding", "chunked")], b"in pieces"
            case "/headers":
                return 200, [("X-State", "fine"), ("X-State", "good"), ("Server-Like", "a")], b"h"
            case "/gzip":
                return 200, [("Content-Encoding", "gzip")], gzip.compress(b"packed " * 100)
            case "/modified":
                return 200, [("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")], b"old"
            case "/slow":
                self.server.stopping.wait(float(query or 5))  # type: ignore[attr-defined]
                return 200, [], b"late"
            case "/short":
                return 200, [("Content-Length", "100")], b"too short"
        return 200, [], BODIES.get(path, b"hello world")

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    stopping: threading.Event

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of it."""


class Lines(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of it."""


class Banner(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\nPING :42\r\n")
        if self.rfile.readline(100).startswith(b"PONG 42"):
            self.wfile.write(b":server 001 welcome\r\n")


class Smtp(socketserver.StreamRequestHandler):
    """Speaks enough SMTP for STARTTLS."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail.example.org ESMTP\r\n")
        while line := self.rfile.readline(1_000):
            if line.startswith(b"EHLO"):
                self.wfile.write(b"250-mail.example.org\r\n250 STARTTLS\r\n")
            elif line.startswith(b"STARTTLS"):
                self.wfile.write(b"220 ready\r\n")
                assert isinstance(self.server, Lines)
                assert self.server.context is not None
                self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            elif line.startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return


def certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) of `localhost`, which signs itself and may be used as a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "KR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hannun, Inc+Co"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "#ops "),
            x509.NameAttribute(NameOID.COMMON_NAME, "localhost"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "ops@example.org"),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0x0A0B0C)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    x509.DNSName("example.org"),
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return public, private


def dns_answer(packet: bytes) -> bytes:
    import dns.flags
    import dns.message
    import dns.rcode
    import dns.rrset

    query = dns.message.from_wire(packet)
    answer = dns.message.make_response(query)
    question = query.question[0]
    name = str(question.name)
    if name == "missing.example.":
        answer.set_rcode(dns.rcode.NXDOMAIN)
        answer.authority.append(dns.rrset.from_text("example.", 60, "IN", "SOA", "ns.example. host. 7 1 2 3 4"))
    elif name == "empty.example.":
        pass
    elif question.rdtype == 6:
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "SOA", "ns.example. host.example. 2026 1 2 3 4"))
    else:
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "127.0.0.1", "127.0.0.2"))
        answer.authority.append(dns.rrset.from_text("example.", 300, "IN", "NS", "ns1.example."))
        answer.additional.append(dns.rrset.from_text("ns1.example.", 300, "IN", "A", "127.0.0.53"))
    return answer.to_wire()


class DnsDatagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        packet, link = self.request
        link.sendto(dns_answer(packet), self.client_address)


class DnsStream(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        size = int.from_bytes(self.rfile.read(2), "big")
        answer = dns_answer(self.rfile.read(size))
        self.wfile.write(len(answer).to_bytes(2, "big") + answer)


class Datagrams(socketserver.ThreadingUDPServer):
    allow_reuse_address = True
    daemon_threads = True


def health_server(stack: list[Callable[[], object]], pair: tuple[Path, Path] | None) -> int:
    """A real gRPC server with grpc.health.v1 answers: "" and "shop" serve, "cart" does not, others are unknown."""
    import grpc

    statuses = {b"": 1, b"shop": 1, b"cart": 2}

    def check(request: bytes, context: Any) -> bytes:
        service = request[2:]
        if service not in statuses:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return b"\x08" + bytes([statuses[service]])

    handler = grpc.method_handlers_generic_handler(
        "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check)}
    )
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handler,))
    if pair is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        credentials = grpc.ssl_server_credentials([(pair[1].read_bytes(), pair[0].read_bytes())])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    stack.append(lambda: server.stop(0).wait(2))
    return int(port)


@pytest.fixture(scope="session")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    pair = certificate(tmp_path_factory.mktemp("pair"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    context.set_alpn_protocols(["http/1.1"])
    stack: list[Callable[[], object]] = []

    def start(server: socketserver.BaseServer) -> int:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        stack.append(server.server_close)
        stack.append(server.shutdown)
        return int(server.server_address[1])

    stopping = threading.Event()
    Web.seen = []
    web, secure = Server(("127.0.0.1", 0), Web), Server(("127.0.0.1", 0), Web)
    web.stopping = secure.stopping = stopping
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    tls = Lines(("127.0.0.1", 0), Banner)
    tls.socket = context.wrap_socket(tls.socket, server_side=True, do_handshake_on_connect=False)
    smtp = Lines(("127.0.0.1", 0), Smtp)
    smtp.context = context
    datagrams = Datagrams(("127.0.0.1", 0), DnsDatagram)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = closed.getsockname()[1]
    dns_port = start(datagrams)
    start(Lines(("127.0.0.1", dns_port), DnsStream))

    def at(port: int) -> str:
        return f"127.0.0.1:{port}"

    yield Targets(
        http=at(start(web)),
        https=at(start(secure)),
        tcp=at(start(Lines(("127.0.0.1", 0), Banner))),
        smtp=at(start(smtp)),
        tls=at(start(tls)),
        dns=at(dns_port),
        grpc=at(health_server(stack, None)),
        grpc_tls=at(health_server(stack, pair)),
        refused=at(refused),
        ca_file=pair[0],
        seen=Web.seen,
    )
    stopping.set()
    for stop in reversed(stack):
        stop()
