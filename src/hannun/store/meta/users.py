"""Users: names, password hashes, roles. As long as there is one user there is an admin."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Row, String, Table, Text, delete, func, insert, select, update

from hannun.model.access import Role, User
from hannun.model.account import Account, name_key
from hannun.model.errors import Conflict, NotFound
from hannun.model.text import LANGS, Lang
from hannun.model.text import Text as Words
from hannun.model.time import Clock
from hannun.store.meta.database import Database
from hannun.store.meta.schema import METADATA, Id, Ms, accounts_moved
from hannun.store.meta.sessions import SESSIONS
from hannun.store.meta.tokens import forget_maker

USERS_MAX = 10_000

USERS = Table(
    "users",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("lang", String(8)),
    Column("timezone", String(64)),
    Column("created_ms", Ms, nullable=False),
    Column("seen_ms", Ms),
    # A number is never given twice: the audit trail speaks of users that are gone.
    sqlite_autoincrement=True,
)
_ADMIN = Role.ADMIN.name.lower()


class UserTable:
    """`model.ports.Users`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def all(self) -> list[Account]:
        """Oldest first."""
        with self._database.reading() as connection:
            return [_account(row) for row in connection.execute(select(USERS).order_by(USERS.c.id))]

    def add(
        self, name: str, password_hash: str, role: Role, *, lang: Lang | None = None, timezone: str | None = None
    ) -> User:
        with self._database.writing() as connection:
            count = connection.execute(select(func.count()).select_from(USERS)).scalar_one()
            if count == 0 and role is not Role.ADMIN:
                raise Conflict(_FIRST_IS_ADMIN)
            if count >= USERS_MAX:
                raise Conflict(_TOO_MANY.with_(count=USERS_MAX))
            _refuse_taken(connection, name, but=None)
            values = {
                "name": name,
                "name_key": name_key(name),
                "password_hash": password_hash,
                "role": role.name.lower(),
                "lang": lang,
                "timezone": timezone,
                "created_ms": self._clock.now_ms(),
            }
            row = connection.execute(insert(USERS).values(**values).returning(*USERS.c)).one()
            accounts_moved(connection)
        return _account(row).user

    def change(
        self,
        user_id: int,
        *,
        name: str | None = None,
        password_hash: str | None = None,
        role: Role | None = None,
        lang: Lang | None = None,
        timezone: str | None = None,
    ) -> User:
        with self._database.writing() as connection:
            before = _found(connection, user_id)
            if role is not None and role is not Role.ADMIN:
                _refuse_last_admin(connection, before)
            if name is not None:
                _refuse_taken(connection, name, but=user_id)
            wanted = {
                "name": name,
                "name_key": None if name is None else name_key(name),
                "password_hash": password_hash,
                "role": None if role is None else role.name.lower(),
                "lang": lang,
                "timezone": timezone,
            }
            changes = {column: value for column, value in wanted.items() if value is not None}
            if changes:
                connection.execute(update(USERS).where(USERS.c.id == user_id).values(**changes))
            if password_hash is not None:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == user_id))
            accounts_moved(connection)
            return _account(_found(connection, user_id)).user

    def remove(self, user_id: int) -> User:
        with self._database.writing() as connection:
            row = _found(connection, user_id)
            _refuse_last_admin(connection, row)
            forget_maker(connection, user_id, self._clock.now_ms())
            connection.execute(delete(USERS).where(USERS.c.id == user_id))
            accounts_moved(connection)
        return _account(row).user


def _found(connection: Connection, user_id: int) -> Row[tuple[object, ...]]:
    row = connection.execute(select(USERS).where(USERS.c.id == user_id)).one_or_none()
    if row is None:
        raise NotFound(_NO_USER.with_(id=user_id))
    return row


def _refuse_taken(connection: Connection, name: str, *, but: int | None) -> None:
    other = connection.execute(select(USERS.c.id).where(USERS.c.name_key == name_key(name))).scalar_one_or_none()
    if other is not None and other != but:
        raise Conflict(_TAKEN.with_(name=name))


def _refuse_last_admin(connection: Connection, row: Row[tuple[object, ...]]) -> None:
    # The rows are locked where the database locks rows: two admins must not demote each other at the same moment.
    admins = connection.execute(select(USERS.c.id).where(USERS.c.role == _ADMIN).with_for_update()).scalars().all()
    if list(admins) == [row.id]:
        raise Conflict(_LAST_ADMIN.with_(name=row.name), _ANOTHER_FIRST)


def _account(row: Row[tuple[object, ...]]) -> Account:
    lang = next((lang for lang in LANGS if lang == row.lang), None)
    user = User(row.id, row.name, Role[row.role.upper()], lang, row.timezone)
    return Account(user, row.password_hash, row.created_ms, row.seen_ms)


_FIRST_IS_ADMIN = Words(
    en="The first user must be an admin, or nobody could add others",
    ko="첫 사용자는 admin 역할이어야 합니다. 그렇지 않으면 아무도 사용자를 추가할 수 없습니다",
)
_TOO_MANY = Words(en="There are {count} users already", ko="사용자가 이미 {count}명입니다")
_NO_USER = Words(en="There is no user {id}", ko="사용자 {id}: 없습니다")
_TAKEN = Words(en='There is a user "{name}" already', ko='"{name}": 이미 있는 사용자입니다')
_LAST_ADMIN = Words(
    en='"{name}" is the last admin and must stay one', ko='"{name}": 마지막 관리자이므로 그대로 두어야 합니다'
)
_ANOTHER_FIRST = Words(en="Make another user an admin first", ko="먼저 다른 사용자에게 admin 역할을 주세요")
