"""scrape_failure_log_file: a line for each failed scrape, appended by a thread, never in anybody's way."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from hannun.collect.scrape.failure_log import WAITING_MAX, FailureLog, line

NOW_MS = 1_700_000_000_123


def settled() -> None:
    for thread in threading.enumerate():
        if thread.name == "hannun-failure-log":
            thread.join(10)


def test_a_line_has_prometheus_s_fields() -> None:
    entry = line('Get "http://a:1/metrics": EOF', "작업", "http://a:1/metrics", NOW_MS)
    assert (
        entry
        == (
            '{"time":"2023-11-14T22:13:20.123Z","level":"ERROR","msg":"Get \\"http://a:1/metrics\\": EOF",'
            '"job_name":"작업","target":"http://a:1/metrics"}\n'
        ).encode()
    )
    assert line("a\nb\ud800" + "x" * 9_000, "j", "t", NOW_MS).count(b"\n") == 1


def test_jobs_append_to_one_file_and_a_rotation_needs_no_word(tmp_path: Path) -> None:
    file = tmp_path / "failures.log"
    file.write_text("before\n")
    logs = [FailureLog(file, job) for job in "ab"]
    for number in range(50):
        for log in logs:
            log.write(f"failed {number}", "t", NOW_MS)
    settled()
    first, *rest = file.read_text().splitlines()
    assert first == "before"
    assert sorted((json.loads(one)["job_name"], json.loads(one)["msg"]) for one in rest) == sorted(
        (job, f"failed {number}") for job in "ab" for number in range(50)
    )
    file.rename(tmp_path / "failures.log.1")
    logs[0].write("after", "t", NOW_MS)
    settled()
    assert json.loads(file.read_text())["msg"] == "after"


@pytest.mark.parametrize("place", ["a folder", "no folder", "a pipe without a reader"])
def test_a_file_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    file = tmp_path / "none" / "x" if place == "no folder" else tmp_path / "x"
    if place == "a folder":
        file.mkdir()
    elif place != "no folder":
        os.mkfifo(file)
    log = FailureLog(file, "shop")
    for _ in range(3):
        log.write("failed", "t", NOW_MS)
        settled()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(file) in caplog.text


def test_what_waits_for_a_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    written: list[bytes] = []

    def slow(_: Any, entries: list[bytes]) -> None:
        go.wait(10)
        written.extend(entries)

    monkeypatch.setattr("hannun.collect.scrape.failure_log._append", slow)
    log = FailureLog(tmp_path / "x", "shop")
    for _ in range(3 * WAITING_MAX):
        log.write("failed", "t", NOW_MS)
    go.set()
    settled()
    assert WAITING_MAX <= len(written) <= 2 * WAITING_MAX
