"""What the page of an issue shows beside its row: bars, tags, events, similar issues, completions."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, NotFound

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def test_bars_count_events_by_the_hour_and_the_day(bench: Any) -> None:
    now = bench.clock.ms
    for hours in (0, 0, 1, 5, 30):
        bench.send("a", at_ms=now - hours * HOUR_MS + 1)
    bench.send("b", at_ms=now + 1)
    a, b = bench.of("a").id, bench.of("b").id
    bars = bench.store.bars([a, b, 99], now - 5 * HOUR_MS, now + HOUR_MS, HOUR_MS, Budget())
    assert bars == {a: [1, 0, 0, 0, 1, 2], b: [0, 0, 0, 0, 0, 1], 99: [0] * 6}
    days = bench.store.bars([a], now - 2 * DAY_MS, now + DAY_MS, DAY_MS, Budget())[a]
    assert sum(days) == 5
    bench.engine.execute("OPTIMIZE TABLE events__local FINAL")
    assert bench.store.bars([a, b, 99], now - 5 * HOUR_MS, now + HOUR_MS, HOUR_MS, Budget()) == bars
    merged = bench.store.merge([a, b], "kim")
    assert bench.store.bars([merged.id], now, now + 1, HOUR_MS, Budget())[merged.id] == [3]
    for step in (60_000, HOUR_MS + 1):
        with pytest.raises(BadQuery):
            bench.store.bars([a], now, now, step, Budget())


def test_merged_parts_answer_from_their_roll_up(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine takes a roll-up only for a question of exactly its words: each of ours must be one."""
    for days in (0, 0, 3, 3):
        at_ms = bench.clock.ms - days * DAY_MS
        bench.put(*[bench.event("a", user=f"u{number}", environment="dev", at_ms=at_ms) for number in range(1_100)])
    bench.engine.execute("OPTIMIZE TABLE events__local FINAL")
    asked: list[str] = []
    rows, arrow = bench.engine.query_rows, bench.engine.query_arrow

    def explained(sql: str, params: Any, budget: Any) -> None:
        plan = rows("EXPLAIN projections = 1\n" + sql, params)
        assert any("ReadFromMergeTree (hours)" in line[0] for line in plan), sql
        asked.append(sql)

    def query_rows(sql: str, params: Any = None, budget: Any = None) -> Any:
        if "toStartOfHour" in sql or "uniqCombined" in sql:
            explained(sql, params, budget)
        return rows(sql, params, budget)

    def query_arrow(sql: str, params: Any = None, budget: Any = None) -> Any:
        explained(sql, params, budget)
        return arrow(sql, params, budget)

    monkeypatch.setattr(bench.engine, "query_rows", query_rows)
    monkeypatch.setattr(bench.engine, "query_arrow", query_arrow)
    issue, now = bench.of("a").id, bench.clock.ms
    bench.store.bars([issue], now - DAY_MS, now + 1, HOUR_MS, Budget())
    for sort in ("freq", "user", "trends"):
        bench.list(sort=sort, start_ms=now - DAY_MS, environments=("dev",))
    bench.list(environments=("dev",))
    bench.list(end_ms=now)
    bench.store.tags(issue, Budget())
    bench.send("a", user="one")
    bench.store.sweep()
    assert len(asked) >= 9


def test_tags_are_shares_of_the_newest_events(bench: Any) -> None:
    now = bench.clock.ms
    for number, browser in enumerate(["Chrome", "Chrome", "Firefox"]):
        tags = {"browser": browser, "number": str(number), **({"rare": "yes"} if number == 0 else {})}
        bench.send("a", at_ms=now - number, tags=tags)
    shares = bench.store.tags(bench.of("a").id, Budget(), values=2)
    assert [(share.key, share.events, share.of_events, len(share.values)) for share in shares] == [
        ("browser", 3, 3, 2),
        ("number", 3, 3, 2),
        ("rare", 1, 3, 1),
    ]
    (chrome, firefox) = shares[0].values
    assert (chrome.value, chrome.events, chrome.first_seen_ms, chrome.last_seen_ms) == ("Chrome", 2, now - 1, now)
    assert firefox.value == "Firefox"


def test_events_page_by_time(bench: Any) -> None:
    now = bench.clock.ms
    events = [bench.event("a", at_ms=now - number * 1000, tags={"n": str(number)}) for number in range(5)]
    bench.put(*events)
    issue = bench.of("a").id
    page = bench.store.events(issue, Budget(), limit=2)
    assert [event.id for event in page] == [events[0].id, events[1].id]
    assert page[0].tags == {"n": "0"}
    rest = bench.store.events(issue, Budget(), before_ms=page[-1].ts_ms)
    assert [event.id for event in rest] == [event.id for event in events[2:]]


