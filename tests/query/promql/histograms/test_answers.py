"""Histograms in answers: their JSON in all shapes, limits, order, and what questions without them cost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, HistogramSeries, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers
from hannun.query.promql import Answer, PromEngine
from hannun.query.promql.histograms.text import shown
from hannun.query.promql.render import data_json
from hannun.testing.memory_reader import MemoryReader

EVERY_EDGE = NativeHistogram(
    0, 11.0, -1.5, 0.25, 2.0, Buckets((1, 3), (1.0, 2.0)), Buckets((1, 2), (4.0, 2.0)), reset_hint="gauge"
)
AS_JSON = {
    "count": "11",
    "sum": "-1.5",
    "buckets": [
        [1, "-4", "-2", "2"],
        [1, "-2", "-1", "4"],
        [3, "-0.25", "0.25", "2"],
        [0, "1", "2", "1"],
        [0, "4", "8", "2"],
    ],
}
CUSTOM = NativeHistogram(CUSTOM_SCHEMA, 3.0, 4.5, positive=Buckets((0, 2), (1.0, 2.0)), custom_values=(0.1, 1.0))
CUSTOM_JSON = {"count": "3", "sum": "4.5", "buckets": [[3, "-Inf", "0.1", "1"], [0, "1", "+Inf", "2"]]}
EMPTY_JSON = {"count": "0", "sum": "0"}


def _labels(name: str, **more: str) -> Labels:
    return Labels.of({"__name__": name, **more})


@pytest.fixture
def reader() -> MemoryReader:
    reader = MemoryReader()
    reader.add_histograms(_labels("h", n="1"), [(0, EVERY_EDGE), (60_000, CUSTOM)])
    reader.add_histograms(_labels("h", n="2"), [(0, NativeHistogram(0, 0.0, 0.0))])
    reader.add(_labels("h", n="1"), [(120_000, 7.0)])
    reader.add(_labels("f"), [(0, 1.0), (60_000, 2.0)])
    return reader


def _json(answer: Answer) -> Any:
    return json.loads(data_json(answer))


def test_an_instant_vector_holds_a_value_or_a_histogram(reader: MemoryReader) -> None:
    found = _json(PromEngine(reader).instant('{__name__=~"h|f"}', 1_500, Budget()))
    assert found == {
        "resultType": "vector",
        "result": [
            {"metric": {"__name__": "f"}, "value": [1.5, "1"]},
            {"metric": {"__name__": "h", "n": "1"}, "histogram": [1.5, AS_JSON]},
            {"metric": {"__name__": "h", "n": "2"}, "histogram": [1.5, EMPTY_JSON]},
        ],
    }


def test_a_matrix_holds_values_and_histograms_side_by_side(reader: MemoryReader) -> None:
    found = _json(PromEngine(reader).range('h{n="1"}', 0, 120_000, 60_000, Budget()))
    assert found == {
        "resultType": "matrix",
        "result": [
            {
                "metric": {"__name__": "h", "n": "1"},
                "values": [[120, "7"]],
                "histograms": [[0, AS_JSON], [60, CUSTOM_JSON]],
            }
        ],
    }


def test_a_range_vector_holds_the_samples_themselves(reader: MemoryReader) -> None:
    found = _json(PromEngine(reader).instant('{__name__=~"h|f"}[3m]', 120_000, Budget()))
    assert found["result"] == [
        {"metric": {"__name__": "f"}, "values": [[0, "1"], [60, "2"]]},
        {
            "metric": {"__name__": "h", "n": "1"},
            "values": [[120, "7"]],
            "histograms": [[0, AS_JSON], [60, CUSTOM_JSON]],
        },
        {"metric": {"__name__": "h", "n": "2"}, "histograms": [[0, EMPTY_JSON]]},
    ]


def test_a_limit_counts_series_of_either_kind(reader: MemoryReader) -> None:
    engine = PromEngine(reader)
    found = _json(engine.instant('{__name__=~"h|f"}', 0, Budget(), limit=2))
    assert [row["metric"]["__name__"] for row in found["result"]] == ["f", "h"]
    raw = _json(engine.instant('{__name__=~"h|f"}[3m]', 120_000, Budget(), limit=1))
    assert [row["metric"]["__name__"] for row in raw["result"]] == ["f"]


def test_a_histogram_as_a_label_value() -> None:
    assert shown(EVERY_EDGE) == "{count:11, sum:-1.5, [-4,-2):2, [-2,-1):4, [-0.25,0.25]:2, (1,2]:1, (4,8]:2}"
    assert shown(CUSTOM) == "{count:3, sum:4.5, [-Inf,0.1]:1, (1,+Inf]:2}"


class Counting(MemoryReader):
    """Counts the questions for histograms."""

    asked = 0

    def histograms(self, matchers: Matchers, start_ms: int, end_ms: int, budget: Budget) -> tuple[HistogramSeries, ...]:
        self.asked += 1
        return super().histograms(matchers, start_ms, end_ms, budget)


def test_equal_selectors_share_one_read_of_histograms() -> None:
    reader = Counting()
    reader.add_histograms(_labels("h"), [(0, EVERY_EDGE), (30_000, EVERY_EDGE)])
    PromEngine(reader).range("h + h + rate(h[1m]) + rate(h[1m])", 0, 60_000, 1_000, Budget())
    assert reader.asked == 1


def test_more_histograms_than_a_question_may_hold_are_refused() -> None:
    reader = MemoryReader()
    reader.add_histograms(_labels("h"), [(ts, EVERY_EDGE) for ts in range(0, 100_000, 100)])
    engine = PromEngine(reader)
    with pytest.raises(ExecutionError, match="too many samples"):
        engine.instant("rate(h[2m])", 100_000, Budget(samples_max=10_000))
    with pytest.raises(ExecutionError, match="too many samples"):
        engine.range("h * 2", 0, 100_000, 100, Budget(samples_max=100_000))


def test_floats_do_not_load_what_computes_with_histograms() -> None:
    code = (
        "import sys\n"
        "from hannun.model.budget import Budget\n"
        "from hannun.model.labels import Labels\n"
        "from hannun.query.promql import PromEngine\n"
        "from hannun.testing.memory_reader import MemoryReader\n"
        "reader = MemoryReader()\n"
        "reader.add(Labels.of({'__name__': 'a'}), [(0, 1.0), (60_000, 2.0)])\n"
        "PromEngine(reader).range('topk(1, sum(rate(a[2m])) + max(a))', 0, 60_000, 60_000, Budget())\n"
        "assert not [name for name in sys.modules if name.startswith('hannun.query.promql.histograms')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
