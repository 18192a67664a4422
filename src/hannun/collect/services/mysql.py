"""MySQL and MariaDB, named as mysqld_exporter names them: global status, global variables, replication, processes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hannun.collect.host.builder import Builder
from hannun.collect.services.registry import Absent, Lost, Part, Reading, Session, service, words
from hannun.config.services import ServiceUrl
from hannun.model.family import Pairs

ROWS_MAX = 5_000
_GROUP = re.compile(r"(com|handler|connection_errors|innodb_buffer_pool_pages|innodb_rows|performance_schema)_(.*)")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# Group of status variables -> (metric, label, help).
GROUPS = {
    "com": ("commands_total", "command", "Total number of executed MySQL commands."),
    "handler": ("handlers_total", "handler", "Total number of executed MySQL handlers."),
    "connection_errors": ("connection_errors_total", "error", "Total number of MySQL connection errors."),
    "innodb_rows": ("innodb_row_ops_total", "operation", "Total number of MySQL InnoDB row operations."),
    "performance_schema": (
        "performance_schema_lost_total",
        "instrumentation",
        "Total number of MySQL instrumentations that could not be loaded or created due to memory constraints.",
    ),
}
PAGE_STATES = frozenset({"data", "dirty", "free", "misc", "old"})
_YES = frozenset({"ON", "YES", "TRUE", "PRIMARY"})
_NO = frozenset({"OFF", "NO", "FALSE", "NON-PRIMARY", "CONNECTING", "DISCONNECTED"})
PROCESSES = """
SELECT LOWER(COALESCE(command, '')), LOWER(COALESCE(state, '')), COUNT(*), SUM(time)
FROM information_schema.processlist
WHERE id <> CONNECTION_ID()
GROUP BY 1, 2
ORDER BY 3 DESC
LIMIT 200
"""


def status_number(value: object) -> float | None:
    """What the server shows, as mysqld_exporter reads it: yes is 1, no is 0, other words are nothing."""
    if isinstance(value, bool | int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    upper = value.upper()
    if upper in _YES:
        return 1.0
    if upper in _NO:
        return 0.0
    try:
        return float(value)
    except ValueError:
        return None


@service("mysql")
class MySql(Session):
    up = ("mysql_up", "Whether the MySQL server is up.")

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        import pymysql  # type: ignore[import-untyped]

        self._connection: Any = pymysql.connect(
            host=url.host,
            port=url.port,
            unix_socket=url.socket or None,
            user=url.user,
            password=password.encode(),  # As text the driver takes Latin-1 only.
            database=url.path or None,
            connect_timeout=max(1, round(timeout_s)),
            read_timeout=timeout_s,
            write_timeout=timeout_s,
            charset="utf8mb4",
            autocommit=True,
            local_infile=False,
            program_name="hannun",
            **_tls(url),
        )
        try:
            self._maria = "mariadb" in str(self._connection.get_server_info()).lower()
            self._bound_statements(timeout_s)
        except BaseException:
            self.close()
            raise

    def _bound_statements(self, timeout_s: float) -> None:
        """A statement that outlives us would pile up with every reading. Servers older than both settings have none."""
        import pymysql

        setting = (
            f"max_statement_time = {timeout_s:g}" if self._maria else f"max_execution_time = {timeout_s * 1000:.0f}"
        )
        try:
            self._rows(f"SET SESSION {setting}")
        except pymysql.err.MySQLError as err:
            if not isinstance(err, pymysql.err.InternalError | pymysql.err.OperationalError):
                raise

    def check(self) -> None:
        self._rows("SELECT 1")

    def parts(self) -> Sequence[tuple[str, Part]]:
        return (
            ("global_status", self._global_status),
            ("global_variables", self._global_variables),
            ("slave_status", self._slave_status),
            ("info_schema.processlist", self._processes),
        )

    def close(self) -> None:
        import contextlib

        # Says goodbye on a connection that may be broken already.
        with contextlib.suppress(Exception):
            self._connection.close()

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._asked(sql)[1]

    def _asked(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and at most ROWS_MAX rows."""
        import pymysql
        from pymysql.cursors import SSCursor  # type: ignore[import-untyped]

        try:
            # Rows as they come: a server that answers with millions must not fill our memory.
            with self._connection.cursor(SSCursor) as cursor:
                cursor.execute(sql)
                rows = list(cursor.fetchmany(ROWS_MAX))
                return [column[0] for column in cursor.description or ()], rows
        except pymysql.err.InterfaceError as err:
            raise Lost(self.explain(err)) from err
        except pymysql.err.OperationalError as err:
            if err.args and err.args[0] in (2006, 2013, 2055, 1927):  # gone away, lost, killed
                raise Lost(self.explain(err)) from err
            raise

    def _global_status(self, builder: Builder) -> None:
        tell_status(self._rows("SHOW GLOBAL STATUS"), builder)

    def _global_variables(self, builder: Builder) -> None:
        tell_variables(self._rows("SHOW GLOBAL VARIABLES"), builder)

    def _slave_status(self, builder: Builder) -> None:
        import pymysql

        # By age: MariaDB with its named connections, MySQL since 8.0.22, everything else.
        for sql in ("SHOW ALL SLAVES STATUS",) if self._maria else ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS"):
            try:
                columns, rows = self._asked(sql)
            except pymysql.err.ProgrammingError:
                continue
            if not rows:
                raise Absent("this server is no replica")
            for row in rows:
                tell_replica(dict(zip(columns, row, strict=True)), builder)
            return
        raise Absent("this server tells nothing about replication")

    def _processes(self, builder: Builder) -> None:
        for command, state, count, seconds in self._rows(PROCESSES):
            labels: Pairs = (("command", str(command)), ("state", str(state)))
            text = "The number of threads split by current state."
            builder.gauge("mysql_info_schema_processlist_threads", text, labels, float(count))
            text = "The number of seconds threads have used split by current state."
            builder.gauge("mysql_info_schema_processlist_seconds", text, labels, float(seconds or 0))

    @classmethod
    def report(cls, builder: Builder, reading: Reading) -> None:
        text = "Whether the last scrape of metrics from MySQL resulted in an error (1 for error, 0 for success)."
        builder.gauge("mysql_exporter_last_scrape_error", text, (), float(bool(reading.error)))
        builder.counter("mysql_exporter_scrapes_total", "Total number of scrapes.", (), float(reading.count))
        for outcome in reading.outcomes:
            labels: Pairs = (("collector", f"collect.{outcome.part}"),)
            text = "mysqld_exporter: Whether a collector succeeded."
            failed = bool(outcome.error) and not outcome.absent
            builder.gauge("mysql_exporter_collector_success", text, labels, float(not failed))
            text = "Collector time duration."
            builder.gauge("mysql_exporter_collector_duration_seconds", text, labels, outcome.duration_s)

    @classmethod
    def explain(cls, err: BaseException) -> str:
        import pymysql

        if not isinstance(err, pymysql.err.MySQLError) or len(err.args) < 2:
            return words(err)
        code, told = err.args[0], str(err.args[1])
        if code == 2003 and isinstance(root := getattr(err, "original_exception", None), OSError):
            return words(root)
        if code == 1045:
            return f"{told}; give user and password: mysql://USER:PASSWORD@host"
        if code in (1142, 1227):
            return f"{told}; GRANT PROCESS, REPLICATION CLIENT, SLAVE MONITOR ON *.* TO the user"
        return told


