from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from hannun.model.errors import StoreLocked
from hannun.store.meta import MetaStore, migrate
from hannun.store.meta.schema import METADATA


def test_migrations_make_exactly_the_tables_that_the_code_knows(meta: MetaStore, file: Path) -> None:
    assert meta.projects.all()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_tables_are_made_alike_on_postgresql(table: object) -> None:
    made = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[arg-type]
    assert "AUTOINCREMENT" not in made
    for index in table.indexes:  # type: ignore[attr-defined]
        there = str(CreateIndex(index).compile(dialect=postgresql.dialect()))
        assert there == str(CreateIndex(index).compile(dialect=sqlite.dialect()))


def test_a_file_of_a_newer_version_is_left_alone(meta: MetaStore, file: Path) -> None:
    meta.close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreLocked, match="newer version") as raised:
        MetaStore.open(file)
    assert "\n" not in raised.value.say("ko")
    assert "9999" in raised.value.say("ko")


def test_a_migration_that_fails_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("hannun.store.meta.projects.make_first", fail)
    with pytest.raises(RuntimeError):
        MetaStore.open(file)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
    monkeypatch.undo()
    MetaStore.open(file).close()


def test_two_that_start_at_once_make_one_store(file: Path) -> None:
    """`hannun user add` beside the first `hannun serve`."""
    failures: list[BaseException] = []

    def start() -> None:
        try:
            MetaStore.open(file).close()
        except BaseException as err:  # noqa: BLE001 - shown by the assertion below
            failures.append(err)

    starters = [threading.Thread(target=start) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert failures == []
    again = MetaStore.open(file)
    assert len(again.projects.all()) == 1
    again.close()


def test_revisions_are_the_numbers_of_their_files() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrate.known()[-1]]
    assert {script.revision for script in scripts.walk_revisions()} == set(migrate.known())
