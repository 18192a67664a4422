"""What the LogQL engine reads lines and range aggregations with."""

from __future__ import annotations

from hannun.model.budget import Budget
from hannun.model.log import LogReader
from hannun.query.logql.execute.answer import LogAnswer
from hannun.query.logql.execute.lines import LineSearch
from hannun.query.logql.execute.question import Question
from hannun.query.logql.execute.ranges import RangeRun
from hannun.query.logql.ranges import Matrix, Times
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation

SERIES_MAX = 20_000
"""Of one range aggregation; the limit of an answer is the engine's, whose sums make few series of many."""


class LogEvaluator:
    """Keeps no state between questions, so any thread may ask.

    `in_sql` False sends every line of the selected streams through the plain pipeline: the same answers, slowly.
    """

    def __init__(self, reader: LogReader, *, in_sql: bool = True, series_max: int = SERIES_MAX) -> None:
        self._reader = reader
        self._in_sql = in_sql
        self._series_max = series_max

    def evaluate(self, node: RangeAggregation, times: Times, summed_by: Grouping | None, budget: Budget) -> Matrix:
        """Windows are `(t - range, t]`. Raises ExecutionError in Loki's words, QueryTimeout, QueryCanceled."""
        question = Question.of(node, times, summed_by)
        run = RangeRun(self._reader, question, budget, in_sql=self._in_sql, series_max=self._series_max)
        return run.matrix()

    def select(
        self,
        query: LogQuery,
        start_ns: int,
        end_ns: int,
        limit: int,
        backward: bool,
        interval_ns: int,
        budget: Budget,
    ) -> LogAnswer:
        """At most `limit` lines with `start_ns <= ts < end_ns`, newest first when backward.

        `interval_ns` thins them: the next line of a stream is at least that far from the one before it.
        """
        search = LineSearch(self._reader, query, budget, in_sql=self._in_sql)
        return search.run(start_ns, end_ns, limit, backward=backward, interval_ns=interval_ns)
