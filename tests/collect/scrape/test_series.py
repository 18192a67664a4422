"""The table of series against a plain model of Prometheus's rules, over pages as the decoder gives them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.collect.scrape.labels import LabelMaker
from hannun.collect.scrape.series import Reading, Round, SeriesTable
from hannun.config.prometheus.model import ScrapeConfig
from hannun.model.relabel import RelabelRule
from hannun.process.relabel import Relabeler
from hannun.wire.exposition_text import PageDecoder

BOUNDS = (1_000, 2_000_000)
TEXT = "text/plain; version=0.0.4"


class Reader:
    """A decoder and a table, as one target has them."""

    def __init__(self, reading: Reading | None = None, rules: Sequence[RelabelRule] = ()) -> None:
        self.reading = reading or Reading()
        self.maker = LabelMaker(ScrapeConfig("j", 1, 1), (), Relabeler(rules))
        self.decoder, self.table = PageDecoder(), SeriesTable()
        self.names: dict[int, str] = {}

    def read(self, page: str, ts_ms: int) -> Round:
        columns = self.decoder.decode(page.encode(), TEXT)
        made = self.table.learn(columns, self.maker)
        self.names.update((series, str(labels)) for series, labels in made.items())
        return self.table.read(columns, ts_ms, BOUNDS, self.reading, made)

    def rows(self, found: Round) -> list[tuple[str, int, float]]:
        series = [self.names[one] for one in found.series.tolist()]
        return list(zip(series, found.ts_ms.tolist(), found.value.tolist(), strict=True))

    def gone(self, found: Round) -> set[str]:
        return {self.names[one] for one in found.gone.tolist()}

    def live(self) -> set[str]:
        return {self.names[one] for one in self.table.live.tolist()}


def test_a_known_page_brings_no_new_labels() -> None:
    reader = Reader()
    first = reader.read("a 1\nb 2\n", 5_000)
    second = reader.read("a 3\nb 4\n", 6_000)
    assert (len(first.made), first.added, len(second.made), second.added) == (2, 2, 0, 0)
    assert reader.rows(second) == [("a", 6_000, 3.0), ("b", 6_000, 4.0)]


def test_what_is_not_told_any_more_is_gone_once() -> None:
    reader = Reader()
    reader.read("a 1\nb 2\n", 5_000)
    assert reader.gone(reader.read("a 1\n", 6_000)) == {"b"}
    assert reader.gone(reader.read("a 1\n", 7_000)) == set()
    assert reader.gone(reader.read("b 1\n", 8_000)) == {"a"}


def test_two_texts_of_one_series_are_one_series() -> None:
    reader = Reader()
    found = reader.read('a{x="1",y="2"} 1\na{y="2",x="1"} 1\n', 5_000)
    assert (len(found.series), found.scraped, found.duplicates) == (1, 2, 0)
    assert reader.gone(reader.read('a{y="2",x="1"} 1\n', 6_000)) == set(), "the other text still tells it"
    assert len(reader.read('a{x="1",y="2"} 2\na{y="2",x="1"} 3\n', 7_000).series) == 1
    assert len(reader.gone(reader.read("b 1\n", 8_000))) == 1


def test_of_repeats_the_first_counts_and_those_that_differ_are_counted() -> None:
    reader = Reader()
    found = reader.read("a 1\na 1\na 2\na NaN\n", 5_000)
    assert reader.rows(found) == [("a", 5_000, 1.0)]
    assert (found.scraped, found.kept, found.duplicates) == (4, 4, 2)


def test_a_time_of_its_own_is_kept_and_ends_without_a_marker() -> None:
    reader = Reader()
    found = reader.read("a 1 4000\na 2 4500\nb 1\n", 5_000)
    assert reader.rows(found) == [("a", 4_000, 1.0), ("a", 4_500, 2.0), ("b", 5_000, 1.0)]
    assert reader.gone(reader.read("c 1\n", 6_000)) == {"b"}


def test_track_timestamps_staleness_ends_them_too() -> None:
    reader = Reader(Reading(track_staleness=True))
    reader.read("a 1 4000\nb 1\n", 5_000)
    assert reader.gone(reader.read("c 1\n", 6_000)) == {"a", "b"}


def test_own_times_are_not_honored_when_the_job_says_so() -> None:
    reader = Reader(Reading(honor_timestamps=False))
    assert reader.rows(reader.read("a 1 4000\n", 5_000)) == [("a", 5_000, 1.0)]
    assert reader.gone(reader.read("c 1\n", 6_000)) == {"a"}


def test_times_out_of_bounds_are_left_out_and_counted() -> None:
    found = Reader().read("a 1 999\nb 1 2000001\nc 1 1000\nd 1\n", 5_000)
    assert (len(found.series), found.out_of_bounds, found.kept) == (2, 2, 4)


def test_dropped_series_stay_dropped() -> None:
    reader = Reader(rules=(RelabelRule(action="drop", source_labels=("__name__",), regex="a"),))
    for ts_ms in (5_000, 6_000):
        found = reader.read("a 1\nb 1\n", ts_ms)
        assert reader.rows(found) == [("b", ts_ms, 1.0)]
        assert (found.scraped, found.kept) == (2, 1)


def test_after_a_clear_what_the_next_page_lacks_still_ends() -> None:
    reader = Reader()
    reader.read("a 1\nb 1\n", 5_000)
    reader.decoder.forget()
    reader.table.clear()
    assert reader.live() == {"a", "b"}
    found = reader.read("b 1\nc 1\n", 6_000)
    assert reader.gone(found) == {"a"}
    assert reader.live() == {"b", "c"}


TEXTS = ("a", 'a{x="1"}', 'a{x="1",y="2"}', 'a{y="2",x="1"}', 'drop{n="1"}', "b", 'b{x="1"}', "c", 'c{z="3"}', "d")
SAMPLE = st.tuples(
    st.sampled_from(TEXTS), st.integers(0, 3), st.one_of(st.none(), st.sampled_from([500, 4_000, 9_000, 3_000_000]))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(SAMPLE, max_size=12), max_size=8), st.booleans(), st.booleans())
def test_the_table_does_what_a_plain_reading_does(
    pages: list[list[tuple[str, int, int | None]]], honor: bool, track: bool
) -> None:
    drop = RelabelRule(action="drop", source_labels=("__name__",), regex="drop")
    merge = RelabelRule(action="labeldrop", regex="z")
    reader = Reader(Reading(honor, track), (drop, merge))
    living: set[str] = set()
    for number, page in enumerate(pages):
        now_ms = 10_000 + number * 15_000
        lines = "".join(f"{text} {value}{'' if ts is None else f' {ts}'}\n" for text, value, ts in page)
        found = reader.read(lines, now_ms)
        expected: dict[tuple[str, int], float] = {}
        lives: set[str] = set()
        present: set[str] = set()
        for text, value, ts in page:
            if text.startswith("drop"):
                continue
            series = {'a{y="2",x="1"}': 'a{x="1", y="2"}', 'a{x="1",y="2"}': 'a{x="1", y="2"}', 'c{z="3"}': "c"}.get(
                text, text
            )
            own = ts is not None and honor
            at = ts if own and ts is not None else now_ms
            if not BOUNDS[0] <= at <= BOUNDS[1] and own:
                continue
            expected.setdefault((series, at), float(value))
            present.add(series)
            if not own or track:
                lives.add(series)
        got = {(series, at): value for series, at, value in reader.rows(found)}
        assert got == expected
        assert len(found.series) == len(expected)
        assert reader.gone(found) == living - present
        assert reader.live() == lives
        assert len(set(reader.table.live.tolist())) == len(reader.table.live)
        living = lives
    assert {reader.names[one] for one in reader.table.end().tolist()} == living
    assert reader.live() == set()
