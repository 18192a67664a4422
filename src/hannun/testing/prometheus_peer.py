"""A real Prometheus over given samples, to compare answers with: OpenMetrics -> TSDB blocks -> a server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.time import format_seconds
from hannun.query.promql.numbers import go_float

READY_S = 20


def missing() -> str | None:
    """Why there is no peer here; None when there is one."""
    absent = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed (Debian: apt-get install prometheus)" if absent else None


def open_metrics(series: Iterable[tuple[Labels, list[tuple[int, float]]]]) -> str:
    """Samples as OpenMetrics text; each metric name must come in one piece."""
    lines: list[str] = []
    for labels, samples in series:
        inner = ",".join(f'{name}="{value}"' for name, value in labels if name != METRIC_NAME)
        name = f"{labels.get(METRIC_NAME)}{{{inner}}}"
        lines.extend(f"{name} {go_float(value)} {format_seconds(ts)}" for ts, value in samples)
    return "\n".join((*lines, "# EOF\n"))


@contextmanager
def peer_over(series: Iterable[tuple[Labels, list[tuple[int, float]]]], folder: Path) -> Iterator[httpx.Client]:
    """A client of a Prometheus that holds exactly `series`."""
    source, data, config = folder / "samples.om", folder / "data", folder / "prometheus.yml"
    source.write_text(open_metrics(series), encoding="utf-8")
    config.write_text("global: {evaluation_interval: 1m}\n", encoding="utf-8")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(source), str(data)],
        check=True,
        capture_output=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={data}",
                "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                _wait(client, process)
                yield client
        finally:
            process.terminate()
            process.wait(10)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        try:
            if client.get("/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"prometheus was not ready within {READY_S} s")
