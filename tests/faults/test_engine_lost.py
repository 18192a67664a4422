"""The engine ends itself, or the process crashes: nobody is left behind that stands and answers nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until

pytestmark = pytest.mark.xdist_group("faults")

LINE = "acknowledged before the end"
LOSING = '''\
"""`hannun serve` whose engine ends itself at the first line that says so."""
import runpy, sys

sys.argv = sys.argv[sys.argv.index("-m") + 1 :]
import pyarrow as pa

from hannun.store.engine import ChdbEngine

insert = ChdbEngine.insert_arrow

def ending(self, table, rows):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    if b"end now" in sink.getvalue().to_pybytes():
        with self._translated(writing=True):
            raise RuntimeError(
                "Code: 236. DB::Exception: The server is shutting down due to a fatal error. (ABORTED)"
            )
    insert(self, table, rows)

ChdbEngine.insert_arrow = ending
runpy.run_module("hannun", run_name="__main__")
'''


def push(server: Server, line: str) -> int:
    body = {"streams": [{"stream": {"app": "a"}, "values": [[str(time.time_ns()), line]]}]}
    return httpx.post(f"{server.url}/loki/api/v1/push", json=body, timeout=30).status_code


def found(server: Server) -> list[str]:
    asked = {"query": '{app="a"}'}
    answer = httpx.get(f"{server.url}/loki/api/v1/query_range", params=asked, timeout=30).json()
    return [line for stream in answer["data"]["result"] for _, line in stream["values"]]


def healthy(server: Server) -> int:
    try:
        return httpx.get(f"{server.url}/-/healthy", timeout=5).status_code
    except httpx.TransportError:
        return 0


def test_a_server_without_its_engine_says_so_and_leaves(tmp_path: Path) -> None:
    script = tmp_path / "losing.py"
    script.write_text(LOSING, encoding="utf-8")
    server = Server(tmp_path / "data", flags=("--no-self",), wrapper=(sys.executable, str(script)))
    server.start()
    assert push(server, LINE) == 204
    assert healthy(server) == 200
    assert push(server, "end now") == 503
    until(lambda: healthy(server) == 503, "unhealthy", 5.0, 0.02)
    assert server.wait_exit() == 1
    assert "the store's engine has ended itself; the server must be started again" in server.log
    assert "Traceback" not in server.log
    with Server(tmp_path / "data", flags=("--no-self",)) as again:
        assert found(again) == [LINE]


def test_a_process_that_crashed_is_gone_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", flags=("--no-self",)).start()
    assert push(server, LINE) == 204
    os.kill(server.pid, signal.SIGSEGV)
    assert server.wait_exit(10.0) == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in server.log
    with Server(tmp_path / "data", flags=("--no-self",)) as again:
        assert found(again) == [LINE]
