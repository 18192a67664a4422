"""PostgreSQL: a real server with tables, locks, statements and users who may see little."""

from __future__ import annotations

import pytest

from hannun.collect.services.postgres_queries import QUERIES
from hannun.collect.services.postgres_settings import read_setting

URL = "postgresql://postgres:${{PASSWORD}}@127.0.0.1:{port}/shop"


def connect(port: int, database: str):
    from pg8000.native import Connection

    return Connection("postgres", "127.0.0.1", database, port, "s3cret/@:%", ssl_context=False, timeout=10)


@pytest.fixture(scope="session")
def shop(postgres):
    """The server with a database `shop`, a table in it, and a user who may only connect."""
    admin = connect(postgres.port, "postgres")
    admin.run("CREATE DATABASE shop")
    admin.run("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    admin.close()
    owner = connect(postgres.port, "shop")
    owner.run("CREATE EXTENSION pg_stat_statements")
    owner.run("CREATE TABLE orders (id int PRIMARY KEY)")
    owner.run("INSERT INTO orders SELECT generate_series(1, 100)")
    owner.run("ANALYZE orders")
    owner.close()
    return postgres


def test_a_server_tells_what_postgres_exporter_tells(shop, ask) -> None:
    watch = ask(URL.format(port=shop.port))
    watch.read()
    rows = watch.read()
    assert watch.errors == {}
    assert (rows["pg_up"], rows["probe_success"], rows["pg_exporter_last_scrape_error"]) == (1, 1, 0)
    assert rows["pg_exporter_scrapes_total"] == 2
    assert rows["pg_settings_max_connections"] == 23
    assert rows["pg_settings_shared_buffers_bytes"] == 16 << 20
    assert rows["pg_settings_checkpoint_timeout_seconds"] == 300
    assert rows["pg_settings_fsync"] == 0
    assert rows["pg_settings_statement_timeout_seconds"] == rows["pg_settings_lock_timeout_seconds"] == 0
    assert rows['pg_database_size_bytes{datname="shop"}'] > 1 << 20
    assert rows["pg_replication_is_replica"] == rows["pg_replication_lag_seconds"] == 0
    assert rows["pg_postmaster_start_time_seconds"] > 1_700_000_000
    assert rows["pg_wal_segments"] >= 1
    table = '{datname="shop", schemaname="public", relname="orders"}'
    assert rows[f"pg_stat_user_tables_n_tup_ins{table}"] == 100
    assert rows[f"pg_stat_user_tables_last_analyze{table}"] > 1_700_000_000
    assert rows[f"pg_stat_user_tables_last_autovacuum{table}"] == 0
    assert rows[f"pg_stat_user_tables_table_size_bytes{table}"] > 0
    assert any(row.startswith('pg_static{version="PostgreSQL ') and 'short_version="' in row for row in rows)
    assert any(
        row.startswith('pg_stat_statements_calls_total{user="postgres", datname="shop", queryid="') for row in rows
    )
    assert rows['pg_scrape_collector_success{collector="stat_database"}'] == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(
            (f"pg_stat_database_{name}", "gauge" if name == "numbackends" else "counter")
            for name in (
                "numbackends",
                "xact_commit",
                "xact_rollback",
                "blks_read",
                "blks_hit",
                "tup_returned",
                "tup_fetched",
                "tup_inserted",
                "tup_updated",
                "tup_deleted",
                "deadlocks",
                "conflicts",
                "temp_bytes",
                "temp_files",
            )
        ),
        ("pg_static", "unknown"),
        ("pg_locks_count", "gauge"),
        ("pg_stat_user_tables_seq_scan", "counter"),
        ("pg_stat_user_tables_idx_scan", "counter"),
        ("pg_stat_user_tables_n_dead_tup", "gauge"),
        ("pg_stat_user_tables_n_live_tup", "gauge"),
        ("pg_stat_bgwriter_buffers_alloc_total", "counter"),
        ("pg_stat_archiver_failed_count", "counter"),
        ("pg_stat_statements_seconds_total", "counter"),
        ("pg_stat_statements_rows_total", "counter"),
        ("pg_wal_size_bytes", "gauge"),
        ("pg_long_running_transactions", "gauge"),
    ],
)
def test_names_and_types(shop, ask, name: str, kind: str) -> None:
    watch = ask(URL.format(port=shop.port))
    watch.read()
    assert watch.types[name] == kind


