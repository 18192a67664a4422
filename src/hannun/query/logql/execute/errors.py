"""Loki's words for what a range aggregation may not do."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.query.logql.stages.state import ERROR


def pipeline_error(labels: Mapping[str, str]) -> ExecutionError:
    """A line with `__error__` reached an aggregation."""
    kind = labels[ERROR]
    return ExecutionError(
        f"pipeline error: '{kind}' for series: '{Labels.of(labels)}'.\n"
        f'Use a label filter to intentionally skip this error. (e.g | __error__!="{kind}").\n'
        'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
        'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
    )


def too_many_series(most: int) -> ExecutionError:
    return ExecutionError(
        f"maximum number of series ({most}) reached for a single query; consider reducing query cardinality by adding "
        "more specific stream selectors, reducing the time range, or aggregating results with functions like sum(), "
        "count() or topk()"
    )
