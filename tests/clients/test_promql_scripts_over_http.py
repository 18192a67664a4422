"""promqltest scripts from outside: loaded by remote write from 1970 on, asked over HTTP, cleared by the admin API.

This is how somebody else would judge a server that claims to speak PromQL, so it must hold without waiting: what a
204 acknowledged is in the next answer, and what a 204 deleted is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cramjam
import httpx
import numpy as np
import pytest

from hannun.model.errors import ExecutionError, HannunError
from hannun.model.histogram import HistogramSample
from hannun.model.labels import Labels
from hannun.query.promql import Answer
from hannun.query.promql.answer import RawSamples
from hannun.query.promql.cells import Cells
from hannun.query.promql.grid import Run
from hannun.testing.promql_histogram import Shown
from hannun.testing.promql_play import Engine, Report, judge
from hannun.testing.promql_script import Clear, Eval, Load, parse_script
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS
from hannun.wire.remote_write import Sample, encode
from hannun.wire.remote_write.encode import Pairs, Point

pytestmark = pytest.mark.xdist_group("clients-scripts")

OWN = sorted((Path(__file__).parents[1] / "query" / "scripts").glob("*.test"))
UPSTREAM = sorted((Path(__file__).parents[2].parent / "shared" / "acceptance" / "promqltest").glob("*.test"))
QUICK = {
    "regressions",
    "functions",
    "native_rates",
    "literals",
    "selectors",
    "subquery",
    "at_modifier",
    "trig_functions",
}
"""What every run plays over HTTP; every run plays all of them over the store or in memory."""
EVERYTHING = '{__name__=~".+"}'


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    flags = ("--no-self", "--retention", "0", "--enable-admin-api")
    data = tmp_path_factory.mktemp("scripts") / "data"
    with Server(data, flags=flags) as server, httpx.Client(base_url=server.url, timeout=30) as asking:
        yield asking


class Play:
    """One script against one server."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def run(self, text: str) -> Report:
        report = Report()
        engine = Engine(self.instant, self.range)
        self.clear()
        for command in parse_script(text):
            match command:
                case Clear():
                    self.clear()
                case Load():
                    self.load(command)
                case Eval():
                    report.add(judge(command, engine))
        return report

    def clear(self) -> None:
        answer = self._client.post("/api/v1/admin/tsdb/delete_series", params={"match[]": EVERYTHING})
        assert answer.status_code == 204, answer.text

    def load(self, command: Load) -> None:
        series: list[tuple[Pairs, list[Point]]] = [
            (labels.pairs, [Sample(k * command.step_ms, value) for k, value in enumerate(values) if value is not None])
            for labels, values in command.series
        ]
        series += [
            (
                labels.pairs,
                [HistogramSample(0, k * command.step_ms, value) for k, value in enumerate(values) if value is not None],
            )
            for labels, values in command.histograms
        ]
        # A series without a single sample is no series.
        body = encode((pairs, samples) for pairs, samples in series if samples)
        content = bytes(cramjam.snappy.compress_raw(body))
        answer = self._client.post("/api/v1/write", content=content, headers=HEADERS)
        assert answer.status_code == 204, answer.text

    def instant(self, expr: str, at_ms: int) -> Answer:
        answer = self._client.post("/api/v1/query", data={"query": expr, "time": f"{at_ms / 1000:.3f}"})
        return _answer_of(answer, at_ms, at_ms, 1)

    def range(self, expr: str, start_ms: int, end_ms: int, step_ms: int) -> Answer:
        asked = {"start": f"{start_ms / 1000:.3f}", "end": f"{end_ms / 1000:.3f}", "step": f"{step_ms / 1000:.3f}"}
        answer = self._client.post("/api/v1/query_range", data={"query": expr, **asked})
        return _answer_of(answer, start_ms, end_ms, step_ms)


def _answer_of(answer: httpx.Response, start_ms: int, end_ms: int, step_ms: int) -> Answer:
    """The engine's own `Answer` out of its JSON, so that one judge reads both."""
    body = answer.json()
    if answer.status_code != 200:
        assert answer.status_code in (400, 422), f"{answer.status_code}: {answer.text[:300]}"
        assert (body["status"], body["errorType"]) == ("error", {400: "bad_data", 422: "execution"}[answer.status_code])
        raise _error(body["error"])
    kind, result = body["data"]["resultType"], body["data"]["result"]
    notes = {"warnings": tuple(body.get("warnings", ())), "infos": tuple(body.get("infos", ()))}
    if kind == "string":
        return Answer("string", text=result[1], **notes)
    if kind == "scalar":
        result = [{"metric": {}, "value": result}]
    labels = tuple(Labels.of(row["metric"]) for row in result)
    points = [_points(row, "value") for row in result]
    shaped = [_points(row, "histogram") for row in result]
    if kind == "matrix" and start_ms == end_ms:
        return Answer("matrix", labels, raw=_raw(points, shaped), **notes)
    steps = (end_ms - start_ms) // step_ms + 1

    def step_of(at: float) -> int:
        step, rest = divmod(round(at * 1000) - start_ms, step_ms)
        assert rest == 0, f"{at} is no step of {start_ms}…{end_ms}/{step_ms}"
        return step

    values, present = np.zeros((len(labels), steps)), np.zeros((len(labels), steps), dtype=np.bool_)
    cells = Cells.empty(len(labels), steps)
    for row, (floats, histograms) in enumerate(zip(points, shaped, strict=True)):
        for at, text in floats:
            values[row, step_of(at)], present[row, step_of(at)] = float(text), True
        for at, told in histograms:
            cells.put(row, step_of(at), Shown.read(told))
    return Answer(kind, labels, start_ms, step_ms, steps, values, present, histograms=cells.some(), **notes)


def _points(row: dict[str, Any], kind: str) -> list[Any]:
    """Times and what was there, whether one was told or several."""
    return row[f"{kind}s"] if f"{kind}s" in row else [row[kind]] if kind in row else []


def _raw(points: list[list[Any]], shaped: list[list[Any]]) -> RawSamples:
    offsets = np.cumsum([0, *map(len, points)])
    flat = [pair for pairs in points for pair in pairs]
    return RawSamples(
        offsets,
        np.array([round(at * 1000) for at, _ in flat], np.int64),
        np.array([float(text) for _, text in flat], np.float64),
        {
            row: Run(np.array([round(at * 1000) for at, _ in told]), tuple(Shown.read(one) for _, one in told))
            for row, told in enumerate(shaped)
            if told
        },
    )


def _error(words: str) -> HannunError:
    return ExecutionError(words.removeprefix('invalid parameter "query": '))


def _why(report: Report) -> list[str]:
    return [f"line {found.eval.line}: {found.eval.expr}: {found.why}" for found in report.failed]


def scripts(files: list[Path]) -> list[Any]:
    return [pytest.param(file, marks=() if file.stem in QUICK else pytest.mark.long) for file in files]


@pytest.mark.parametrize("script", scripts(OWN), ids=lambda script: script.stem)
def test_own_script_holds_over_http(script: Path, client: httpx.Client) -> None:
    report = Play(client).run(script.read_text(encoding="utf-8"))
    assert _why(report) == []
    assert report.not_yet == []
    assert report.passed


@pytest.mark.skipif(not UPSTREAM, reason="the folder of upstream scripts is not beside the checkout")
@pytest.mark.parametrize("script", scripts(UPSTREAM), ids=lambda script: script.name)
def test_upstream_script_holds_over_http(script: Path, client: httpx.Client) -> None:
    report = Play(client).run(script.read_text(encoding="utf-8"))
    assert _why(report) == []
    assert report.passed
