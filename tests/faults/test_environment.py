"""The machine misbehaves: each time one clear line, in the UI where one is up, and the rest goes on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, WriteBody

pytestmark = pytest.mark.xdist_group("faults")


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def start_fails(server: Server) -> tuple[int, str]:
    """Exit code and the one line on stderr of a server that cannot start."""
    done = subprocess.run(
        server.command(), capture_output=True, timeout=30, check=False, env={**os.environ, "LANG": "C"}
    )
    return done.returncode, done.stderr.decode()


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system of its own, gone afterwards."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"mounting a tmpfs is not allowed here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def push(server: Server, name: str, ts_ms: int, count: int = 1, per_series: int = 1) -> httpx.Response:
    labels = [Labels.of(__name__=name, n=str(n)) for n in range(count)]
    ts = np.tile(ts_ms + np.arange(per_series, dtype=np.int64), count)
    rng = np.random.default_rng(ts_ms % 1000)
    body = WriteBody.of(labels, per_series).at(ts, rng.standard_normal(len(ts)))
    return httpx.post(f"{server.url}/api/v1/write", content=body, headers=HEADERS, timeout=30)


def problems(server: Server) -> list[str]:
    return [problem["id"] for problem in httpx.get(f"{server.url}/api/hannun/v1/status").json()["problems"]]


def test_a_second_process_on_the_data_dir_is_refused_in_one_line(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as first:
        code, said = start_fails(Server(tmp_path / "data"))
        assert code in (1, 2)
        assert len(said.strip().splitlines()) == 1, said
        assert str(first.pid) in said
        assert httpx.get(f"{first.url}/-/healthy").status_code == 200


def test_a_taken_port_is_named_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = start_fails(Server(tmp_path / "data", port=port))
    assert code in (1, 2)
    assert str(port) in said
    assert "--listen" in said
    assert len(said.strip().splitlines()) == 1, said


def test_a_data_dir_of_a_newer_version_is_left_untouched(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data):
        pass
    version = data / "data-format"
    version.write_text("999\n", encoding="utf-8")
    before = sorted(path.stat().st_mtime_ns for path in data.rglob("*"))
    code, said = start_fails(Server(data))
    assert code in (1, 2)
    assert "999" in said
    assert len(said.strip().splitlines()) == 1, said
    assert sorted(path.stat().st_mtime_ns for path in data.rglob("*")) == before


def test_a_read_only_data_dir_is_said_in_one_line(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=16m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        code, said = start_fails(Server(disk / "data"))
    assert code in (1, 2)
    assert "read-only" in said.lower() or "not writable" in said.lower(), said
    assert len(said.strip().splitlines()) == 1, said


def test_a_full_disk_refuses_writes_says_so_and_recovers(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=400m") as disk:
        server = Server(disk / "data", flags=("--disk-reserve", "100MiB", "--no-self"))
        with server:
            now_ms = int(time.time() * 1000)
            assert push(server, "kept", now_ms).status_code == 204
            filler = disk / "filler"
            free = shutil.disk_usage(disk).free
            with filler.open("wb") as out:
                out.write(b"\0" * max(0, free - (60 << 20)))
            refused = _until(lambda: push(server, "refused", now_ms), lambda answer: answer.status_code == 507)
            assert "--disk-reserve" in refused.text, refused.text
            assert any("disk" in problem for problem in problems(server))
            # Reading goes on, and what was acknowledged is there.
            assert value_of(server, "kept", now_ms) is not None
            filler.unlink()
            _until(lambda: push(server, "back", now_ms), lambda answer: answer.status_code == 204)
            _until(lambda: problems(server), lambda found: not any("disk" in problem for problem in found))
            assert value_of(server, "back", now_ms) is not None
            assert value_of(server, "refused", now_ms) is None


def value_of(server: Server, metric: str, at_ms: int) -> str | None:
    answer = httpx.get(f"{server.url}/api/v1/query", params={"query": metric, "time": at_ms / 1000}).json()
    result = answer["data"]["result"]
    return str(result[0]["value"][1]) if result else None


def test_a_clock_a_day_off_deletes_nothing_and_is_pointed_out(tmp_path: Path) -> None:
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("Debian's faketime is not installed: the clock of one process cannot be moved without it")
    data = tmp_path / "data"
    now_ms = int(time.time() * 1000)
    with Server(data, flags=("--no-self",)) as server:
        assert push(server, "steady", now_ms).status_code == 204
    library = next(Path("/usr/lib").rglob("libfaketime.so.1"))
    jumped = {"LD_PRELOAD": str(library), "FAKETIME": "+1d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with Server(data, flags=("--no-self",), env=jumped) as server:
        assert value_of(server, "steady", now_ms) is not None
        assert push(server, "tomorrow", now_ms + 86_400_000).status_code == 204
    with Server(data, flags=("--no-self",)) as server:
        assert value_of(server, "steady", now_ms) is not None
        assert push(server, "today", now_ms).status_code == 204
        assert value_of(server, "today", now_ms) is not None


@pytest.mark.long
def test_acknowledged_writes_are_found_after_the_server_changes_its_time_zone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    # 15:00 UTC is midnight in Seoul: the two zones disagree about the day.
    around_ms = (int(time.time()) // 86_400 * 86_400 - 9 * 3600) * 1000
    times = [around_ms + offset * 600_000 for offset in range(-12, 12)]
    with Server(data, flags=("--no-self",), env={"TZ": "UTC"}) as server:
        for at in times[::2]:
            assert push(server, "zone", at).status_code == 204
    with Server(data, flags=("--no-self",), env={"TZ": "Asia/Seoul"}) as server:
        for at in times[1::2]:
            assert push(server, "zone", at).status_code == 204
        for at in times:
            assert value_of(server, "zone", at) is not None
        found = httpx.get(f"{server.url}/api/v1/query", params={"query": "zone[1d]", "time": times[-1] / 1000}).json()[
            "data"
        ]["result"]
        assert [round(float(at) * 1000) for at, _ in found[0]["values"]] == times


def test_sigterm_leaves_within_ten_seconds_and_keeps_all(tmp_path: Path) -> None:
    now_ms = int(time.time() * 1000)
    server = Server(tmp_path / "data", flags=("--no-self",)).start()
    assert push(server, "last", now_ms, count=100).status_code == 204
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 10
    with server:
        assert value_of(server, 'last{n="99"}', now_ms) is not None


def _until(ask, good, within_s: float = 20.0):  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + within_s
    while True:
        answer = ask()
        if good(answer):
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {within_s} s"
        time.sleep(0.2)
