"""`hannun snapshot`: the folder is looked at with and without a server; making one asks the server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

NAME = "20261121T001903Z-0123456789abcdef"


@pytest.fixture
def one(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "snapshots" / NAME
    folder.mkdir(parents=True)
    (folder / "part").write_bytes(b"x" * 4096)
    return folder


@pytest.fixture
def server() -> Iterator[Any]:
    """`server.answer = (status, body)` is what the next POST gets; `server.asked` what was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            http.asked = (self.path, self.headers.get("Authorization"))
            status, body = http.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    http: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    yield http
    http.shutdown()
    thread.join()
    http.server_close()


def test_the_list_tells_when_how_large_and_where(cli: Any, one: Path) -> None:
    head, row = cli("snapshot", "list", HANNUN_TIMEZONE="UTC").out.splitlines()
    assert head.split("  ")[0] == "name"
    assert row.startswith(f"{NAME}  2026-11-21 00:19:03  4.0 KiB  4.0 KiB ")
    assert row.endswith(str(one))


def test_an_empty_folder_says_how_to_make_one(cli: Any) -> None:
    assert "`hannun snapshot create` makes one" in cli("snapshot", "list").out
    assert "스냅샷이 없습니다" in cli("snapshot", "list", LANG="ko_KR.UTF-8").out


def test_removal_by_name(cli: Any, one: Path) -> None:
    refused = cli("snapshot", "remove", "../data")
    assert (refused.code, one.exists()) == (1, True)
    assert "holds no snapshot ../data" in refused.err
    assert cli("snapshot", "remove", NAME).out == f"{NAME} is removed\n"
    assert not one.exists()


def test_the_name_stands_alone_on_stdout(cli: Any, server: Any) -> None:
    server.answer = (200, json.dumps({"status": "success", "data": {"name": NAME}}).encode())
    result = cli("snapshot", "create", "--url", server.url, "--token", "hnt_x")
    assert (result.code, result.out, result.err) == (0, f"{NAME}\n", "")
    assert server.asked == ("/api/v1/admin/tsdb/snapshot", "Bearer hnt_x")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        pytest.param(
            500,
            b'{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}',
            "start it with --enable-admin-api",
            id="the admin API is off",
        ),
        pytest.param(507, b'{"status":"error","error":"1 GiB free"}', "1 GiB free", id="a full disk in its words"),
        pytest.param(401, b"", "--role admin", id="nobody let us in"),
        pytest.param(403, b"{}", "--role admin", id="the role is too small"),
        pytest.param(200, b"<html>", "answered 200, and not as Hannun does", id="another server"),
        pytest.param(200, b'{"data":{"name":7}}', "not as Hannun does", id="a name that is none"),
    ],
)
def test_refusals_say_what_to_do(cli: Any, server: Any, status: int, body: bytes, words: str) -> None:
    server.answer = (status, body)
    result = cli("snapshot", "create", "--url", server.url)
    assert (result.code, result.out) == (1, "")
    assert words in result.err
    assert result.err.count("\n") == 1


def test_no_server_is_one_line(cli: Any) -> None:
    result = cli("snapshot", "create", "--url", "http://127.0.0.1:1")
    assert result.code == 1
    assert result.err.count("\n") == 1
