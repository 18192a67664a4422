"""Running what `compile/` made: log queries, and range aggregations for the evaluator."""

from hannun.query.logql.execute.answer import FoundLine, LogAnswer
from hannun.query.logql.execute.evaluator import LogEvaluator

__all__ = ["FoundLine", "LogAnswer", "LogEvaluator"]
