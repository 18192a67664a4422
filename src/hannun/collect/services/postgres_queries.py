"""What PostgreSQL is asked, as data: one query per part, and what its columns are called.

Names, types and labels are postgres_exporter's. Every query is bounded, because the number of tables, statements and
databases is the users' choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Column = tuple[str, str]
"""(type, help)."""


@dataclass(frozen=True, slots=True)
class Query:
    """A column that is in `labels` labels the row's samples; every other one is a metric `<prefix>_<column>`.

    `since` and `until` are server_version_num; `needs_extension` and `primary_only` say where it has no meaning.
    """

    part: str
    prefix: str
    sql: str
    columns: Mapping[str, Column]
    labels: tuple[str, ...] = ()
    since: int = 0
    until: int = 1 << 30
    needs_extension: str = ""
    primary_only: bool = False


def _gauges(**helps: str) -> dict[str, Column]:
    return {name: ("gauge", text) for name, text in helps.items()}


def _counters(**helps: str) -> dict[str, Column]:
    return {name: ("counter", text) for name, text in helps.items()}


_DATABASE_COUNTERS = _counters(
    xact_commit="Number of transactions in this database that have been committed",
    xact_rollback="Number of transactions in this database that have been rolled back",
    blks_read="Number of disk blocks read in this database",
    blks_hit="Number of times disk blocks were found already in the buffer cache",
    tup_returned="Number of rows returned by queries in this database",
    tup_fetched="Number of rows fetched by queries in this database",
    tup_inserted="Number of rows inserted by queries in this database",
    tup_updated="Number of rows updated by queries in this database",
    tup_deleted="Number of rows deleted by queries in this database",
    conflicts="Number of queries canceled due to conflicts with recovery in this database",
    temp_files="Number of temporary files created by queries in this database",
    temp_bytes="Total amount of data written to temporary files by queries in this database",
    deadlocks="Number of deadlocks detected in this database",
    blk_read_time="Time spent reading data file blocks by backends in this database, in milliseconds",
    blk_write_time="Time spent writing data file blocks by backends in this database, in milliseconds",
    stats_reset="Time at which these statistics were last reset",
)
_TABLE_COUNTERS = _counters(
    seq_scan="Number of sequential scans initiated on this table",
    seq_tup_read="Number of live rows fetched by sequential scans",
    idx_scan="Number of index scans initiated on this table",
    idx_tup_fetch="Number of live rows fetched by index scans",
    n_tup_ins="Number of rows inserted",
    n_tup_upd="Number of rows updated",
    n_tup_del="Number of rows deleted",
    n_tup_hot_upd="Number of rows HOT updated (i.e., with no separate index update required)",
    vacuum_count="Number of times this table has been manually vacuumed (not counting VACUUM FULL)",
    autovacuum_count="Number of times this table has been vacuumed by the autovacuum daemon",
    analyze_count="Number of times this table has been manually analyzed",
    autoanalyze_count="Number of times this table has been analyzed by the autovacuum daemon",
)
_TABLE_GAUGES = _gauges(
    n_live_tup="Estimated number of live rows",
    n_dead_tup="Estimated number of dead rows",
    n_mod_since_analyze="Estimated number of rows changed since last analyze",
    last_vacuum="Last time at which this table was manually vacuumed (not counting VACUUM FULL)",
    last_autovacuum="Last time at which this table was vacuumed by the autovacuum daemon",
    last_analyze="Last time at which this table was manually analyzed",
    last_autoanalyze="Last time at which this table was analyzed by the autovacuum daemon",
)
_BGWRITER = _counters(
    buffers_clean_total="Number of buffers written by the background writer",
    maxwritten_clean_total="Number of times the background writer stopped a cleaning scan because it had written too "
    "many buffers",
    buffers_alloc_total="Number of buffers allocated",
)
_BGWRITER_BEFORE_17 = _counters(
    checkpoints_timed_total="Number of scheduled checkpoints that have been performed",
    checkpoints_req_total="Number of requested checkpoints that have been performed",
    checkpoint_write_time_total="Time in which checkpoints wrote files to disk, in milliseconds",
    checkpoint_sync_time_total="Time in which checkpoints synchronized files to disk, in milliseconds",
    buffers_checkpoint_total="Number of buffers written during checkpoints",
    buffers_backend_total="Number of buffers written directly by a backend",
    buffers_backend_fsync_total="Number of times a backend had to execute its own fsync call",
)
_STATEMENTS = _counters(
    calls_total="Number of times executed",
    seconds_total="Total time spent in the statement, in seconds",
    rows_total="Total number of rows retrieved or affected by the statement",
)

QUERIES: tuple[Query, ...] = (
    Query(
        "database",
        "pg_database",
        """
        SELECT datname, pg_database_size(oid) AS size_bytes, datconnlimit AS connection_limit
        FROM pg_database
        WHERE datallowconn
          AND (has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'MEMBER'))
        ORDER BY datname
        LIMIT 500
        """,
        _gauges(size_bytes="Disk space used by the database", connection_limit="Connection limit set for the database"),
        ("datname",),
    ),
    Query(
        "stat_database",
        "pg_stat_database",
        """
        SELECT datid, datname, numbackends, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned, tup_fetched,
               tup_inserted, tup_updated, tup_deleted, conflicts, temp_files, temp_bytes, deadlocks, blk_read_time,
               blk_write_time, EXTRACT(EPOCH FROM stats_reset) AS stats_reset
        FROM pg_stat_database
        WHERE datname IS NOT NULL
        ORDER BY datname
        LIMIT 500
        """,
        {
            **_gauges(numbackends="Number of backends currently connected to this database."),
            **_DATABASE_COUNTERS,
        },
        ("datid", "datname"),
    ),
    Query(
        "stat_database_conflicts",
        "pg_stat_database_conflicts",
        """
        SELECT datid, datname, confl_tablespace, confl_lock, confl_snapshot, confl_bufferpin, confl_deadlock
        FROM pg_stat_database_conflicts
        ORDER BY datname
        LIMIT 500
        """,
        _counters(
            confl_tablespace="Number of queries in this database that have been canceled due to dropped tablespaces",
            confl_lock="Number of queries in this database that have been canceled due to lock timeouts",
            confl_snapshot="Number of queries in this database that have been canceled due to old snapshots",
            confl_bufferpin="Number of queries in this database that have been canceled due to pinned buffers",
            confl_deadlock="Number of queries in this database that have been canceled due to deadlocks",
        ),
        ("datid", "datname"),
    ),
    Query(
        "stat_activity",
        "pg_stat_activity",
        """
        SELECT datname, state, COALESCE(usename, '') AS usename, COALESCE(application_name, '') AS application_name,
               COALESCE(backend_type, '') AS backend_type, COALESCE(wait_event_type, '') AS wait_event_type,
               COALESCE(wait_event, '') AS wait_event, COUNT(*) AS count,
               COALESCE(MAX(EXTRACT(EPOCH FROM now() - xact_start)), 0) AS max_tx_duration
        FROM pg_stat_activity
        WHERE datname IS NOT NULL AND state IS NOT NULL AND pid <> pg_backend_pid()
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        ORDER BY 8 DESC
        LIMIT 1000
        """,
        _gauges(
            count="number of connections in this state",
            max_tx_duration="max duration in seconds any active transaction has been running",
        ),
        ("datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"),
        since=100000,
    ),
    Query(
        "locks",
        "pg_locks",
        """
        SELECT d.datname, m.mode, COALESCE(l.count, 0) AS count
        FROM (VALUES ('accesssharelock'), ('rowsharelock'), ('rowexclusivelock'), ('shareupdateexclusivelock'),
                     ('sharelock'), ('sharerowexclusivelock'), ('exclusivelock'), ('accessexclusivelock'),
                     ('sireadlock')) AS m(mode)
        CROSS JOIN (SELECT oid, datname FROM pg_database ORDER BY datname LIMIT 100) AS d
        LEFT JOIN (SELECT database, lower(mode) AS mode, COUNT(*) AS count
                   FROM pg_locks
                   WHERE database IS NOT NULL
                   GROUP BY 1, 2) AS l
          ON l.mode = m.mode AND l.database = d.oid
        ORDER BY 1, 2
        """,
        _gauges(count="Number of locks"),
        ("datname", "mode"),
    ),
    Query(
        "long_running_transactions",
        "pg_long_running",
        """
        SELECT COUNT(*) AS transactions,
               COALESCE(EXTRACT(EPOCH FROM MIN(xact_start)), 0) AS transactions_oldest_timestamp_seconds
        FROM pg_stat_activity
        WHERE state IS DISTINCT FROM 'idle' AND query NOT LIKE 'autovacuum:%' AND xact_start < now() - INTERVAL '60 s'
        """,
        _gauges(
            transactions="Current number of long running transactions",
            transactions_oldest_timestamp_seconds="The current maximum transaction age in seconds",
        ),
    ),
    Query(
        "postmaster",
        "pg_postmaster",
        "SELECT EXTRACT(EPOCH FROM pg_postmaster_start_time()) AS start_time_seconds",
        _gauges(start_time_seconds="Time at which postmaster started"),
    ),
    Query(
        "replication",
        "pg_replication",
        """
        SELECT CASE
                 WHEN NOT pg_is_in_recovery() THEN 0
                 WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                 ELSE GREATEST(0, EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp()))
               END AS lag_seconds,
               CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS is_replica,
               GREATEST(0, EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp())) AS last_replay_seconds
        """,
        _gauges(
            lag_seconds="Replication lag behind master in seconds",
            is_replica="Indicates if this host is a replica",
            last_replay_seconds="Age of last transaction in seconds",
        ),
    ),
    Query(
        "stat_replication",
        "pg_stat_replication",
        """
        SELECT COALESCE(application_name, '') AS application_name, COALESCE(host(client_addr), '') AS client_addr,
               COALESCE(state, '') AS state, COALESCE(s.slot_name, '') AS slot_name,
               pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS pg_current_wal_lsn_bytes,
               pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) AS pg_wal_lsn_diff
        FROM pg_stat_replication AS r
        LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
        LIMIT 200
        """,
        _gauges(
            pg_current_wal_lsn_bytes="WAL position in bytes", pg_wal_lsn_diff="Lag in bytes between master and slave"
        ),
        ("application_name", "client_addr", "state", "slot_name"),
        primary_only=True,
    ),
    Query(
        "replication_slots",
        "pg_replication_slots",
        """
        SELECT slot_name, COALESCE(database, '') AS database, CASE WHEN active THEN 1 ELSE 0 END AS active,
               pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS pg_wal_lsn_diff
        FROM pg_replication_slots
        ORDER BY slot_name
        LIMIT 200
        """,
        _gauges(active="Flag indicating if the slot is active", pg_wal_lsn_diff="Replication lag in bytes"),
        ("slot_name", "database"),
        primary_only=True,
    ),
    Query(
        "stat_user_tables",
        "pg_stat_user_tables",
        """
        SELECT current_database() AS datname, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch,
               n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze,
               COALESCE(EXTRACT(EPOCH FROM last_vacuum), 0) AS last_vacuum,
               COALESCE(EXTRACT(EPOCH FROM last_autovacuum), 0) AS last_autovacuum,
               COALESCE(EXTRACT(EPOCH FROM last_analyze), 0) AS last_analyze,
               COALESCE(EXTRACT(EPOCH FROM last_autoanalyze), 0) AS last_autoanalyze,
               vacuum_count, autovacuum_count, analyze_count, autoanalyze_count
        FROM (SELECT * FROM pg_stat_user_tables ORDER BY n_live_tup + n_dead_tup DESC, relid LIMIT 300) AS busiest
        """,
        {**_TABLE_COUNTERS, **_TABLE_GAUGES},
        ("datname", "schemaname", "relname"),
    ),
    # By itself, because asking for a size waits for whoever holds the table's lock.
    Query(
        "table_size",
        "pg_stat_user_tables",
        """
        SELECT current_database() AS datname, schemaname, relname,
               pg_table_size(relid) AS table_size_bytes, pg_indexes_size(relid) AS index_size_bytes
        FROM (SELECT * FROM pg_stat_user_tables ORDER BY n_live_tup + n_dead_tup DESC, relid LIMIT 300) AS busiest
        """,
        _gauges(
            table_size_bytes="Total disk space used by this table with its TOAST table and maps, in bytes",
            index_size_bytes="Total disk space used by the indexes of this table, in bytes",
        ),
        ("datname", "schemaname", "relname"),
    ),
    Query(
        "stat_bgwriter",
        "pg_stat_bgwriter",
        """
        SELECT checkpoints_timed AS checkpoints_timed_total, checkpoints_req AS checkpoints_req_total,
               checkpoint_write_time AS checkpoint_write_time_total, checkpoint_sync_time AS checkpoint_sync_time_total,
               buffers_checkpoint AS buffers_checkpoint_total, buffers_clean AS buffers_clean_total,
               maxwritten_clean AS maxwritten_clean_total, buffers_backend AS buffers_backend_total,
               buffers_backend_fsync AS buffers_backend_fsync_total, buffers_alloc AS buffers_alloc_total
        FROM pg_stat_bgwriter
        """,
        {**_BGWRITER, **_BGWRITER_BEFORE_17},
        until=170000,
    ),
    Query(
        "stat_bgwriter",
        "pg_stat_bgwriter",
        """
        SELECT buffers_clean AS buffers_clean_total, maxwritten_clean AS maxwritten_clean_total,
               buffers_alloc AS buffers_alloc_total
        FROM pg_stat_bgwriter
        """,
        _BGWRITER,
        since=170000,
    ),
    Query(
        "stat_checkpointer",
        "pg_stat_checkpointer",
        """
        SELECT num_timed AS num_timed_total, num_requested AS num_requested_total, write_time AS write_time_total,
               sync_time AS sync_time_total, buffers_written AS buffers_written_total
        FROM pg_stat_checkpointer
        """,
        _counters(
            num_timed_total="Number of scheduled checkpoints due to timeout",
            num_requested_total="Number of requested checkpoints that have been performed",
            write_time_total="Time spent writing files to disk in checkpoints and restartpoints, in milliseconds",
            sync_time_total="Time spent synchronizing files to disk in checkpoints and restartpoints, in milliseconds",
            buffers_written_total="Number of buffers written during checkpoints and restartpoints",
        ),
        since=170000,
    ),
    Query(
        "stat_archiver",
        "pg_stat_archiver",
        """
        SELECT archived_count, failed_count, EXTRACT(EPOCH FROM now() - last_archived_time) AS last_archive_age
        FROM pg_stat_archiver
        """,
        {
            **_counters(
                archived_count="Number of WAL files that have been successfully archived",
                failed_count="Number of failed attempts for archiving WAL files",
            ),
            **_gauges(last_archive_age="Time in seconds since last WAL segment was successfully archived"),
        },
    ),
    Query(
        "wal",
        "pg_wal",
        """
        SELECT COUNT(*) AS segments, COALESCE(SUM(size), 0) AS size_bytes
        FROM pg_ls_waldir()
        WHERE name ~ '^[0-9A-F]{24}$'
        """,
        _gauges(segments="Number of WAL segments", size_bytes="Total size of WAL segments"),
        since=100000,
    ),
    Query(
        "stat_statements",
        "pg_stat_statements",
        """
        SELECT pg_get_userbyid(s.userid) AS "user", d.datname, s.queryid, s.calls AS calls_total,
               s.total_exec_time / 1000 AS seconds_total, s.rows AS rows_total
        FROM {schema}.pg_stat_statements AS s
        JOIN pg_database AS d ON d.oid = s.dbid
        WHERE s.queryid IS NOT NULL
        ORDER BY s.total_exec_time DESC
        LIMIT 100
        """,
        _STATEMENTS,
        ("user", "datname", "queryid"),
        since=130000,
        needs_extension="pg_stat_statements",
    ),
    Query(
        "stat_statements",
        "pg_stat_statements",
        """
        SELECT pg_get_userbyid(s.userid) AS "user", d.datname, s.queryid, s.calls AS calls_total,
               s.total_time / 1000 AS seconds_total, s.rows AS rows_total
        FROM {schema}.pg_stat_statements AS s
        JOIN pg_database AS d ON d.oid = s.dbid
        WHERE s.queryid IS NOT NULL
        ORDER BY s.total_time DESC
        LIMIT 100
        """,
        _STATEMENTS,
        ("user", "datname", "queryid"),
        until=130000,
        needs_extension="pg_stat_statements",
    ),
)
