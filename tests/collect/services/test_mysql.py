"""MySQL and MariaDB: a real server, and rows as other versions show them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hannun.collect.host.builder import Builder
from hannun.collect.services.mysql import status_number, tell_replica, tell_status, tell_variables


def connect(port: int):
    import pymysql

    return pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)


def test_a_server_tells_what_mysqld_exporter_tells(mariadb, ask) -> None:
    watch = ask(f"mysql://root@127.0.0.1:{mariadb.port}")
    before = watch.read()
    other = connect(mariadb.port)
    with other.cursor() as cursor:
        for _ in range(5):
            cursor.execute("SELECT 1")
    rows = watch.read()
    other.close()
    assert watch.errors == {}
    assert watch.absent == {"slave_status"}
    assert (rows["mysql_up"], rows["probe_success"], rows["mysql_exporter_last_scrape_error"]) == (1, 1, 0)
    assert rows["mysql_global_variables_max_connections"] == 42
    assert rows["mysql_global_variables_innodb_buffer_pool_size"] == 16 << 20
    assert rows["mysql_global_status_threads_connected"] >= 2
    assert rows["mysql_global_status_queries"] - before["mysql_global_status_queries"] >= 5
    selects = 'mysql_global_status_commands_total{command="select"}'
    assert rows[selects] - before[selects] >= 5
    assert rows['mysql_global_status_buffer_pool_pages{state="free"}'] > 0
    assert 'mysql_global_status_buffer_pool_page_changes_total{operation="total"}' not in rows
    assert rows['mysql_exporter_collector_success{collector="collect.global_status"}'] == 1
    assert any(row.startswith("mysql_version_info{") and "MariaDB" in row for row in rows)
    assert any(row.startswith("mysql_info_schema_processlist_threads{") for row in rows)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mysql_global_status_threads_running", "unknown"),
        ("mysql_global_status_slow_queries", "unknown"),
        ("mysql_global_status_uptime", "unknown"),
        ("mysql_global_status_innodb_buffer_pool_reads", "unknown"),
        ("mysql_global_status_commands_total", "counter"),
        ("mysql_global_status_connection_errors_total", "counter"),
        ("mysql_global_status_handlers_total", "counter"),
        ("mysql_global_variables_max_connections", "gauge"),
    ],
)
def test_names_and_types(mariadb, ask, name: str, kind: str) -> None:
    watch = ask(f"mysql://root@127.0.0.1:{mariadb.port}")
    watch.read()
    assert watch.types[name] == kind


def test_the_socket_is_taken(mariadb, ask) -> None:
    assert ask(f"mysql://root@localhost?unix_socket={mariadb.folder}/my.sock").read()["mysql_up"] == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://root:wrong-one@127.0.0.1:{port}", "Access denied"),
        ("mysql://root@127.0.0.1:9", "Connection refused"),
        ("mysql://root@127.0.0.1:{port}/nothing", "Unknown database 'nothing'"),
        ("mysql://root@127.0.0.1:{port}?tls=verified", "SSL"),
    ],
)
def test_who_cannot_come_in_is_told_why(mariadb, ask, url: str, words: str) -> None:
    watch = ask(url.format(port=mariadb.port))
    rows = watch.read()
    assert (rows["mysql_up"], rows["probe_success"], rows["mysql_exporter_last_scrape_error"]) == (0, 0, 1)
    assert words in watch.errors[""]
    assert "wrong-one" not in watch.errors[""]


def test_a_password_in_any_script_comes_through(mariadb, ask) -> None:
    admin = connect(mariadb.port)
    with admin.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER 'guest'@'%' IDENTIFIED BY '비밀번호'")
    admin.close()
    watch = ask(f"mysql://guest:비밀번호@127.0.0.1:{mariadb.port}")
    assert watch.read()["mysql_up"] == 1
    assert set(watch.errors) <= {"slave_status"}


def test_a_statement_that_hangs_is_ended_by_the_server(mariadb, ask) -> None:
    watch = ask(f"mysql://root@127.0.0.1:{mariadb.port}", timeout_s=0.5)
    watch.read()
    assert watch.collector._session is not None
    with pytest.raises(Exception, match=r"max_statement_time|Lost|timed out|no answer"):
        watch.collector._session._rows("SELECT SLEEP(30) FROM information_schema.tables")


def samples(builder: Builder) -> dict[str, float]:
    return {
        sample.name + str(dict(sample.labels) or ""): sample.value
        for family in builder.families()
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("shown", "value"),
    [("ON", 1), ("Yes", 1), ("OFF", 0), ("Connecting", 0), ("12.5", 12.5), ("", None), ("utf8", None), (None, None)],
)
def test_shown_words_are_numbers_where_the_exporter_says_so(shown: object, value: float | None) -> None:
    assert status_number(shown) == value


def test_status_is_grouped() -> None:
    builder = Builder()
    rows = [
        ("Com_select", "5"),
        ("Handler_read_key", "7"),
        ("Innodb_buffer_pool_pages_dirty", "3"),
        ("Innodb_buffer_pool_pages_flushed", "9"),
        ("Innodb_buffer_pool_pages_total", "99"),
        ("Threads_connected", "2"),
        ("Rpl_semi_sync_master_status", "ON"),
        ("Innodb_version", "10.11.1"),
        ("bad name", "1"),
    ]
    tell_status(rows, builder)
    assert samples(builder) == {
        "mysql_global_status_commands_total{'command': 'select'}": 5,
        "mysql_global_status_handlers_total{'handler': 'read_key'}": 7,
        "mysql_global_status_buffer_pool_pages{'state': 'dirty'}": 3,
        "mysql_global_status_buffer_pool_dirty_pages": 3,
        "mysql_global_status_buffer_pool_page_changes_total{'operation': 'flushed'}": 9,
        "mysql_global_status_threads_connected": 2,
        "mysql_global_status_rpl_semi_sync_master_status": 1,
    }


def test_variables_hold_the_version() -> None:
    builder = Builder()
    tell_variables([("version", "8.0.36"), ("max_connections", "151"), ("version_comment", "Community")], builder)
    labels = "{'innodb_version': '', 'version': '8.0.36', 'version_comment': 'Community'}"
    assert samples(builder) == {"mysql_global_variables_max_connections": 151, f"mysql_version_info{labels}": 1}


@pytest.mark.parametrize(
    "row",
    [
        {"Master_Host": "a", "Seconds_Behind_Master": 7, "Slave_IO_Running": "Yes", "Last_Error": ""},
        {"Source_Host": "a", "Seconds_Behind_Source": 7, "Replica_IO_Running": "Yes", "SQL_Delay": timedelta(0)},
    ],
    ids=["before 8.0.22", "since then"],
)
def test_a_replica_keeps_the_old_names(row: dict[str, object]) -> None:
    builder = Builder()
    tell_replica(row, builder)
    labels = "{'master_host': 'a', 'master_uuid': '', 'channel_name': '', 'connection_name': ''}"
    rows = samples(builder)
    assert rows[f"mysql_slave_status_seconds_behind_master{labels}"] == 7
    assert rows[f"mysql_slave_status_slave_io_running{labels}"] == 1
