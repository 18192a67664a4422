"""Sessions of the browser, by the fingerprint of their cookie. They end with their user."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError

from hannun.model.account import Session
from hannun.model.errors import NotFound
from hannun.model.text import Text
from hannun.model.time import Clock
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA, Id, Ms, accounts_moved

PER_USER_MAX = 50

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("key_hash", String(64), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_ms", Ms, nullable=False),
    Column("seen_ms", Ms, nullable=False),
)


class SessionTable:
    """`model.ports.Sessions`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, key_hash: str, user_id: int) -> Session:
        """Ends the user's oldest sessions beyond PER_USER_MAX. Raises NotFound when the user is gone."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as connection:
            newest = (
                select(SESSIONS.c.key_hash)
                .where(SESSIONS.c.user_id == user_id)
                .order_by(SESSIONS.c.seen_ms.desc(), SESSIONS.c.key_hash)
                .offset(PER_USER_MAX - 1)
            )
            beyond = connection.execute(newest).scalars().all()
            if beyond:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.key_hash.in_(beyond)))
                accounts_moved(connection)
            values = {"key_hash": key_hash, "user_id": user_id, "created_ms": now_ms, "seen_ms": now_ms}
            try:
                connection.execute(insert(SESSIONS).values(**values))
            except IntegrityError as err:
                raise NotFound(_USER_GONE) from err
        return Session(key_hash, user_id, now_ms, now_ms)

    def find(self, key_hash: str) -> Session | None:
        with self._database.reading() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.key_hash == key_hash)).one_or_none()
        return None if row is None else Session(row.key_hash, row.user_id, row.created_ms, row.seen_ms)

    def remove(self, key_hash: str) -> None:
        with self._database.writing() as connection:
            if connection.execute(delete(SESSIONS).where(SESSIONS.c.key_hash == key_hash)).rowcount:
                accounts_moved(connection)


_USER_GONE = Text(en="The user was removed just now", ko="방금 삭제된 사용자입니다")
