"""`hannun import` brings what promtool and Prometheus have into a real server, as often as one likes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cramjam
import httpx
import pytest

from hannun.testing.server import Server, free_port
from hannun.wire.remote_write import Sample, encode

pytestmark = pytest.mark.xdist_group("cli-import")
STEP_S = 15
POINTS = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("import") / "data", flags=("--no-self",)) as started:
        yield started


@pytest.fixture(scope="module")
def end_s() -> int:
    return int(time.time()) // STEP_S * STEP_S - 7200


def file_of(metric: str, end_s: int) -> str:
    lines = [f"# HELP {metric} Temperature.", f"# TYPE {metric} gauge"]
    for city in ("서울", "b"):
        lines += [
            f'{metric}{{city="{city}"}} {at * 0.5} {end_s - (POINTS - 1 - at) * STEP_S}.123' for at in range(POINTS)
        ]
    return "\n".join([*lines, "# EOF\n"])


def ask(server: Server, expr: str, at_s: float) -> dict[str, float]:
    answer = httpx.get(f"{server.url}/api/v1/query", params={"query": expr, "time": str(at_s)}).json()
    return {row["metric"].get("city", ""): float(row["value"][1]) for row in answer["data"]["result"]}


def test_an_openmetrics_file_twice(server: Server, cli: Any, tmp_path: Path, end_s: int) -> None:
    (tmp_path / "in.om").write_text(file_of("om_temp", end_s), encoding="utf-8")
    for _ in range(2):
        result = cli("import", "openmetrics", "in.om", "--url", server.url)
        assert (result.code, result.out, result.err) == (0, f"{2 * POINTS} samples are stored\n", "")
    counted = ask(server, "count_over_time(om_temp[2d])", end_s + 1)
    assert counted == {"서울": POINTS, "b": POINTS}
    assert ask(server, "om_temp", end_s + 1) == {"서울": (POINTS - 1) * 0.5, "b": (POINTS - 1) * 0.5}
    metadata = httpx.get(f"{server.url}/api/v1/metadata", params={"metric": "om_temp"}).json()["data"]
    assert metadata == {"om_temp": [{"type": "gauge", "help": "Temperature.", "unit": ""}]}


def test_from_a_pipe(server: Server, tmp_path: Path, end_s: int, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.om").write_text(file_of("piped", end_s), encoding="utf-8")
    with (tmp_path / "in.om").open("rb") as file:
        monkeypatch.setattr("hannun.cli.import_.sys", type("Sys", (), {"stdin": type("In", (), {"buffer": file})}))
        result = cli("import", "openmetrics", "-", "--url", server.url, LANG="ko_KR.UTF-8")
    assert (result.code, result.out) == (0, f"값 {2 * POINTS}개를 저장했습니다\n")
    assert ask(server, "count_over_time(piped[2d])", end_s + 1) == {"서울": POINTS, "b": POINTS}


def test_times_that_the_server_does_not_keep_are_counted(server: Server, cli: Any, tmp_path: Path, end_s: int) -> None:
    (tmp_path / "in.om").write_text(f"old 1 1000\nold 2 {end_s}\n# EOF\n", encoding="utf-8")
    result = cli("import", "openmetrics", "in.om", "--url", server.url)
    assert (result.code, result.out) == (0, "1 samples are stored\n")
    assert "raise --retention" in result.err
    assert "1 samples were left out" in result.err
    assert ask(server, "old", end_s) == {"": 2.0}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("openmetrics", "nowhere.om"), 1, "nowhere.om: No such file", id="no file"),
        pytest.param(("openmetrics", "bad.om"), 1, "expected timestamp for series bad, got none", id="no time"),
        pytest.param(("openmetrics", "cut.om"), 1, "does not end with # EOF", id="cut off"),
        pytest.param(("prometheus", "empty"), 1, "holds no blocks and no wal", id="no blocks"),
        pytest.param(("prometheus", "broken"), 1, "no index of a Prometheus block", id="no index"),
        pytest.param(("prometheus", "nowhere"), 1, "holds no blocks", id="no directory"),
    ],
)
def test_what_cannot_be_read(server: Server, cli: Any, tmp_path: Path, words: tuple[str, ...], code: int, said: str):
    (tmp_path / "bad.om").write_text("bad 1\n# EOF\n")
    (tmp_path / "cut.om").write_text(f"cut 1 {time.time() - 60:.0f}\n")
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken" / "01ABC"
    (broken / "chunks").mkdir(parents=True)
    (broken / "index").write_bytes(b"rubbish")
    (broken / "meta.json").write_text('{"minTime": 0}')
    result = cli("import", *words, "--url", server.url)
    assert (result.code, len(result.err.splitlines())) == (code, 1)
    assert said in result.err


def test_no_server(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hannun.cli.remote_writer.TRIES", 2)
    (tmp_path / "in.om").write_text("a 1 1\n# EOF\n")
    result = cli("import", "openmetrics", "in.om", "--url", f"http://127.0.0.1:{free_port()}")
    assert (result.code, "does not answer" in result.err) == (1, True)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's promtool (prometheus) is not installed")
def test_blocks_of_promtool(server: Server, cli: Any, tmp_path: Path, end_s: int) -> None:
    (tmp_path / "in.om").write_text(file_of("block_temp", end_s), encoding="utf-8")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "in.om", "out"], check=True, capture_output=True
    )
    for _ in range(2):
        result = cli("import", "prometheus", "out", "--url", server.url)
        assert (result.code, result.out, result.err) == (0, f"{2 * POINTS} samples are stored\n", "")
    assert ask(server, "count_over_time(block_temp[2d])", end_s + 1) == {"서울": POINTS, "b": POINTS}
    assert ask(server, "sum_over_time(block_temp[2d])", end_s + 1)["b"] == sum(range(POINTS)) * 0.5
    one = next(path for path in (tmp_path / "out").iterdir())
    assert cli("import", "prometheus", str(one), "--url", server.url).code == 0


@contextmanager
def prometheus(folder: Path, *flags: str) -> Iterator[str]:
    """Debian's Prometheus over `folder`/data; its URL."""
    port = free_port()
    (folder / "prometheus.yml").write_text("global: {}\n")
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", *flags]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}"], cwd=folder, stdout=log, stderr=log
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/-/ready")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is not installed")
def test_what_was_deleted_in_a_block_stays_deleted(server: Server, cli: Any, tmp_path: Path, end_s: int) -> None:
    (tmp_path / "in.om").write_text(file_of("gone_temp", end_s), encoding="utf-8")
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "in.om", "data"], check=True, capture_output=True
    )
    with prometheus(tmp_path, "--web.enable-admin-api") as url:
        chosen = {"match[]": 'gone_temp{city="b"}', "start": str(end_s - 99 * STEP_S), "end": str(end_s + 1)}
        assert httpx.post(f"{url}/api/v1/admin/tsdb/delete_series", params=chosen).status_code == 204
    assert cli("import", "prometheus", "data", "--url", server.url).code == 0
    assert ask(server, "count_over_time(gone_temp[2d])", end_s + 1) == {"서울": POINTS, "b": POINTS - 100}


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's prometheus is not installed")
@pytest.mark.parametrize("compression", [True, False], ids=["compressed log", "plain log"])
def test_the_head_of_a_real_prometheus(server: Server, cli: Any, tmp_path: Path, end_s: int, compression: bool) -> None:
    """Samples that only its write-ahead log has."""
    metric = f"head_{'packed' if compression else 'plain'}"
    now_s = int(time.time()) // STEP_S * STEP_S
    packing = f"--{'' if compression else 'no-'}storage.tsdb.wal-compression"
    with prometheus(tmp_path, "--web.enable-remote-write-receiver", packing) as url:
        for at in range(20):
            when = (now_s - (19 - at) * STEP_S) * 1000
            series = [((("__name__", metric), ("city", city)), [Sample(when, at * 0.5)]) for city in ("서울", "b")]
            body = bytes(cramjam.snappy.compress_raw(encode(series)))
            assert httpx.post(f"{url}/api/v1/write", content=body).status_code in (200, 204)
    result = cli("import", "prometheus", "data", "--url", server.url)
    assert (result.code, result.err) == (0, "")
    assert ask(server, f"count_over_time({metric}[1h])", now_s + 1) == {"서울": 20, "b": 20}
    assert ask(server, metric, now_s + 1) == {"서울": 9.5, "b": 9.5}


def wait_for(url: str) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")
