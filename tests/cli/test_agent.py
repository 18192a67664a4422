"""`hannun agent`: what its line may say, and that it leaves cleanly with everything sent or kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from hannun.cli.agent import agent
from hannun.cli.terminal import Terminal, UsageError
from hannun.testing.server import free_port
from hannun.testing.waiting import until

RUN = """
import os, sys
from hannun.cli.agent import agent
from hannun.cli.command import COMMANDS
from hannun.cli.terminal import Terminal
with COMMANDS["agent"].make_context("agent", sys.argv[1:], obj=Terminal("en", os.environ)) as ctx:
    COMMANDS["agent"].invoke(ctx)
"""


def call(**given: str | None) -> None:
    flags = dict.fromkeys(("server", "config", "positions", "token", "listen", "data_dir", "spool_size"))
    agent(Terminal("en", {}), **{**flags, **given})  # type: ignore[operator]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({}, "nobody to send to", id="neither server nor configuration"),
        pytest.param({"server": "box:8800"}, "write http://HOST:8800", id="no address"),
        pytest.param({"server": "http://x", "listen": "9080"}, "HOST:PORT", id="nowhere to listen"),
        pytest.param({"server": "http://x", "spool_size": "big"}, "not a size", id="no size"),
    ],
)
def test_lines_that_cannot_be_meant(given: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        call(**{**given, "data_dir": str(tmp_path / "agent")})


def test_it_waits_for_its_server_and_leaves_at_once(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "app.log").write_text("one\ntwo\n")
    config = tmp_path / "promtail.yml"
    config.write_text(
        f"positions: {{filename: {tmp_path}/positions.yaml}}\n"
        "scrape_configs:\n  - job_name: app\n"
        f'    static_configs: [{{labels: {{job: app, __path__: "{tmp_path}/*.log"}}}}]\n'
    )
    words = ["--server", "http://127.0.0.1:9", "--config", str(config), "--listen", f"127.0.0.1:{port}"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HANNUN_")}
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, *words, "--data-dir", str(tmp_path / "agent")],
            stderr=out,
            env=environment,
        )
    try:
        metrics = until(lambda: _read(f"http://127.0.0.1:{port}/metrics"), "the lines in the spool", 20)
        assert "promtail_read_lines_total" in metrics
        assert httpx.get(f"http://127.0.0.1:{port}/ready").text == "Ready\n"
        assert "app.log" in httpx.get(f"http://127.0.0.1:{port}/targets").text
        began_s = time.monotonic()
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(15)
    assert code == 0
    assert time.monotonic() - began_s < 10
    assert [path.suffix for path in (tmp_path / "agent/spool").iterdir()] == [".batch"], "what was read is kept"


def _read(url: str) -> str:
    try:
        text = httpx.get(url, timeout=2).text
    except httpx.TransportError:
        return ""
    return text if "promtail_batch_retries_total" in text else ""
