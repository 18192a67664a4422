"""One SQLite file in WAL mode behind SQLAlchemy: transactions that say whether they write, and errors in our words.

Another process (`hannun user add`) writes to the same file while the server runs. Writers therefore begin with BEGIN
IMMEDIATE and wait for each other; a transaction that turned into a writer half-way could not wait, only fail.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from hannun.model.errors import ConfigError, DiskFull, StoreUnavailable
from hannun.model.text import Text
from hannun.store.meta.schema import GENERATION

BUSY_MS = 5_000
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # FULL fsyncs the log with each commit: an account that was made is there after a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 8388608",
    "PRAGMA trusted_schema = OFF",
)


class Database:
    """Safe from any thread. `close` ends all connections."""

    def __init__(self, url: str | Path) -> None:
        """Raises ConfigError for a URL that is not SQLite's, StoreUnavailable when the file cannot be opened."""
        self._engine = _engine(_url(url))
        self._marker = threading.Lock()
        self._marker_connection: Any = None
        # Asked with every request: compiled once and run below SQLAlchemy, 6 µs instead of 90.
        self._marker_sql = str(GENERATION.compile(self._engine, compile_kwargs={"literal_binds": True}))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with _in_our_words(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that excludes other writers; committed at the end, rolled back by any error."""
        with _in_our_words(), self._engine.connect() as plain:
            connection = plain.execution_options(hannun_writes=True)
            with connection.begin():
                yield connection

    def generation(self) -> int:
        with self._marker, _in_our_words():
            try:
                if self._marker_connection is None:
                    self._marker_connection = self._engine.raw_connection()
                cursor = self._marker_connection.cursor()
                rows = cursor.execute(self._marker_sql).fetchall()
                cursor.close()
            except self._engine.dialect.loaded_dbapi.Error as err:
                raise OperationalError(self._marker_sql, None, err) from err
        return int(rows[0][0])

    def close(self) -> None:
        with self._marker:
            if self._marker_connection is not None:
                self._marker_connection.close()
                self._marker_connection = None
        self._engine.dispose()


def _url(url: str | Path) -> URL:
    if isinstance(url, Path) or "://" not in url:
        return URL.create("sqlite", database=str(url))
    try:
        made = make_url(url)
    except ArgumentError as err:
        raise ConfigError(_NO_URL.with_(url=url)) from err
    if made.get_backend_name() != "sqlite" or not made.database:
        raise ConfigError(_NO_URL.with_(url=made.render_as_string(hide_password=True)))
    return made


def _engine(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        # Password hashes stand in it; SQLite gives its -wal and -shm files the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as err:
        raise StoreUnavailable(_CANNOT_OPEN.with_(path=path, why=err.strerror or err)) from err
    engine = create_engine(url, pool_size=4, max_overflow=4, connect_args={"timeout": BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        # The driver's own transactions do not cover DDL and begin too late; ours begin where `begin` says.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("hannun_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except OperationalError as err:
        words = str(err.orig).lower()
        if "full" in words:
            raise DiskFull(_FULL) from err
        if "locked" in words or "busy" in words:
            raise StoreUnavailable(_BUSY) from err
        raise StoreUnavailable(_BROKEN.with_(why=err.orig)) from err
    except DBAPIError as err:
        if type(err) is not DBAPIError and type(err).__name__ == "IntegrityError":
            raise
        raise StoreUnavailable(_BROKEN.with_(why=err.orig)) from err


_NO_URL = Text(
    en='--meta: "{url}" cannot be used; write sqlite:///FILE',
    ko='--meta: "{url}": 쓸 수 없는 주소입니다. sqlite:///파일 형식으로 쓰세요',
)
_CANNOT_OPEN = Text(
    en="Cannot open {path}, the store of accounts and settings: {why}",
    ko="계정과 설정 저장소 {path}: 열 수 없습니다: {why}",
)
_FULL = Text(
    en="The disk is full; the change was not stored. Free some space",
    ko="디스크가 가득 차 변경 내용을 저장하지 못했습니다. 공간을 확보하세요",
)
_BUSY = Text(
    en="Another process is writing to the store of accounts and settings; try again",
    ko="다른 프로세스가 계정과 설정 저장소에 쓰고 있습니다. 다시 시도하세요",
)
_BROKEN = Text(
    en="The store of accounts and settings does not answer: {why}",
    ko="계정과 설정 저장소가 응답하지 않습니다: {why}",
)