def test_open_transactions_and_locks_are_seen(shop, ask) -> None:
    watch = ask(URL.format(port=shop.port))
    other = connect(shop.port, "shop")
    other.run("BEGIN")
    other.run("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
    try:
        rows = watch.read()
    finally:
        other.close()
    # Only what has to wait for that lock is missing.
    assert watch.errors == {"table_size": "canceling statement due to lock timeout"}
    assert rows['pg_locks_count{datname="shop", mode="accessexclusivelock"}'] == 1
    (count,) = (
        value
        for row, value in rows.items()
        if row.startswith("pg_stat_activity_count{") and 'state="idle in transaction"' in row
    )
    assert count == 1


def test_slots_are_seen(shop, ask) -> None:
    admin = connect(shop.port, "shop")
    admin.run("SELECT pg_create_physical_replication_slot('standby', true)")
    try:
        rows = ask(URL.format(port=shop.port)).read()
        slot = '{slot_name="standby", database=""}'
        assert rows[f"pg_replication_slots_active{slot}"] == 0
        assert rows[f"pg_replication_slots_pg_wal_lsn_diff{slot}"] >= 0
    finally:
        admin.run("SELECT pg_drop_replication_slot('standby')")
        admin.close()


def test_a_user_who_may_see_little_gets_the_rest_and_is_told_what_to_grant(shop, ask) -> None:
    watch = ask(f"postgresql://guest:guest@127.0.0.1:{shop.port}/shop")
    rows = watch.read()
    assert rows["pg_up"] == 1
    assert set(watch.errors) == {"wal"}
    assert watch.errors["wal"].endswith("GRANT pg_monitor TO the user")
    assert (rows['pg_scrape_collector_success{collector="wal"}'], rows["pg_exporter_last_scrape_error"]) == (0, 1)
    assert 'pg_database_size_bytes{datname="shop"}' in rows


def test_without_the_extension_its_part_is_absent_and_no_error(shop, ask) -> None:
    watch = ask(f"postgresql://postgres:${{PASSWORD}}@127.0.0.1:{shop.port}/postgres")
    rows = watch.read()
    assert watch.absent == {"stat_statements"}
    assert (watch.errors, rows["pg_exporter_last_scrape_error"]) == ({}, 0)


def test_the_socket_is_taken(shop, ask) -> None:
    watch = ask(f"postgresql://postgres:${{PASSWORD}}@:{shop.port}/shop?host={shop.folder}")
    assert watch.read()["pg_up"] == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://postgres:wrong-one@127.0.0.1:{port}/shop", "password authentication failed"),
        ("postgresql://postgres@127.0.0.1:{port}/shop", "password"),
        ("postgresql://postgres:${{PASSWORD}}@127.0.0.1:{port}/nothing", 'database "nothing" does not exist'),
        ("postgresql://postgres:${{PASSWORD}}@127.0.0.1:{port}/shop?sslmode=require", "Server refuses SSL"),
        ("postgresql://postgres@127.0.0.1:9/shop", "Connection refused"),
        ("postgresql://postgres@/shop?host=/nowhere", "No such file or directory"),
    ],
)
def test_who_cannot_come_in_is_told_why(shop, ask, url: str, words: str) -> None:
    watch = ask(url.format(port=shop.port))
    rows = watch.read()
    assert (rows["pg_up"], rows["probe_success"], rows["pg_exporter_last_scrape_error"]) == (0, 0, 1)
    assert words in watch.errors[""]
    assert "wrong-one" not in watch.errors[""]


def test_a_reading_leaves_nothing_behind_and_changes_nothing(shop, ask) -> None:
    watch = ask(URL.format(port=shop.port))
    watch.read()
    session = watch.collector._session
    assert session is not None
    with pytest.raises(Exception, match="read-only transaction"):
        session._rows("DELETE FROM orders")
    assert session._connection.run("SHOW statement_timeout") == [["0"]]
    assert watch.read()["pg_up"] == 1


def test_a_statement_that_hangs_is_ended_by_the_server(shop, ask) -> None:
    watch = ask(URL.format(port=shop.port), timeout_s=0.5)
    watch.read()
    assert watch.collector._session is not None
    with pytest.raises(Exception, match=r"statement timeout|timed out|no answer in time"):
        watch.collector._session._rows("SELECT pg_sleep(30)")


def test_every_query_names_its_columns() -> None:
    for query in QUERIES:
        for column in (*query.columns, *query.labels):
            assert column in query.sql, f"{query.part}: {column}"


@pytest.mark.parametrize(
    ("setting", "unit", "vartype", "shown"),
    [
        ("on", "", "bool", ("", 1.0)),
        ("off", "", "bool", ("", 0.0)),
        ("16384", "8kB", "integer", ("_bytes", 134217728.0)),
        ("64", "16MB", "integer", ("_bytes", 1073741824.0)),
        ("200", "ms", "integer", ("_seconds", 0.2)),
        ("5", "min", "integer", ("_seconds", 300.0)),
        ("-1", "8kB", "integer", ("_bytes", -1.0)),
        ("1.1", "", "real", ("", 1.1)),
        ("?", "", "real", ("", None)),
    ],
)
def test_settings_have_base_units(setting: str, unit: str, vartype: str, shown: tuple[str, float | None]) -> None:
    assert read_setting(setting, unit, vartype) == shown
