"""Profiles as they came, and the list of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hannun.model.budget import Budget
from hannun.model.identity import Identity
from hannun.model.replay import Found
from hannun.model.sentry_items import SentProfile
from hannun.store.engine import ChdbEngine
from hannun.store.profiles import ProfileStore

NOW_MS = 1_800_000_000_000
ONE = SentProfile(
    1, "ab" * 16, False, "python", NOW_MS, b"{}", Identity("api", "prod", "", "app@1"), "", "cd" * 16, "GET /\ud800"
)


def test_profiles_and_chunks_are_listed_once_the_newest_first(engine: ChdbEngine, writing: Any, clock: Any) -> None:
    store = ProfileStore(engine, writing.writer, clock=clock)
    chunk = SentProfile(2, "ef" * 16, True, "node", NOW_MS + 1, b"\xff" * 50, profiler_id="12" * 16)
    for _ in range(2):
        writing.run(store.write([ONE, chunk]))
    newest, oldest = store.list(Found(NOW_MS, NOW_MS + 10), Budget())
    assert (newest.id, newest.continuous, newest.profiler_id, newest.transaction_id) == ("ef" * 16, True, "12" * 16, "")
    assert newest.size_bytes == 50
    assert (oldest.transaction, oldest.transaction_id, oldest.release) == ("GET /?", "cd" * 16, "app@1")
    assert store.list(Found(NOW_MS, NOW_MS + 10, projects=(2,)), Budget()) == [newest]
    assert store.list(Found(NOW_MS, NOW_MS + 1), Budget()) == [oldest]


def test_the_payload_is_kept_as_it_came(engine: ChdbEngine, writing: Any, clock: Any) -> None:
    store = ProfileStore(engine, writing.writer, clock=clock)
    writing.run(store.write([replace(ONE, payload=b'{"profile":"\xff"}')]))
    assert engine.query_rows("SELECT hex(payload) FROM profiles") == [(b'{"profile":"\xff"}'.hex().upper(),)]
