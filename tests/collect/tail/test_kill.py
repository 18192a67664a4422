"""`kill -9` of the server and of the agent while a program writes and rotates: every line is there exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until

_AGENT = """
import os, sys
import hannun.cli.agent
from hannun.cli.command import COMMANDS
from hannun.cli.terminal import Terminal
with COMMANDS["agent"].make_context("agent", sys.argv[1:], obj=Terminal("en", os.environ)) as ctx:
    COMMANDS["agent"].invoke(ctx)
"""
LINES_MAX = 5_000


class Canary(threading.Thread):
    """Writes `canary 0`, `canary 1`, … to `path` until told to stop, and renames it away again and again."""

    def __init__(self, path: Path, *, lines_s: float = 400.0, rotate_s: float = 0.9, copies: bool = False) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.written = 0
        self.rotations = 0
        self.enough = threading.Event()
        self._pause_s = 1 / lines_s
        self._rotate_s = rotate_s
        self._copies = copies

    def run(self) -> None:
        rotated_s = time.monotonic()
        file = self.path.open("a", encoding="utf-8")
        while not self.enough.is_set() and self.written < LINES_MAX - 10:
            file.write(f"canary {self.written} {time.time_ns()} {'.' * 40}\n")
            file.flush()
            self.written += 1
            time.sleep(self._pause_s)
            if time.monotonic() - rotated_s > self._rotate_s:
                rotated_s = time.monotonic()
                self.rotations += 1
                self.path.rename(self.path.with_name(f"{self.path.name}.{self.rotations}"))
                file.close()
                file = self.path.open("a", encoding="utf-8")
        file.close()

    def stop(self) -> int:
        """How many lines there are."""
        self.enough.set()
        self.join()
        return self.written


@dataclass
class Agent:
    """`hannun agent` in a process of its own."""

    folder: Path
    flags: Sequence[str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> Agent:
        command = [sys.executable, "-c", _AGENT, "--data-dir", str(self.folder), "--listen", "off", *self.flags]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HANNUN_")}
        with self.folder.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        return self

    @property
    def log(self) -> str:
        return self.folder.with_suffix(".log").read_text(errors="replace")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)


def config(folder: Path, pattern: str, url: str = "http://loki:3100/loki/api/v1/push", more: str = "") -> Path:
    """A Promtail file that reads `pattern`."""
    file = folder / "promtail.yml"
    file.write_text(
        f"""
positions: {{filename: {folder}/positions.yaml, sync_period: 1s}}
clients: [{{url: "{url}", batchwait: 200ms, backoff_config: {{min_period: 100ms, max_period: 500ms}}}}]
scrape_configs:
  - job_name: canary
    static_configs: [{{targets: [localhost], labels: {{job: canary, __path__: "{pattern}"}}}}]
{more}"""
    )
    return file


def stored(server: Server, query: str = '{job="canary"}') -> Counter[int]:
    """How often each canary line is there."""
    params = {"query": query, "limit": str(LINES_MAX), "since": "1h"}
    answer = httpx.get(f"{server.url}/loki/api/v1/query_range", params=params, timeout=20)
    assert answer.status_code == 200, answer.text
    lines = [value[1] for stream in answer.json()["data"]["result"] for value in stream["values"]]
    return Counter(int(line.split()[1]) for line in lines)


def assert_once_each(found: Counter[int], written: int) -> None:
    missing = sorted(set(range(written)) - set(found))
    doubled = sorted(number for number, times in found.items() if times > 1)
    assert (missing[:5], doubled[:5]) == ([], []), f"{len(missing)} missing, {len(doubled)} doubled of {written}"


def all_there(server: Server, written: int) -> Counter[int]:
    until(lambda: len(stored(server)) >= written, f"{written} lines", 20)
    return stored(server)


@pytest.mark.long
def test_the_server_is_killed_under_a_writer_that_rotates(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    flags = ["--no-self", "--promtail-config", str(config(tmp_path, f"{logs}/app.log"))]
    canary = Canary(logs / "app.log")
    server = Server(tmp_path / "data", flags).start()
    canary.start()
    until(lambda: len(stored(server)) > 50, "the first lines", 20)
    server.kill()
    time.sleep(0.3)
    with server:
        written = canary.stop()
        assert canary.rotations > 1
        assert_once_each(all_there(server, written), written)


def test_agent_and_server_are_killed_in_turn(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    server = Server(tmp_path / "data", ["--no-self"])
    # The pattern matches what the program renames as well, as the users' `/var/log/*log` does with logrotate's names.
    file = config(tmp_path, f"{logs}/*log*", f"{server.url}/loki/api/v1/push")
    agent = Agent(tmp_path / "agent", ["--config", str(file)])
    canary = Canary(logs / "app.log", rotate_s=1.3)
    canary.start()
    agent.start()  # The server is not there yet: lines wait on the disk.
    server.start()
    until(lambda: len(stored(server)) > 50, "the first lines", 20)
    agent.kill()
    agent.start()
    time.sleep(0.5)
    server.kill()
    with server:
        time.sleep(0.5)
        written = canary.stop()
        assert_once_each(all_there(server, written), written)
        assert agent.stop() == 0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_many_kills_at_any_moment(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    logs = tmp_path / "logs"
    logs.mkdir()
    server = Server(tmp_path / "data", ["--no-self"])
    file = config(tmp_path, f"{logs}/*log*", f"{server.url}/loki/api/v1/push")
    agent = Agent(tmp_path / "agent", ["--config", str(file)])
    canary = Canary(logs / "app.log", lines_s=150, rotate_s=chance.uniform(0.7, 3))
    canary.start()
    server.start()
    agent.start()
    for _ in range(8):
        time.sleep(chance.uniform(0.2, 2.5))
        if chance.random() < 0.7:
            agent.kill()
            time.sleep(chance.uniform(0, 1.5))
            agent.start()
        else:
            server.kill()
            server.start()
    written = canary.stop()
    assert_once_each(all_there(server, written), written)
    assert agent.stop() == 0
    server.stop()
