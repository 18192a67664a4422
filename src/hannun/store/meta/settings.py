"""Settings that are changed in the browser: small texts under dotted keys."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text, delete, insert, select, update

from hannun.model.errors import TooLarge
from hannun.model.text import Text as Words
from hannun.model.time import Clock
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA, Ms

KEY_LENGTH_MAX = 128
VALUE_LENGTH_MAX = 64 << 10
COUNT_MAX = 10_000

SETTINGS = Table(
    "settings",
    METADATA,
    Column("key", String(KEY_LENGTH_MAX), primary_key=True),
    Column("value", Text, nullable=False),
    Column("changed_ms", Ms, nullable=False),
)


class SettingTable:
    """`model.ports.Values`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def all(self) -> dict[str, str]:
        with self._database.reading() as connection:
            rows = connection.execute(
                select(SETTINGS.c.key, SETTINGS.c.value).order_by(SETTINGS.c.key).limit(COUNT_MAX)
            )
            return {row.key: row.value for row in rows}

    def get(self, key: str) -> str | None:
        with self._database.reading() as connection:
            return connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == key)).scalar_one_or_none()

    def put(self, key: str, value: str) -> None:
        """Raises TooLarge beyond the bounds of key and value."""
        if len(key) > KEY_LENGTH_MAX or len(value) > VALUE_LENGTH_MAX:
            raise TooLarge(_TOO_LARGE.with_(key=KEY_LENGTH_MAX, value=VALUE_LENGTH_MAX))
        values = {"value": value, "changed_ms": self._clock.now_ms()}
        with self._database.writing() as connection:
            if not connection.execute(update(SETTINGS).where(SETTINGS.c.key == key).values(**values)).rowcount:
                connection.execute(insert(SETTINGS).values(key=key, **values))

    def remove(self, key: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(SETTINGS).where(SETTINGS.c.key == key))


_TOO_LARGE = Words(
    en="A setting's key has at most {key} characters and its value {value}",
    ko="설정의 키는 최대 {key}자, 값은 최대 {value}자입니다",
)
