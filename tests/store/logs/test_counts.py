"""The roll-up and the volumes made of it count exactly what the lines are."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matcher, MatchOp
from hannun.testing import log_mix

NOW_NS = 1_800_000_000 * 10**9
DAY_NS, HOUR_NS = 86_400 * 10**9, 3_600 * 10**9
EVER = (0, 2 * NOW_NS)
A = Labels.of(app="a", host="h1", level="info")
B = Labels.of(app="b", host="h1")
C = Labels.of(app="c", __name__="odd", quote='"\\')
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def test_the_roll_up_counts_what_the_lines_are(bench: Any) -> None:
    """Left-open buckets of 15 s per stream and severity, before and after merges and a restart."""
    mix = log_mix.lines(3, 30_000, gap_ns=40_000_000)
    bench.run(bench.store.write(mix.batch()))
    at_edges = mix.ts_ns // (15 * 10**9) * (15 * 10**9)
    bench.run(bench.store.write(bench.replace(mix.batch(introduce=False), ts_ns=at_edges)))
    raw = (
        "SELECT stream, severity, toUInt32(ceil(toUnixTimestamp64Nano(ts) / 15e9)) - 1 AS bucket,\n"
        "  count() AS lines, sum(length(body)) AS bytes FROM logs GROUP BY stream, severity, bucket ORDER BY ALL"
    )
    rolled = "SELECT stream, severity, bucket, lines, bytes FROM log_counts ORDER BY ALL"
    expected = bench.ask(raw)
    assert len(expected) > 1000
    assert bench.ask(rolled) == expected
    plan = "\n".join(row[0] for row in bench.engine.query_rows("EXPLAIN " + rolled))
    assert "ReadFromMergeTree (counts)" in plan
    bench.merge()
    assert bench.ask(rolled) == expected
    by_hour = "SELECT sum(lines) AS n FROM log_counts WHERE hour >= toDateTime({a:UInt32}, 'UTC')"
    assert bench.ask(by_hour, a=0) == [{"n": 2 * len(mix)}]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(0, 2 * NOW_NS, id="everything"),
        pytest.param(log_mix.START_NS + 7 * 10**9 + 3, log_mix.START_NS + 95 * 10**9 + 1, id="odd edges"),
        pytest.param(log_mix.START_NS + 15 * 10**9, log_mix.START_NS + 45 * 10**9, id="edges of buckets"),
        pytest.param(log_mix.START_NS + 10**9, log_mix.START_NS + 2 * 10**9, id="within a bucket"),
        pytest.param(log_mix.START_NS + 14 * 10**9, log_mix.START_NS + 15 * 10**9 + 1, id="a line on the edge"),
        pytest.param(5, 5, id="nothing"),
    ],
)
def test_volumes_are_exact(bench: Any, start: int, end: int) -> None:
    mix = log_mix.lines(3, 4_000, gap_ns=30_000_000)
    bench.run(bench.store.write(mix.batch()))
    edges = bench.replace(mix.batch(introduce=False), ts_ns=mix.ts_ns // (15 * 10**9) * (15 * 10**9))
    bench.run(bench.store.write(edges))
    expected: dict[Labels, list[int]] = {}
    for times in (mix.ts_ns, edges.ts_ns):
        for (labels, _, text), ts in zip(mix.lines(), times.tolist(), strict=True):
            if start <= ts < end and labels.get("app") != "gateway":
                of_stream = expected.setdefault(labels, [0, 0])
                of_stream[0] += 1
                of_stream[1] += len(text.encode())
    found = bench.store.volumes((Matcher("app", MatchOp.NOT_EQUAL, "gateway"),), start, end, Budget())
    assert {one.stream.labels: [one.lines, one.bytes] for one in found} == expected
