"""A log query as a yes or no about one line: what Promtail's `match` stage asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hannun.model.errors import BadQuery
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import LogQuery, Query


def selects(query: Query) -> Callable[[Mapping[str, str], str], bool]:
    """(labels, line) -> whether `query` takes it. Raises BadQuery for a metric query and for stages that cannot run."""
    if not isinstance(query, LogQuery):
        raise BadQuery("only log queries are supported")
    matchers, pipeline = query.matchers, Pipeline(query.stages)

    def takes(labels: Mapping[str, str], line: str) -> bool:
        if not all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers):
            return False
        return not pipeline.stages or pipeline.run(line, labels, {}, 0) is not None

    return takes
