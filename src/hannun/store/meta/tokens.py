"""API tokens, by the fingerprint of their key. A revoked one stays a while as a row that says it was there."""

from __future__ import annotations

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, String, Table, Text, func, insert, select, update

from hannun.model.account import Token, TokenRole, name_key
from hannun.model.errors import Conflict, NotFound
from hannun.model.text import Text as Words
from hannun.model.time import Clock
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA, Id, Ms, accounts_moved

TOKENS_MAX = 10_000

TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="SET NULL")),
    Column("created_ms", Ms, nullable=False),
    Column("used_ms", Ms),
    Column("revoked_ms", Ms),
    sqlite_autoincrement=True,
)
_LIVE = TOKENS.c.revoked_ms.is_(None)
Index("uq_tokens_live_name", TOKENS.c.name_key, unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE)


class TokenTable:
    """`model.ports.Tokens`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def all(self) -> list[Token]:
        """Oldest first."""
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(select(TOKENS).where(_LIVE).order_by(TOKENS.c.id))]

    def add(self, name: str, role: TokenRole, key_hash: str, *, user_id: int | None = None) -> Token:
        with self._database.writing() as connection:
            count = connection.execute(select(func.count()).select_from(TOKENS).where(_LIVE)).scalar_one()
            if count >= TOKENS_MAX:
                raise Conflict(_TOO_MANY.with_(count=TOKENS_MAX))
            taken = select(TOKENS.c.id).where(TOKENS.c.name_key == name_key(name), _LIVE)
            if connection.execute(taken).one_or_none() is not None:
                raise Conflict(_TAKEN.with_(name=name))
            values = {
                "name": name,
                "name_key": name_key(name),
                "role": role.value,
                "key_hash": key_hash,
                "user_id": user_id,
                "created_ms": self._clock.now_ms(),
            }
            row = connection.execute(insert(TOKENS).values(**values).returning(*TOKENS.c)).one()
            accounts_moved(connection)
        return _token(row)

    def revoke(self, token_id: int) -> Token:
        with self._database.writing() as connection:
            row = connection.execute(select(TOKENS).where(TOKENS.c.id == token_id, _LIVE)).one_or_none()
            if row is None:
                raise NotFound(_NO_TOKEN.with_(id=token_id))
            now_ms = self._clock.now_ms()
            connection.execute(update(TOKENS).where(TOKENS.c.id == token_id).values(revoked_ms=now_ms))
            accounts_moved(connection)
        return _token(row)


def forget_maker(connection: Connection, user_id: int, now_ms: int) -> None:
    """A user goes: tokens that read or change something go too. Those that only push stay, or hosts would go silent."""
    made = TOKENS.c.user_id == user_id
    only_push = TOKENS.c.role == TokenRole.PUSH.value
    connection.execute(update(TOKENS).where(made, ~only_push, _LIVE).values(revoked_ms=now_ms))
    connection.execute(update(TOKENS).where(made).values(user_id=None))


def _token(row: Row[tuple[object, ...]]) -> Token:
    return Token(row.id, row.name, TokenRole(row.role), row.key_hash, row.created_ms, row.used_ms, row.user_id)


_TOO_MANY = Words(en="There are {count} tokens already", ko="토큰이 이미 {count}개입니다")
_TAKEN = Words(en='There is a token "{name}" already', ko='"{name}": 이미 있는 토큰입니다')
_NO_TOKEN = Words(en="There is no token {id}", ko="토큰 {id}: 없습니다")
