"""Debian's Prometheus and native histograms: it sends them to us, reads them from us, and its storage is brought here.

Prometheus 2.42 scrapes them where `--enable-feature=native-histograms` is set; both scrape one page, so that what was
sent, what was scraped here and what was imported can be held against what Prometheus itself has.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cramjam
import httpx
import pytest

from hannun.model.histogram import Buckets, HistogramSample, NativeHistogram
from hannun.model.labels import Labels
from hannun.testing.server import Server, free_port
from hannun.testing.waiting import until
from hannun.wire.native_histogram import encode as encode_histogram
from hannun.wire.protobuf import fields
from hannun.wire.protobuf_write import double, nested, packed_zigzag, text, varint, whole, zigzag
from hannun.wire.remote_write import PlainDecoder, encode

pytestmark = [
    pytest.mark.xdist_group("native-histograms"),
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is not installed"),
]
MEDIA = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
FLOATS = NativeHistogram(1, 5.25, 9.5, 0.25, 0.5, Buckets((-3, 4, 5), (1.5, 2.0, 0.25)), Buckets((1,), (1.0,)))
Found = dict[Labels, dict[int, NativeHistogram]]


def family(scrapes: int) -> bytes:
    """`latency`, with both signs, gaps, and more in it at each scrape."""
    counts = [scrapes, 3 * scrapes, 1]
    made = (
        whole(1, sum(counts) + 2 * scrapes + 4)
        + double(2, scrapes * 1.5)
        + whole(5, zigzag(3))
        + double(6, 0.001)
        + whole(7, 4)
        + nested(9, whole(1, zigzag(-2)) + whole(2, 1))
        + varint(10 << 3)
        + varint(zigzag(2 * scrapes))
        + nested(12, whole(1, zigzag(-7)) + whole(2, 2))
        + nested(12, whole(1, zigzag(12)) + whole(2, 1))
        + packed_zigzag(13, [counts[0], counts[1] - counts[0], counts[2] - counts[1]])
    )
    metric = nested(4, nested(1, text(1, "path") + text(2, "/x")) + nested(7, made))
    told = text(1, "latency") + text(2, "How long.") + whole(3, 4) + metric
    return varint(len(told)) + told


@dataclass
class Peer:
    """A Prometheus that scrapes the page and sends to `hannun`, which scrapes it too."""

    url: str
    folder: Path
    hannun: Server


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    scrapes = 0

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal scrapes
            scrapes += 1
            body = family(scrapes)
            self.send_response(200)
            self.send_header("Content-Type", MEDIA)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    folder = tmp_path_factory.mktemp("peer")
    pages = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    target = f"127.0.0.1:{pages.server_port}"
    own = folder / "own.yml"
    own.write_text(
        "scrape_configs:\n- {job_name: own, scrape_interval: 1s, scrape_native_histograms: true,\n"
        f"   static_configs: [{{targets: ['{target}']}}]}}\n"
    )
    flags = ("--no-self", "--prometheus-config", str(own))
    with Server(folder / "hannun", flags=flags) as hannun:
        port = free_port()
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs:\n- {{job_name: theirs, static_configs: [{{targets: ['{target}']}}]}}\n"
            f"remote_write:\n- {{url: '{hannun.url}/api/v1/write', send_native_histograms: true,\n"
            "   queue_config: {batch_send_deadline: 200ms}}\n"
        )
        command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.enable-admin-api"]
        command += ["--enable-feature=native-histograms", "--web.enable-remote-write-receiver"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, stdout=log, stderr=log
            )
        try:
            yield Peer(f"http://127.0.0.1:{port}", folder, hannun)
        finally:
            process.terminate()
            process.wait(20)
            pages.shutdown()


def read(url: str, metric: str, **labels: str) -> Found:
    """Native histograms by remote read, floats left out."""
    now_ms = int(time.time() * 1000)
    pairs = {"__name__": metric, **labels}
    matchers = b"".join(nested(3, text(2, name) + text(3, value)) for name, value in pairs.items())
    asked = nested(1, whole(1, now_ms - 3_600_000) + whole(2, now_ms + 60_000) + matchers)
    answer = httpx.post(f"{url}/api/v1/read", content=bytes(cramjam.snappy.compress_raw(asked)), timeout=10)
    assert answer.status_code == 200, answer.text
    body = bytes(cramjam.snappy.decompress_raw(answer.content))
    found: Found = {}
    for result in fields(body, 0, len(body)):
        columns = PlainDecoder().decode(body[result.start : result.end])
        labels_of = {int(one): columns.labels(at) for at, one in enumerate(columns.ids)}
        for sample in columns.histograms().samples:
            found.setdefault(labels_of[sample.series], {})[sample.ts_ms] = sample.histogram
    return found


Told = dict[int, tuple[float, float, tuple[tuple[float, float, float], ...]]]
"""By time in ms: count, sum, and (lower bound, upper bound, count) of each bucket. Bounds to ten digits."""


def theirs(peer: Peer, metric: str = "latency", least: int = 3) -> Told:
    """What Prometheus has, once it has some. Its remote read of 2.42 leaves histograms out, its API does not."""

    def look() -> Told:
        try:
            answer = httpx.get(f"{peer.url}/api/v1/query", params={"query": f"{metric}[1h]"}, timeout=5).json()
        except httpx.TransportError:
            return {}
        rows = [row for series in answer.get("data", {}).get("result", ()) for row in series.get("histograms", ())]
        found = {round(ts * 1000): _told_by_prometheus(one) for ts, one in rows}
        return found if len(found) >= least else {}

    return until(look, f"{least} histograms of {metric} in Prometheus")


def _told_by_prometheus(one: dict[str, Any]) -> tuple[float, float, tuple[tuple[float, float, float], ...]]:
    buckets = tuple((digits(float(low)), digits(float(high)), float(held)) for _, low, high, held in one["buckets"])
    return float(one["count"]), float(one["sum"]), buckets


def ours(held: dict[int, NativeHistogram]) -> Told:
    return {ts: (one.count, one.sum, tuple(_buckets(one))) for ts, one in held.items()}


def _buckets(one: NativeHistogram) -> Iterator[tuple[float, float, float]]:
    growth = 2 ** (2**-one.schema)
    for index, held in reversed(list(zip(one.negative.index, one.negative.count, strict=True))):
        yield digits(-(growth**index)), digits(-(growth ** (index - 1))), held
    if one.zero_count:
        yield -one.zero_threshold, one.zero_threshold, one.zero_count
    for index, held in zip(one.positive.index, one.positive.count, strict=True):
        yield digits(growth ** (index - 1)), digits(growth**index), held


def digits(number: float) -> float:
    return float(f"{number:.10g}")


def test_it_sends_us_what_it_scraped(peer: Peer) -> None:
    sent = theirs(peer)

    def arrived() -> bool:
        found = read(peer.hannun.url, "latency", job="theirs")
        return bool(found) and ours(next(iter(found.values()))).items() >= sent.items()

    until(arrived, "what Prometheus has is here")
    (labels,) = read(peer.hannun.url, "latency", job="theirs")
    assert {**labels.as_dict(), "instance": ""} == {
        "__name__": "latency",
        "instance": "",
        "job": "theirs",
        "path": "/x",
    }


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's promtool is not installed")
def test_promtool_prints_of_us_what_it_prints_of_prometheus(peer: Peer) -> None:
    when_ms = max(theirs(peer))
    told = []
    for url in (peer.url, peer.hannun.url):

        def asked(url: str = url) -> str:
            words = ["promtool", "query", "instant", f"--time={when_ms / 1000}", url, 'latency{job="theirs"}']
            done = subprocess.run(words, capture_output=True, text=True, timeout=10)
            assert done.returncode == 0, done.stderr
            return done.stdout.strip()

        told.append(until(asked, f"an answer of {url}"))
    assert told[0] == told[1]
    assert "latency{" in told[0]


def test_we_scrape_the_same_page(peer: Peer) -> None:
    def look() -> Found:
        return read(peer.hannun.url, "latency", job="own")

    (held,) = until(look, "a scrape of ours").values()
    one = next(iter(held.values()))
    scrapes = int(one.sum / 1.5)
    assert one.positive == Buckets((-7, -6, 7), (float(scrapes), 3.0 * scrapes, 1.0))
    assert one.negative == Buckets((-2,), (2.0 * scrapes,))
    assert (one.schema, one.zero_threshold, one.zero_count) == (3, 0.001, 4.0)


def send(peer: Peer, held: dict[int, NativeHistogram], metric: str = "floats") -> None:
    points = [HistogramSample(0, ts, one) for ts, one in held.items()]
    body = bytes(cramjam.snappy.compress_raw(encode([((("__name__", metric),), points)])))
    answer = httpx.post(f"{peer.url}/api/v1/write", content=body, timeout=10)
    assert answer.status_code in (200, 204), answer.text


def test_what_we_encode_it_takes_and_gives_back(peer: Peer) -> None:
    theirs(peer)
    now_ms = int(time.time() * 1000)
    sent = {now_ms - 2_000 + step * 1_000: FLOATS for step in range(3)}
    send(peer, sent, "sent")
    whole_one = NativeHistogram(0, 3.0, 1.0, 0.0, 0.0, Buckets((0, 1), (1.0, 2.0)))
    message = nested(4, encode_histogram(whole_one, now_ms, whole=True))
    series = nested(1, nested(1, text(1, "__name__") + text(2, "wholes")) + message)
    answer = httpx.post(f"{peer.url}/api/v1/write", content=bytes(cramjam.snappy.compress_raw(series)), timeout=10)
    assert answer.status_code in (200, 204), answer.text
    assert theirs(peer, "sent") == ours(sent)
    assert theirs(peer, "wholes", 1) == ours({now_ms: whole_one})


def test_its_blocks_and_its_log_are_brought_here(peer: Peer, tmp_path: Path) -> None:
    """A snapshot writes the head as a block; the log holds the same once more."""
    send(peer, {int(time.time() * 1000) - 1_500: FLOATS})
    answer = httpx.post(f"{peer.url}/api/v1/admin/tsdb/snapshot", timeout=20)
    block = peer.folder / "data" / "snapshots" / answer.json()["data"]["name"]
    shutil.copytree(peer.folder / "data" / "wal", tmp_path / "log" / "wal")
    held = {metric: theirs(peer, metric, 1) for metric in ("latency", "floats")}
    for folder in (block, tmp_path / "log"):
        with Server(tmp_path / f"import-{folder.name}", flags=("--no-self",)) as fresh:
            done = subprocess.run(
                [sys.executable, "-m", "hannun", "import", "prometheus", str(folder), "--url", fresh.url],
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert (done.returncode, done.stderr) == (0, "")
            for metric, expected in held.items():
                (found,) = read(fresh.url, metric).values()
                assert len(found) >= 1
                assert ours(found).items() <= expected.items()
