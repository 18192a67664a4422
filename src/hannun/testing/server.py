"""A real Hannun in a process of its own, for tests and benches: free port, private data directory, own log file.

Only processes started here are ever signalled, by their id.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

READY_WITHIN_S = 120.0
"""A start takes two seconds of a core; among a dozen busy programs on two cores it was given one of them in thirty."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Server:
    """`start()` returns when `/-/ready` answers 200; `ready_s` is how long that took since the process was started.

    `wrapper` stands before the command: a program that sets limits and then becomes the server by `exec`.
    """

    data_dir: Path
    flags: Sequence[str] = ()
    env: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    wrapper: Sequence[str] = ()
    ready_s: float = 0.0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server was not started"
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace") if self._log_path.exists() else ""

    @property
    def _log_path(self) -> Path:
        return self.data_dir.parent / f"{self.data_dir.name}.{self.port}.log"

    def command(self) -> list[str]:
        base = [*self.wrapper, sys.executable, "-m", "hannun", "serve", "--data-dir", str(self.data_dir)]
        return [*base, "--listen", f"127.0.0.1:{self.port}", *self.flags]

    def launch(self) -> None:
        """Start the process without waiting for it."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HANNUN_")}
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**environment, **self.env}
            )

    def start(self) -> Server:
        began = time.monotonic()
        self.launch()
        try:
            self.wait_ready()
        except RuntimeError:
            self.kill()  # `with` leaves by no door that it did not enter
            raise
        self.ready_s = time.monotonic() - began
        return self

    def wait_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            code = self._process.poll()
            if code is not None:
                raise RuntimeError(f"hannun left with {code} before it was ready:\n{self.log}")
            try:
                if httpx.get(f"{self.url}/-/ready", timeout=1.0).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"hannun was not ready within {READY_WITHIN_S:.0f} s:\n{self.log}")

    def wait_exit(self, timeout_s: float = 20.0) -> int:
        assert self._process is not None
        return self._process.wait(timeout_s)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20.0)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL: what power loss looks like to the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def cpu_s(self) -> float:
        """CPU seconds (user + system) that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def private_bytes(self) -> int:
        """Private memory (not shared with other processes, not file-backed clean pages)."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        kb = sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(("Private_Dirty", "Swap:")))
        return kb * 1024