def _tls(url: ServiceUrl) -> dict[str, Any]:
    if url.tls == "off" or url.socket:
        return {"ssl_disabled": True}
    if url.tls == "prefer":
        return {}
    checked = url.tls == "verified"
    return {"ssl": {"ca": str(url.ca_file) if url.ca_file else None, "check_hostname": checked, "verify_mode": checked}}


def tell_status(rows: Sequence[tuple[Any, ...]], builder: Builder) -> None:
    """SHOW GLOBAL STATUS -> samples. Pure."""
    for key, shown, *_ in rows:
        name, value = str(key).lower(), status_number(shown)
        if value is None or not _NAME.fullmatch(name):
            continue
        found = _GROUP.fullmatch(name)
        if found is None:
            text = "Generic metric from SHOW GLOBAL STATUS."
            builder.add(f"mysql_global_status_{name}", "unknown", text, (), value)
        elif found[1] == "innodb_buffer_pool_pages":
            _pages(found[2], value, builder)
        else:
            metric, label, text = GROUPS[found[1]]
            builder.counter(f"mysql_global_status_{metric}", text, ((label, found[2]),), value)


def _pages(what: str, value: float, builder: Builder) -> None:
    if what in PAGE_STATES:
        text = "Innodb buffer pool pages by state."
        builder.gauge("mysql_global_status_buffer_pool_pages", text, (("state", what),), value)
        if what == "dirty":
            text = "Innodb buffer pool dirty pages."
            builder.gauge("mysql_global_status_buffer_pool_dirty_pages", text, (), value)
    elif what != "total":  # The sum of the states, which would count everything twice.
        text = "Innodb buffer pool page state changes."
        builder.counter("mysql_global_status_buffer_pool_page_changes_total", text, (("operation", what),), value)


def tell_variables(rows: Sequence[tuple[Any, ...]], builder: Builder) -> None:
    """SHOW GLOBAL VARIABLES -> samples. Pure."""
    shown = {str(row[0]).lower(): row[1] for row in rows}
    for name, words_ in shown.items():
        value = status_number(words_)
        if value is not None and _NAME.fullmatch(name):
            text = "Generic gauge metric from SHOW GLOBAL VARIABLES."
            builder.gauge(f"mysql_global_variables_{name}", text, (), value)
    labels = tuple((name, str(shown.get(name, ""))) for name in ("innodb_version", "version", "version_comment"))
    builder.gauge("mysql_version_info", "MySQL version and distribution.", labels, 1.0)


def tell_replica(row: Mapping[str, Any], builder: Builder) -> None:
    """One row of the replication status -> samples, under the names from before `replica` was the word. Pure."""
    fields = {key.lower().replace("source", "master").replace("replica", "slave"): value for key, value in row.items()}
    labels: Pairs = (
        ("master_host", str(fields.get("master_host") or "")),
        ("master_uuid", str(fields.get("master_uuid") or "")),
        ("channel_name", str(fields.get("channel_name") or "")),
        ("connection_name", str(fields.get("connection_name") or "")),
    )
    for name, shown in fields.items():
        value = shown.total_seconds() if isinstance(shown, timedelta) else status_number(shown)
        if value is not None and _NAME.fullmatch(name):
            text = "Generic metric from SHOW SLAVE STATUS."
            builder.add(f"mysql_slave_status_{name}", "unknown", text, labels, value)
