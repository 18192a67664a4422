"""guide/reverse-proxy.md: its snippets stand before a real server."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from hannun.testing.pages import page
from hannun.testing.server import Server, free_port

PASSWORD = "correct horse battery"


def snippet(kind: str) -> str:
    return page("en", "guide/reverse-proxy.md").block(kind).text


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
                break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def server_with_user(tmp_path: Path, external_url: str) -> Iterator[Server]:
    flags = ("--no-self", "--external-url", external_url, "--trusted-proxies", "127.0.0.1")
    with Server(tmp_path / "data", flags=flags, env={"HANNUN_ADMIN_PASSWORD": PASSWORD}) as server:
        yield server


def check_through(proxy: httpx.Client, base: str) -> None:
    """A page, a real 404, a login whose cookie works, and a state change with its CSRF token."""
    page = proxy.get(f"{base}/hosts")
    assert page.status_code == 200
    assert f'<base href="{base}/"' in page.text
    assert proxy.get(f"{base}/no-such-page").status_code == 404
    assert proxy.get(f"{base}/api/v1/query", params={"query": "1"}).status_code == 401
    session = proxy.post(f"{base}/api/hannun/v1/login", json={"name": "admin", "password": PASSWORD})
    assert session.status_code == 200, session.text
    assert proxy.get(f"{base}/api/v1/query", params={"query": "1"}).status_code == 200
    csrf = session.json()["csrf"]
    token = {"name": "proxy test", "role": "viewer"}
    assert proxy.post(f"{base}/api/hannun/v1/tokens", json=token).status_code == 403
    made = proxy.post(f"{base}/api/hannun/v1/tokens", json=token, headers={"X-Hannun-CSRF": csrf})
    assert made.status_code in (200, 201), made.text


@pytest.mark.parametrize("path", ["", "/watch"], ids=["at the root", "below a path"])
def test_the_nginx_snippet_stands_before_a_real_server(tmp_path: Path, path: str) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed (apt install nginx-light)")
    port = free_port()
    with server_with_user(tmp_path, f"http://watch.example.com{path}") as server:
        site = snippet("nginx").replace("listen 8080", f"listen 127.0.0.1:{port}")
        site = site.replace("127.0.0.1:8800", f"127.0.0.1:{server.port}")
        if path:
            site = site.replace("location / {", f"location {path}/ {{")
        config = tmp_path / "nginx.conf"
        config.write_text(
            f"daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log; worker_processes 1; user root;\n"
            f"events {{}}\nhttp {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;"
            f" fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n"
            f"{site}\n}}\n",
            encoding="utf-8",
        )
        with running(["nginx", "-c", str(config), "-e", str(tmp_path / "start.log")], port, tmp_path / "nginx.log"):
            host = {"Host": "watch.example.com"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=host, timeout=10) as proxy:
                check_through(proxy, path)


def test_the_caddy_snippet_stands_before_a_real_server(tmp_path: Path) -> None:
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not installed (apt install caddy)")
    port = free_port()
    with server_with_user(tmp_path, "http://watch.example.com") as server:
        site = snippet("caddy").replace("watch.example.com {", f"http://watch.example.com:{port} {{")
        site = site.replace("127.0.0.1:8800", f"127.0.0.1:{server.port}")
        config = tmp_path / "Caddyfile"
        config.write_text(f"{{\n admin off\n storage file_system {tmp_path}/caddy\n}}\n{site}", encoding="utf-8")
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]
        with running(command, port, tmp_path / "caddy.log"):
            host = {"Host": f"watch.example.com:{port}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=host, timeout=10) as proxy:
                assert proxy.get("/hosts").status_code == 200
                login = proxy.post("/api/hannun/v1/login", json={"name": "admin", "password": PASSWORD})
                assert login.status_code == 200, login.text
