from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hannun.model.access import Role
from hannun.model.account import AuditRow, TokenRole
from hannun.model.errors import ConfigError, Conflict, DiskFull, HannunError, StoreUnavailable
from hannun.model.ports import MetaStore as Port
from hannun.store.meta import MetaStore


def test_the_store_is_what_the_port_promises(meta: MetaStore) -> None:
    port: Port = meta  # mypy compares the two; this line is where it does.
    assert port.generation() >= 1


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        pytest.param(lambda meta: meta.users.add("bob", "h", Role.VIEWER), True, id="user added"),
        pytest.param(lambda meta: meta.users.change(1, role=Role.ADMIN), True, id="user changed"),
        pytest.param(lambda meta: meta.tokens.add("t", TokenRole.PUSH, "x"), True, id="token added"),
        pytest.param(lambda meta: meta.tokens.revoke(1), True, id="token revoked"),
        pytest.param(lambda meta: meta.sessions.remove("key"), True, id="session ended"),
        pytest.param(lambda meta: meta.sessions.remove("no such key"), False, id="no such session"),
        pytest.param(lambda meta: meta.sessions.add("other", 1), False, id="session begun"),
        pytest.param(lambda meta: meta.settings.put("a", "b"), False, id="setting"),
        pytest.param(lambda meta: meta.audit.write(AuditRow(1, "", "", "", "", "")), False, id="audit"),
        pytest.param(lambda meta: meta.touch(users={1: 5}, sessions={"key": 5}, tokens={1: 5}), False, id="seen"),
    ],
)
def test_the_generation_moves_with_every_change_of_accounts_and_no_other(
    meta: MetaStore, file: Path, change: Callable[[MetaStore], object], moves: bool
) -> None:
    meta.users.add("ann", "h", Role.ADMIN)
    meta.tokens.add("first", TokenRole.PUSH, "first")
    meta.sessions.add("key", 1)
    other = MetaStore.open(file)
    before = other.generation()
    change(meta)
    assert (other.generation() != before) is moves
    other.close()


def test_a_refused_change_moves_nothing(meta: MetaStore) -> None:
    ann = meta.users.add("ann", "h", Role.ADMIN)
    before = meta.generation()
    with pytest.raises(Conflict):
        meta.users.remove(ann.id)
    assert meta.generation() == before


def test_many_threads_write_beside_another_process_and_nothing_is_lost(meta: MetaStore, file: Path) -> None:
    other = MetaStore.open(file)
    meta.users.add("ann", "h", Role.ADMIN)

    def add(store: MetaStore, prefix: str) -> None:
        for number in range(10):
            store.users.add(f"{prefix}{number}", "h", Role.VIEWER)

    threads = [
        threading.Thread(target=add, args=(store, f"{store is meta}{worker}-"))
        for store in (meta, other)
        for worker in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert len(meta.users.all()) == 61


def test_only_the_owner_may_read_the_file(meta: MetaStore, file: Path) -> None:
    meta.settings.put("a", "b")
    for each in file.parent.glob("meta.db*"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each


def test_every_commit_reaches_the_disk(meta: MetaStore) -> None:
    """WAL with synchronous FULL; the pragmas hold per connection, so the store's own is asked."""
    with meta._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("url", ["postgresql://u:geheim@h/db", "sqlite://", "mysql://x/y", "::://"])
def test_other_urls_are_refused_without_showing_their_password(url: str) -> None:
    with pytest.raises(ConfigError, match="--meta") as raised:
        MetaStore.open(url)
    assert "geheim" not in str(raised.value)


def test_a_file_that_is_no_store_is_one_clear_error(file: Path) -> None:
    file.write_bytes(b"not a database, not at all" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        MetaStore.open(file)


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="No such file"):
        MetaStore.open(tmp_path / "nowhere" / "meta.db")


def test_a_writer_that_hangs_makes_a_store_unavailable_not_broken(
    meta: MetaStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta.close()
    monkeypatch.setattr("hannun.store.meta.database.BUSY_MS", 50)
    impatient = MetaStore.open(file)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(HannunError, match="Another process is writing"):
        impatient.settings.put("a", "b")
    assert impatient.settings.all() == {}, "reading goes on"
    holder.execute("ROLLBACK")
    holder.close()
    impatient.settings.put("a", "b")
    impatient.close()


def test_a_full_disk_is_said_and_what_was_there_stays(
    meta: MetaStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta.settings.put("a", "b")
    meta.close()
    monkeypatch.setattr("hannun.store.meta.database._PRAGMAS", ("PRAGMA journal_mode = WAL", "PRAGMA max_page_count=1"))
    full = MetaStore.open(file)
    with pytest.raises(DiskFull, match="disk is full"):
        full.settings.put("k", "v" * 60_000)
    assert full.settings.get("a") == "b"
    full.close()
