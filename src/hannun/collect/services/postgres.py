"""PostgreSQL over pg8000, named as postgres_exporter names it; what is asked stands in `postgres_queries`.

Each query runs in a read-only transaction of its own with a timeout on the server, so that it can harm nothing and
leaves nothing behind, not even in a connection that a pooler shares.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Sequence
from typing import Any

from hannun.collect.host.builder import Builder
from hannun.collect.services.postgres_queries import QUERIES, Query
from hannun.collect.services.postgres_settings import SETTINGS, SETTINGS_SQL, read_setting
from hannun.collect.services.registry import Absent, Lost, Outcome, Part, Reading, Session, service, words
from hannun.config.services import ServiceUrl
from hannun.model.family import Pairs

LOCK_TIMEOUT_MS = 500
"""Somebody's long ALTER TABLE must cost one part of a reading, not the time of all that follow."""

EXTENSION_SQL = """
SELECT quote_ident(n.nspname)
FROM pg_extension AS e
JOIN pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = '{name}'
"""
_VERSION = re.compile(r"\w+ (\d+(?:\.\d+){0,2})")


@service("postgres")
class Postgres(Session):
    up = ("pg_up", "Whether the last scrape of metrics from PostgreSQL was able to connect to the server (1 for yes).")

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        from pg8000.native import Connection  # type: ignore[import-untyped]

        timeout_ms = round(timeout_s * 1000)
        self._begin = (
            f"START TRANSACTION READ ONLY; SET LOCAL statement_timeout = {timeout_ms}; "
            f"SET LOCAL lock_timeout = {min(timeout_ms, LOCK_TIMEOUT_MS)}"
        )
        self._connection: Any = Connection(
            url.user,
            host=url.host,
            port=url.port,
            unix_sock=url.socket or None,
            database=url.path or None,
            password=password,
            ssl_context=_tls(url),
            timeout=timeout_s,
            application_name="hannun",
        )
        try:
            (row,) = self._rows("SELECT version(), current_setting('server_version_num')::int, pg_is_in_recovery()")[1]
            self._version, self._number, self._is_replica = str(row[0]), int(row[1]), bool(row[2])
        except BaseException:
            self.close()
            raise

    def check(self) -> None:
        self._rows("SELECT 1")

    def parts(self) -> Sequence[tuple[str, Part]]:
        asked = [query for query in QUERIES if query.since <= self._number < query.until]
        return (
            ("static", self._static),
            ("settings", self._settings),
            *((query.part, self._part(query)) for query in asked),
        )

    def close(self) -> None:
        # Says goodbye on a connection that may be broken already.
        with contextlib.suppress(Exception):
            self._connection.close()

    def _rows(self, sql: str) -> tuple[list[str], list[list[Any]]]:
        """Column names and rows."""
        from pg8000.exceptions import DatabaseError, InterfaceError  # type: ignore[import-untyped]

        try:
            self._connection.run(self._begin)
            try:
                rows = self._connection.run(sql) or []
                columns = [str(column["name"]) for column in self._connection.columns or ()]
            finally:
                self._connection.run("ROLLBACK")
        except InterfaceError as err:
            raise Lost(self.explain(err)) from err
        except DatabaseError as err:
            if _code(err).startswith(("57P", "08")):  # The server is going down, or the connection is.
                raise Lost(self.explain(err)) from err
            raise
        return columns, rows

    def _static(self, builder: Builder) -> None:
        found = _VERSION.match(self._version)
        labels: Pairs = (("version", self._version), ("short_version", f"{found[1] if found else ''}"))
        builder.add("pg_static", "unknown", "Version string as reported by postgres", labels, 1.0)

    def _settings(self, builder: Builder) -> None:
        names = ", ".join(f"'{name}'" for name in SETTINGS)
        for name, setting, unit, text, vartype in self._rows(SETTINGS_SQL.format(names=names))[1]:
            suffix, value = read_setting(str(setting), str(unit), str(vartype))
            builder.gauge(f"pg_settings_{name}{suffix}", f"Server Parameter: {name} ({text})", (), value)

    def _part(self, query: Query) -> Part:
        def read(builder: Builder) -> None:
            if query.primary_only and self._is_replica:
                raise Absent("a replica tells nothing about it")
            sql = query.sql
            if query.needs_extension:
                schema = self._rows(EXTENSION_SQL.format(name=query.needs_extension))[1]
                if not schema:
                    raise Absent(f"the extension {query.needs_extension} is not in this database")
                sql = sql.format(schema=schema[0][0])
            tell(query, *self._rows(sql), builder)

        return read

    @classmethod
    def report(cls, builder: Builder, reading: Reading) -> None:
        text = "Whether the last scrape of metrics from PostgreSQL resulted in an error (1 for error, 0 for success)."
        builder.gauge("pg_exporter_last_scrape_error", text, (), float(bool(reading.error)))
        text = "Duration of the last scrape of metrics from PostgreSQL."
        builder.gauge("pg_exporter_last_scrape_duration_seconds", text, (), reading.duration_s)
        text = "Total number of times PostgreSQL was scraped for metrics."
        builder.counter("pg_exporter_scrapes_total", text, (), float(reading.count))
        for outcome in reading.outcomes:
            _report_part(builder, outcome)

    @classmethod
    def explain(cls, err: BaseException) -> str:
        code, told = _code(err), words(err)
        if err.args and isinstance(err.args[0], dict):
            told = str(err.args[0].get("M", told))
        elif isinstance(err.__cause__, OSError):  # pg8000 says where, the cause says what.
            told = words(err.__cause__)
        if code in ("28P01", "28000"):
            return f"{told}; give user and password: postgresql://USER:PASSWORD@host/database"
        if code == "42501":
            return f"{told}; GRANT pg_monitor TO the user"
        return told


def _report_part(builder: Builder, outcome: Outcome) -> None:
    labels: Pairs = (("collector", outcome.part),)
    text = "postgres_exporter: Duration of a collector scrape."
    builder.gauge("pg_scrape_collector_duration_seconds", text, labels, outcome.duration_s)
    text = "postgres_exporter: Whether a collector succeeded."
    builder.gauge("pg_scrape_collector_success", text, labels, float(not outcome.error))


def tell(query: Query, columns: Sequence[str], rows: Sequence[Sequence[Any]], builder: Builder) -> None:
    """One sample per row and column that is known as a metric. NULL is no sample. Pure."""
    for row in rows:
        fields = dict(zip(columns, row, strict=True))
        labels = tuple((name, "" if fields[name] is None else str(fields[name])) for name in query.labels)
        for column, (kind, text) in query.columns.items():
            value = fields.get(column)
            if value is not None:
                builder.add(f"{query.prefix}_{column}", kind, text, labels, float(value))


def _tls(url: ServiceUrl) -> Any:
    """What pg8000 takes: False never, None if offered, True demanded, a context demanded and checked."""
    if url.socket or url.tls == "off":
        return False
    if url.tls == "prefer":
        return None
    return ssl.create_default_context(cafile=url.ca_file) if url.tls == "verified" else True


def _code(err: BaseException) -> str:
    """SQLSTATE, or ""."""
    told = err.args[0] if err.args else None
    return str(told.get("C", "")) if isinstance(told, dict) else ""