def test_events_of_one_moment_are_neighbours_once(bench: Any) -> None:
    events = [bench.event("a", at_ms=bench.clock.ms) for _ in range(4)]
    bench.put(*events)
    issue, walked = bench.of("a").id, []
    event = bench.store.event(issue, "oldest", Budget())
    while True:
        walked.append(event.id)
        if not event.next_id:
            break
        event = bench.store.event(issue, event.next_id, Budget())
    assert sorted(walked) == sorted(one.id for one in events)
    assert bench.store.event(issue, "latest", Budget()).id == walked[-1]


def test_events_of_an_environment(bench: Any) -> None:
    bench.send("a", environment="dev", at_ms=bench.clock.ms - 1)
    bench.send("a", environment="prod")
    issue = bench.of("a").id
    assert bench.store.event(issue, "latest", Budget(), environments=("dev",)).id == f"{1:032x}"
    with pytest.raises(NotFound):
        bench.store.event(issue, "latest", Budget(), environments=("nowhere",))


def test_an_event_is_found_by_its_id_alone(bench: Any) -> None:
    event = bench.event("a")
    bench.put(event)
    dashed = f"{event.id[:8]}-{event.id[8:12]}-{event.id[12:16]}-{event.id[16:20]}-{event.id[20:]}".upper()
    assert bench.store.find_event(None, dashed, Budget()).issue == bench.of("a").id
    assert bench.store.find_event(1, event.id, Budget()).project == 1
    for project, id_ in ((2, event.id), (None, "f" * 32), (None, "'"), (None, "")):
        with pytest.raises(NotFound):
            bench.store.find_event(project, id_, Budget())


def test_similar_issues_share_type_place_and_words(bench: Any) -> None:
    bench.send("a", error_value="cannot reach the payment server at 10.0.0.1", culprit="pay", filename="pay.py")
    bench.send("b", error_value="cannot reach the payment server at 10.0.0.2", culprit="pay", filename="pay.py")
    bench.send("c", error_value="no such user", culprit="login", filename="login.py", error_type="KeyError")
    assert [one.id for one in bench.store.similar(bench.of("a").id, Budget())] == [bench.of("b").id]


def test_completions_are_the_commonest(bench: Any) -> None:
    bench.send("a", "a", tags={"browser": "Chrome", "100%": "x"}, environment="prod", release="app@1.0")
    bench.send("b", tags={"browser": "Chromium"}, project=1, environment="preview")
    assert bench.store.tag_keys((1,), Budget()) == ["browser", "100%"]
    assert bench.store.tag_keys((2,), Budget()) == []
    assert bench.store.tag_values((), "browser", "chr", Budget()) == ["Chrome", "Chromium"]
    assert bench.store.tag_values((1,), "environment", "pr", Budget()) == ["prod", "preview"]
    assert bench.store.tag_values((1,), "release", "app@", Budget()) == ["app@1.0"]
    assert bench.store.tag_values((1,), "browser", "%", Budget()) == []
    assert bench.store.tag_values((1,), "level", "e", Budget()) == ["error"]


def test_issues_go_when_retention_has_dropped_their_events(bench: Any) -> None:
    bench.send("old", at_ms=bench.clock.ms - 89 * DAY_MS)
    bench.send("young")
    old = bench.of("old").id
    bench.clock.advance(48)
    bench.store.partitions_dropped()
    assert bench.store.issue(old).events == 1, "its events are still there"
    day = bench.engine.query_rows("SELECT toString(toDate(min(ts))) FROM events")[0][0]
    bench.engine.execute(f"ALTER TABLE events__local DROP PARTITION '{day}'")
    bench.store.partitions_dropped()
    with pytest.raises(NotFound):
        bench.store.issue(old)
    assert bench.send("old").events == 1
    assert bench.of("young").events == 1


def test_a_thousand_users_and_more(bench: Any) -> None:
    bench.put(*[bench.event("a", user=f"u{number}") for number in range(900)])
    assert bench.of("a").users == 900
    bench.put(*[bench.event("a", user=f"u{number}") for number in range(500, 3_000)])
    bench.store.sweep()
    assert bench.of("a").users == pytest.approx(3_000, rel=0.05)
    bench.reopen()
    bench.send("a", user="u1")
    bench.store.sweep()
    assert bench.of("a").users == pytest.approx(3_000, rel=0.05)
