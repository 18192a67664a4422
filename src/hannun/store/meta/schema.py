"""What all tables of the meta store share: one MetaData, portable column types, names for constraints.

Each table stands in the module of its family; `migrations/` creates them, and a test compares the two. Types and
statements compile for SQLite and PostgreSQL alike; times are Unix milliseconds.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, select, update

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
Id = BigInteger().with_variant(Integer(), "sqlite")
Ms = BigInteger

FIRST_ROW = "first row"
"""In a table's `info`: the row that it has from the beginning. A migration that makes the table puts in the same."""

ACCOUNT_STATE = Table(
    "account_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation", BigInteger, nullable=False),
    info={FIRST_ROW: {"id": 1, "generation": 1}},
)
GENERATION = select(ACCOUNT_STATE.c.generation).where(ACCOUNT_STATE.c.id == 1)


def accounts_moved(connection: Connection) -> None:
    """Say, in the transaction of the change, that users, tokens or ended sessions are no longer what they were."""
    connection.execute(
        update(ACCOUNT_STATE).where(ACCOUNT_STATE.c.id == 1).values(generation=ACCOUNT_STATE.c.generation + 1)
    )
