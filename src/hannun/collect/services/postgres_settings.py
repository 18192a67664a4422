"""pg_settings as postgres_exporter shows them: sizes in bytes, times in seconds, the unit in the name."""

from __future__ import annotations

import re

SETTINGS = (
    "autovacuum",
    "autovacuum_max_workers",
    "checkpoint_completion_target",
    "checkpoint_timeout",
    "effective_cache_size",
    "effective_io_concurrency",
    "fsync",
    "hot_standby",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "maintenance_work_mem",
    "max_connections",
    "max_locks_per_transaction",
    "max_parallel_workers",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_wal_size",
    "max_worker_processes",
    "min_wal_size",
    "random_page_cost",
    "reserved_connections",
    "seq_page_cost",
    "shared_buffers",
    "statement_timeout",
    "superuser_reserved_connections",
    "synchronous_commit",
    "temp_buffers",
    "wal_buffers",
    "wal_keep_size",
    "work_mem",
)
"""Those settings that alerts and dashboards ask for, instead of all 300 with every reading."""

# What a session begins with: two of them we change for the length of each question.
SETTINGS_SQL = """
SELECT name, COALESCE(reset_val, setting) AS setting, COALESCE(unit, '') AS unit, short_desc, vartype
FROM pg_settings
WHERE vartype IN ('bool', 'integer', 'real') AND name IN ({names})
ORDER BY name
"""

_UNIT = re.compile(r"(\d*)(B|kB|MB|GB|TB|us|ms|s|min|h|d)")
_FACTORS = {
    "B": 1.0,
    "kB": 1024.0,
    "MB": 1024.0**2,
    "GB": 1024.0**3,
    "TB": 1024.0**4,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_SIZES = frozenset({"B", "kB", "MB", "GB", "TB"})


def read_setting(setting: str, unit: str, vartype: str) -> tuple[str, float | None]:
    """Suffix of the name and value of one row of pg_settings: sizes in bytes, times in seconds. Pure."""
    if vartype == "bool":
        return "", float(setting == "on")
    try:
        value = float(setting)
    except ValueError:
        return "", None
    found = _UNIT.fullmatch(unit)
    if found is None:
        return "", value
    suffix = "_bytes" if found[2] in _SIZES else "_seconds"
    if value < 0:  # -1 means "none" or "as another setting says", in no unit.
        return suffix, value
    return suffix, value * float(found[1] or 1) * _FACTORS[found[2]]
