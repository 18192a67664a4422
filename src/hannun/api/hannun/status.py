"""GET /api/hannun/v1/status: everything this server knows about itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.hannun.backend import Backend
from hannun.api.hannun.route import Route
from hannun.api.hannun.sources import Sources
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problem

OUTCOMES_MAX = 500


def routes(backend: Backend) -> list[Route]:
    async def status(request: Request) -> Response:
        def work(_budget: Budget) -> dict[str, Any]:
            return status_of(backend.sources)

        return await backend.answer(request, work)

    return [Route("GET", "/status", status, Access.VIEW, "Versions, memory, disk, queues, tables, drops and config")]


def status_of(sources: Sources) -> dict[str, Any]:
    """The answer's value."""
    memory, disk, config = sources.memory(), sources.disk(), sources.config()
    return {
        "version": sources.version,
        "versions": dict(sources.versions()),
        "started_ms": sources.started_ms,
        "ready": sources.ready(),
        "data_dir": sources.data_dir,
        "listen": sources.listen,
        "memory": {
            "rss_bytes": memory.rss_bytes,
            "private_bytes": memory.private_bytes,
            "limit_bytes": memory.limit_bytes,
            "engine_bytes": memory.engine_bytes,
        },
        "disk": {
            "total_bytes": disk.total_bytes,
            "free_bytes": disk.free_bytes,
            "reserve_bytes": disk.reserve_bytes,
            "used_bytes": disk.used_bytes,
            "refusing": disk.refusing,
        },
        "queues": [
            {
                "name": queue.name,
                "rows": queue.rows,
                "bytes": queue.bytes,
                "bytes_max": queue.bytes_max,
                "commits": queue.commits,
                "rows_written": queue.rows_written,
                "rows_dropped": queue.rows_dropped,
                "commit_ms_p50": queue.commit_ms_p50 if queue.commits else None,
                "commit_ms_p99": queue.commit_ms_p99 if queue.commits else None,
                "last_commit_ms": queue.last_commit_ms,
            }
            for queue in sources.queues()
        ],
        "tables": [
            {
                "name": table.name,
                "rows": table.rows,
                "bytes": table.bytes,
                "parts": table.parts,
                "bytes_per_row": table.bytes_per_row if table.rows else None,
                "oldest_ms": table.oldest_ms,
                "newest_ms": table.newest_ms,
            }
            for table in sources.tables()
        ],
        "outcomes": outcomes_of(sources.outcomes),
        "retention": [
            {"signal": kept.signal, "keep_ms": kept.keep_ms, "size_bytes": kept.size_bytes}
            for kept in sources.retention()
        ],
        "config": {
            "file": config.file,
            "warnings": [{"file": one.file, "line": one.line, "text": one.text} for one in config.warnings],
            "settings": [{"name": one.name, "value": one.value, "source": one.source} for one in config.settings],
        },
        "problems": problems_of(sources.problems.standing()),
        "collectors": [
            {"name": one.name, "ok": one.ok, "duration_s": one.duration_s, "error": one.error or None}
            for one in sources.collectors()
            if not one.absent
        ],
    }


def outcomes_of(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Newest hour first, at most OUTCOMES_MAX rows."""
    return [
        {
            "signal": tally.signal,
            "key": tally.key,
            "outcome": tally.outcome.value,
            "reason": tally.reason,
            "hour_ms": tally.hour_ms,
            "count": count,
        }
        for tally, count in outcomes.rows()[:OUTCOMES_MAX]
    ]


def problems_of(standing: Sequence[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "id": problem.id,
            "severity": problem.severity.value,
            "what": problem.what,
            "do": problem.do,
            "since_ms": problem.since_ms,
        }
        for problem in standing
    ]
