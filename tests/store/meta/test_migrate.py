from __future__ import annotations

import sqlite3
import subprocess
import sys
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
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA


def test_migrations_make_exactly_the_tables_that_the_code_knows(file: Path) -> None:
    migrated(file)
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_new_store_is_what_the_migrations_make(file: Path, tmp_path: Path) -> None:
    """It is made without them, with the rows that they put in."""
    database = Database(file)
    with database.writing() as connection:
        migrate.upgrade(connection)
    database.close()
    migrated(tmp_path / "by-scripts.db")
    assert everything(file) == everything(tmp_path / "by-scripts.db")


def test_a_new_store_does_without_the_machinery_of_migrations(file: Path) -> None:
    opened = f"from hannun.store.meta import MetaStore; MetaStore.open({str(file)!r}).close()"
    script = f"{opened}; import sys; print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout == "False\n"


def test_a_store_that_an_older_version_left_is_migrated(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated(file)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.execute("CREATE TABLE left_alone (id INTEGER)")
    connection.close()
    ran: list[bool] = []
    monkeypatch.setattr(migrate, "known", lambda: ("0001", "9999"))
    monkeypatch.setattr(migrate, "run_scripts", lambda connection: ran.append(True))
    MetaStore.open(file).close()
    assert ran == [True]


def migrated(file: Path) -> None:
    database = Database(file)
    with database.writing() as connection:
        migrate.run_scripts(connection)
    database.close()


def everything(file: Path) -> dict[str, tuple[list[str], list[tuple[object, ...]]]]:
    """Of each table and index how it was made, constraints in no order, and its rows."""
    connection = sqlite3.connect(file)
    found: dict[str, tuple[list[str], list[tuple[object, ...]]]] = {}
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        rows = connection.execute(f"SELECT * FROM {name}").fetchall() if kind == "table" else []
        found[name] = (sorted(line.strip(" \t,") for line in (sql or "").splitlines()), rows)
    connection.close()
    return found


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
