"""Brings the meta store's tables to this version. Alembic is only imported where older tables are there.

A new store is made as the code knows it, and a test compares that with what the migrations make: Alembic would be half
a second of the first start, and 9 MiB for as long as the server runs.
"""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    String,
    Table,
    insert,
    inspect,
    select,
)

from hannun.model.errors import StoreLocked
from hannun.model.text import Text
from hannun.store.meta.database import Database
from hannun.store.meta.schema import FIRST_ROW, METADATA

SCRIPTS = Path(__file__).parent / "migrations"
_REVISION = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))
_REVISION.append_constraint(PrimaryKeyConstraint("version_num", name="alembic_version_pkc"))
"""As Alembic makes it."""
_VERSION: Select[str] = select(_REVISION.c.version_num)


def known() -> tuple[str, ...]:
    """The revisions of this version in order: each file `versions/0001_what.py` is revision 0001."""
    return tuple(sorted(file.name[:4] for file in (SCRIPTS / "versions").glob("[0-9]*.py")))


def needed(database: Database) -> bool:
    """Whether `upgrade` has something to do. Raises StoreLocked when a newer version wrote the file."""
    with database.reading() as connection:
        found = _current(connection)
    if found is not None and found != known()[-1]:
        # Loaded before the write lock is taken: it takes a second on a small machine, and others wait for the lock.
        import_module("alembic.command")
    return found != known()[-1]


def upgrade(connection: Connection) -> None:
    """Runs inside the caller's transaction: half a migration never stays. Another process may have been first."""
    found = _current(connection)
    if found == known()[-1]:
        return
    if found is None:
        _make(connection)
    else:
        run_scripts(connection)


def run_scripts(connection: Connection) -> None:
    """Every migration that the tables have not seen, from whichever state they are in."""
    from alembic import command
    from alembic.config import Config

    # Its lines about each step are for whoever writes migrations; a start that migrates says nothing special.
    logging.getLogger("alembic").setLevel(logging.WARNING)

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _make(connection: Connection) -> None:
    METADATA.create_all(connection, checkfirst=False)
    for table in METADATA.sorted_tables:
        if FIRST_ROW in table.info:
            connection.execute(insert(table).values(table.info[FIRST_ROW]))
    _REVISION.create(connection, checkfirst=False)
    connection.execute(insert(_REVISION).values(version_num=known()[-1]))


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(_VERSION).scalar_one_or_none()
    if found is not None and found not in known():
        raise StoreLocked(_NEWER.with_(found=found, newest=known()[-1]), _USE_NEWER)
    return found


_NEWER = Text(
    en="The data directory was written by a newer version of Hannun (accounts: revision {found}; known here: {newest})",
    ko="더 새로운 버전의 한눈이 쓴 데이터 디렉터리입니다 (계정: 리비전 {found}, 이 버전은 {newest}까지 압니다)",
)
_USE_NEWER = Text(
    en="Start that version again, or give another --data-dir",
    ko="그 버전으로 다시 시작하거나 다른 --data-dir 을 주세요",
)
