"""Entries in a batch: times, limits, tenants, and text that UTF-8 cannot write."""

from __future__ import annotations

import pytest

from hannun.collect.tail.batch import Batch, LabelLimits, Stamps
from hannun.process.pipeline.entry import Entry
from hannun.wire.loki.plain import PlainDecoder


def lines(batch: Batch, **external: str) -> list[tuple[str, dict[str, str], int, str]]:
    """(tenant, labels, ns, line) of all that the batch writes."""
    body, tenants = batch.write(external)
    found = []
    at = 0
    for tenant, size in tenants:
        columns = PlainDecoder().decode(body[at : at + size])
        at += size
        row = 0
        for stream, count in enumerate(columns.counts.tolist()):
            for _ in range(count):
                labels = dict(columns.pairs_of(stream))
                found.append((tenant, labels, int(columns.ts_ns[row]), columns.line(row).decode()))
                row += 1
    return found


def test_times_rise_strictly_even_when_the_clock_does_not() -> None:
    stamps = Stamps(lambda: 100)
    assert [stamps.next() for _ in range(3)] == [100, 101, 102]


def test_a_line_that_came_twice_at_one_time_is_two_lines() -> None:
    batch = Batch()
    for _ in range(3):
        batch.add(Entry({"a": "b"}, 7, "same"), "file", timed=True)
    batch.add(Entry({"a": "b"}, 7, "same"), "another file", timed=True)
    batch.add(Entry({"a": "c"}, 7, "same"), "file", timed=True)
    assert sorted(ts for _, labels, ts, _ in lines(batch) if labels == {"a": "b"}) == [7, 7, 8, 9]


def test_tenants_are_bodies_of_their_own_and_hidden_labels_stay_here() -> None:
    batch = Batch()
    batch.add(Entry({"a": "b", "__path__": "/x", "empty": ""}, 1, "mine"))
    batch.add(Entry({"a": "b"}, 2, "theirs", tenant="them"))
    assert lines(batch, cluster="one", a="never") == [
        ("", {"a": "b", "cluster": "one"}, 1, "mine"),
        ("them", {"a": "b", "cluster": "one"}, 2, "theirs"),
    ]


@pytest.mark.parametrize("half", ["\ud800", "a\udfffb"])
def test_halves_of_characters_harm_nobody(half: str) -> None:
    batch = Batch()
    batch.add(Entry({"filename": half, half: "x"}, 1, "line", metadata={half: half}, tenant=half))
    ((tenant, labels, _, line),) = lines(batch)
    assert line == "line"
    assert "?" in labels["filename"]
    assert "?" in tenant


def test_limits() -> None:
    dropped: dict[str, int] = {}
    batch = Batch(
        LabelLimits(name_length=3, value_length=4, streams_max=1, line_max=5),
        lambda reason, count: dropped.update({reason: dropped.get(reason, 0) + count}),
    )
    batch.add(Entry({"longname": "longvalue"}, 1, "short"))
    batch.add(Entry({"longname": "longvalue"}, 1, "too long"))
    batch.add(Entry({"other": "x"}, 1, "short"))
    assert [(labels, line) for _, labels, _, line in lines(batch)] == [({"lon": "long"}, "short")]
    assert dropped == {"line_too_long": 1, "stream_limited": 1}


def test_a_batch_that_was_written_begins_anew() -> None:
    batch = Batch()
    batch.add(Entry({"a": "b"}, 1, "x"))
    assert batch
    batch.clear()
    assert not batch
    assert batch.write()[0] == b""
