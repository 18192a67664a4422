from __future__ import annotations

from dataclasses import replace

import pytest

from hannun.model.account import AuditRow
from hannun.store.meta import MetaStore, audit

ROW = AuditRow(1, "ann", "session", "127.0.0.1", "user.add", "bob", "viewer")


def test_rows_come_back_newest_first(meta: MetaStore) -> None:
    for number in range(5):
        meta.audit.write(replace(ROW, at_ms=number))
    assert [row.at_ms for row in meta.audit.newest(3)] == [4, 3, 2]
    assert meta.audit.newest(1)[0] == replace(ROW, at_ms=4)


def test_only_the_newest_rows_are_kept(meta: MetaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ROWS_MAX", 3)
    for number in range(5):
        meta.audit.write(replace(ROW, at_ms=number))
    meta.purge(idle_ms=1, absolute_ms=1)
    assert [row.at_ms for row in meta.audit.newest()] == [4, 3, 2]


def test_a_long_text_is_cut(meta: MetaStore) -> None:
    meta.audit.write(replace(ROW, subject="x" * 5_000, actor="y" * 5_000, detail="z" * 5_000, address="a" * 100))
    [row] = meta.audit.newest()
    assert (len(row.subject), len(row.actor), len(row.detail), len(row.address)) == (1_000, 1_000, 1_000, 64)
