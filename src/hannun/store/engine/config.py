"""Server settings of the embedded engine as the XML file that it reads at start, derived from `--memory`.

The figures: the engine counts allocations, not RSS, and keeps caches of its own, so it gets less than half of what the
process may use; the rest is for columns in NumPy, Python and pages that jemalloc has not returned yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

MIB = 1 << 20
ENGINE_SHARE = 0.45
MEMORY_MIN = 256 * MIB


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """`query_bytes` bounds one query, `server_bytes` all of them together with merges."""

    server_bytes: int
    query_bytes: int
    mark_cache_bytes: int
    threads: int

    @staticmethod
    def of(memory_bytes: int, threads: int | None, cores: int) -> EngineLimits:
        server = int(max(memory_bytes, MEMORY_MIN) * ENGINE_SHARE)
        return EngineLimits(
            server_bytes=server,
            query_bytes=server * 7 // 10,
            mark_cache_bytes=min(32 * MIB, server // 32),
            threads=threads or max(1, min(cores, 8)),
        )


def server_xml(limits: EngineLimits) -> str:
    """No user input stands in here, and no log: errors come back with each call."""
    settings = {
        "max_server_memory_usage": limits.server_bytes,
        "mark_cache_size": limits.mark_cache_bytes,
        "index_mark_cache_size": 4 * MIB,
        "uncompressed_cache_size": 0,
        "index_uncompressed_cache_size": 0,
        "primary_index_cache_size": 8 * MIB,
        "mmap_cache_size": 0,
        "query_condition_cache_size": 4 * MIB,
        "max_concurrent_queries": 64,
        "max_thread_pool_size": 256,
        "max_thread_pool_free_size": 8,
        # Merges are throughput work: two at once keep up with 20 commits a second and leave cores to questions.
        "background_pool_size": 2,
        "background_move_pool_size": 1,
        "background_fetches_pool_size": 1,
        "background_common_pool_size": 2,
        "background_schedule_pool_size": 4,
        "background_buffer_flush_schedule_pool_size": 1,
        "background_message_broker_schedule_pool_size": 1,
        "background_distributed_schedule_pool_size": 1,
        # Up to a second of random sleep before a full pool is asked again made a delete of 50 ms CPU take 2 s.
        "background_processing_pool_task_sleep_seconds_when_no_work_random_part": 0.02,
    }
    lines = [f"  <{name}>{escape(str(value))}</{name}>" for name, value in settings.items()]
    # Column-sized merge buffers are what a quiet store keeps in memory; half the default halves the peak.
    # From a hundred merged parts that wait to be deleted, which is minute six of a quiet server, the engine would start
    # 119 threads for it and keep them: 16 MiB of memory (measured). The pool's size itself cannot be set in chDB.
    merge_tree = {
        "merge_max_block_size_bytes": 4 * MIB,
        "old_parts_lifetime": 30,
        "concurrent_part_removal_threshold": 1_000_000,
    }
    lines += ["  <merge_tree>", *(f"    <{k}>{v}</{k}>" for k, v in merge_tree.items()), "  </merge_tree>"]
    return "<clickhouse>\n" + "\n".join(lines) + "\n</clickhouse>\n"


def session_options(limits: EngineLimits) -> dict[str, str]:
    """Settings of every connection, for the connect string."""
    return {
        "async_insert": "0",
        "max_threads": str(limits.threads),
        # The engine takes threads away from a query unless it has 1 GiB of its limit free for each: here, all but one.
        "max_threads_min_free_memory_per_thread": "0",
        "max_insert_threads": "1",
        "max_memory_usage": str(limits.query_bytes),
        "insert_deduplicate": "0",
        # Skip indexes are built once, for parts that have settled: at the insert they would cost five times the insert.
        "materialize_skip_indexes_on_insert": "0",
        "max_partitions_per_insert_block": "64",
        "lightweight_deletes_sync": "2",
        "mutations_sync": "2",
        "alter_sync": "2",
        "log_queries": "0",
        "output_format_native_write_json_as_string": "1",
    }
