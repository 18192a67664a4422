"""Scraping: CPU of the whole road (ask, inflate, parse, store, merge) for 100 targets × 1,000 series every 15 s.

    python bench/scrape.py [--targets 100] [--series 1000] [--seconds 60] [--profile]

The targets are addresses of loopback served by a process of its own, gzipped as client libraries answer, and every
value rises with every scrape. The road runs in a process without the web server; Prometheus scrapes the same targets.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gzip
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import _started, available, cpu_s, rss_bytes
from run import Line

from hannun.testing.server import free_port

TARGETS, SERIES, SECONDS = 100, 1_000, 60.0
INTERVAL_S = 15
BAR = 25.0
PAGES = 16
WARM_S = 32.0
METHODS = ("GET", "POST", "PUT", "DELETE")


def page(number: int, series: int) -> bytes:
    """A page of counters and one histogram a tenth of its size, `number` scrapes after the start."""
    lines = [
        "# HELP shop_http_requests_total Requests that were answered.",
        "# TYPE shop_http_requests_total counter",
    ]
    buckets = series // 10
    lines += [
        f'shop_http_requests_total{{code="{200 + one % 3}",handler="/api/v1/items/{one}",method="{METHODS[one % 4]}",'
        f'zone="ap-northeast-2a"}} {float(one * 17 + number * (one % 41))}'
        for one in range(series - buckets)
    ]
    lines += ["# HELP shop_wait_seconds Time in the queue.", "# TYPE shop_wait_seconds histogram"]
    lines += [
        f'shop_wait_seconds_bucket{{queue="q{one // 10}",le="{0.005 * 2 ** (one % 10)}"}} {one + number * 3}'
        for one in range(buckets)
    ]
    return ("\n".join(lines) + "\n").encode()


async def exporters(port: int, series: int) -> None:
    bodies = [gzip.compress(page(number, series), 6) for number in range(PAGES)]
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                body = bodies[served // 100 % PAGES]
                served += 1
                head = b"Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Encoding: gzip\r\n"
                writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "0.0.0.0", port)
    await server.serve_forever()


async def road(port: int, targets: int, folder: Path, seconds: float) -> None:
    """What a server does for scraping, and nothing else; says how many samples were stored."""
    from hannun.collect.discovery.registry import discover
    from hannun.collect.scrape import ScrapeManager
    from hannun.collect.stand_in import StandIns
    from hannun.config.prometheus.model import PrometheusConfig, ScrapeConfig, StaticSd
    from hannun.model.target import TargetGroup
    from hannun.store import schema
    from hannun.store.engine import ChdbEngine
    from hannun.store.metrics import MetricStore
    from hannun.store.writer import Writer

    engine = ChdbEngine.open(folder / "engine", memory_bytes=1 << 30)
    schema.apply(engine)
    writer = Writer()
    store = MetricStore(engine, writer)
    await writer.start()
    manager = ScrapeManager(store, stand_ins=StandIns(), discover=discover)
    await manager.start()
    group = TargetGroup("bench", tuple({"__address__": address(number, port)} for number in range(targets)), {})
    job = ScrapeConfig("bench", INTERVAL_S * 1000, 10_000, discoveries=(StaticSd((group,)),))
    await manager.apply(PrometheusConfig(scrape=(job,)))
    print("ready", flush=True)
    await asyncio.sleep(seconds)
    down = [target.last_error for target in manager.active() if target.health != "up"]
    rows = sum(queue.rows_written for queue in store.queues())
    print(f"stored {rows} down {len(down)} {down[:1]}", flush=True)
    await manager.stop()
    await writer.stop()


def address(number: int, port: int) -> str:
    return f"127.0.{1 + number // 250}.{1 + number % 250}:{port}"


@contextmanager
def serving(series: int) -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, "--exporters", str(port), "--series", str(series)])
    try:
        time.sleep(2)
        yield port
    finally:
        process.terminate()
        process.wait()


def ours(root: Path, port: int, targets: int, series: int, seconds: float) -> tuple[float, int]:
    """(% of a core while it scrapes, resident bytes)."""
    whole_s = WARM_S + seconds + 5
    command = [sys.executable, __file__, "--road", str(port), "--targets", str(targets), "--seconds", str(whole_s)]
    process = subprocess.Popen([*command, "--folder", str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    share, rss = measured(process.pid, seconds)
    said = process.stdout.readline()
    process.wait(60)
    assert " down 0 " in said, said
    assert int(said.split()[1]) >= targets * series, said
    return share, rss


def theirs(root: Path, port: int, targets: int, seconds: float) -> tuple[float, int]:
    own = free_port()
    (root / "prometheus").mkdir(parents=True)
    listed = ", ".join(f'"{address(number, port)}"' for number in range(targets))
    config = root / "scrape.yml"
    config.write_text(
        f"global: {{scrape_interval: {INTERVAL_S}s}}\n"
        f"scrape_configs: [{{job_name: bench, static_configs: [{{targets: [{listed}]}}]}}]\n",
        encoding="utf-8",
    )
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={root / 'prometheus'}"]
    command.append(f"--web.listen-address=127.0.0.1:{own}")
    url = f"http://127.0.0.1:{own}"
    with _started("prometheus", command, url, "/-/ready", root / "prometheus", "") as peer:
        return measured(peer.pid, seconds)


def measured(pid: int, seconds: float) -> tuple[float, int]:
    time.sleep(WARM_S)
    before_s, began_s = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - before_s) / (time.monotonic() - began_s) * 100, rss_bytes(pid)


def run(root: Path, targets: int = TARGETS, series: int = SERIES, seconds: float = SECONDS) -> Iterator[Line]:
    root.mkdir(parents=True, exist_ok=True)
    with serving(series) as port:
        share, rss = ours(root, port, targets, series, seconds)
        peer, ratio = "–", "–"
        if available("prometheus"):
            other, other_rss = theirs(root, port, targets, seconds)
            peer, ratio = f"prometheus {other:.1f} % ({other_rss >> 20} MiB)", f"{share / other:.2f}×"
    what = f"scrape {targets} targets × {series:,} series every {INTERVAL_S} s, % of a core, storing and merges counted"
    yield Line(what, f"{share:.1f} % ({rss >> 20} MiB)", peer, ratio, f"≤ {BAR:g} %", share <= BAR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=TARGETS)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--profile", action="store_true", help="show where the road's Python time goes")
    parser.add_argument("--exporters", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--road", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.exporters:
        asyncio.run(exporters(asked.exporters, asked.series))
    elif asked.road:
        asyncio.run(road(asked.road, asked.targets, asked.folder, asked.seconds))
    elif asked.profile:
        with serving(asked.series) as port, tempfile.TemporaryDirectory() as folder, cProfile.Profile() as profile:
            asyncio.run(road(port, asked.targets, Path(folder), asked.seconds))
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
    else:
        with tempfile.TemporaryDirectory() as folder:
            for line in run(Path(folder), asked.targets, asked.series, asked.seconds):
                print(f"{line.what}: {line.hannun} (bar {line.bar}); {line.peer} ({line.ratio})")


if __name__ == "__main__":
    main()
