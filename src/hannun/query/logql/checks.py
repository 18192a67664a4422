"""What LogQL's grammar lets through and Loki refuses all the same, in Loki's words. Pure.

Checks of parsers raise while the text is read, as Loki does; those of aggregations return their words, which are told
when the whole text was read.
"""

from __future__ import annotations

from collections.abc import Iterator

from hannun.model.errors import BadQuery
from hannun.model.matcher import Matchers
from hannun.query.logql.lexer import LogQLSyntaxError
from hannun.query.logql.printer import show_stage
from hannun.query.logql.stages.registry import compile_stage
from hannun.query.logql.syntax import (
    Binary,
    Both,
    Condition,
    Either,
    LabelFilter,
    LabelReplace,
    LineFilter,
    LogQuery,
    MetricNode,
    Pattern,
    Query,
    RangeAggregation,
    Regexp,
    Stage,
    VectorAggregation,
)

DEPTH_MAX = 200
TOO_DEEP = f"the query nests deeper than {DEPTH_MAX} levels"
EMPTY_MATCHERS = (
    "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
    'For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)
_UNGROUPED = frozenset(
    ("rate", "rate_counter", "count_over_time", "bytes_rate", "bytes_over_time", "sum_over_time", "absent_over_time")
)
_TAKES_UNWRAP = frozenset(
    (
        "avg_over_time", "sum_over_time", "max_over_time", "min_over_time", "stddev_over_time", "stdvar_over_time",
        "quantile_over_time", "rate", "rate_counter", "absent_over_time", "first_over_time", "last_over_time",
    )
)  # fmt: skip
_WITHOUT_UNWRAP = frozenset(("bytes_over_time", "bytes_rate", "count_over_time", "rate", "absent_over_time"))
_TAKES_NUMBER = frozenset(("topk", "bottomk", "approx_topk"))


def check(query: Query) -> None:
    """Raises LogQLSyntaxError for a question that Loki would refuse before it reads a line."""
    if isinstance(query, LogQuery):
        _check_log_query(query)
        return
    for node in walk(query):
        if isinstance(node, RangeAggregation):
            _check_log_query(node.query)
            if node.unwrap is not None:
                for stage in node.unwrap.filters:
                    _check_stage(stage)
        elif isinstance(node, VectorAggregation) and node.op in ("sort", "sort_desc"):
            _check_order(node)


def _check_order(node: VectorAggregation) -> None:
    if node.grouping is not None and node.grouping.labels:
        raise LogQLSyntaxError("sort and sort_desc doesn't allow grouping by ")


def check_range_aggregation(node: RangeAggregation, written: str | None) -> str | None:
    """`written` is the parameter's text. Returns what is wrong."""
    op = node.op
    if written is not None and op != "quantile_over_time":
        return f"parameter {written} not supported for operation {op}"
    if written is None and op == "quantile_over_time":
        return f"parameter required for operation {op}"
    if node.grouping is not None and op in _UNGROUPED:
        return f"grouping not allowed for {op} aggregation"
    if node.unwrap is not None and op not in _TAKES_UNWRAP:
        return f"invalid aggregation {op} with unwrap"
    if node.unwrap is None and op not in _WITHOUT_UNWRAP:
        return f"invalid aggregation {op} without unwrap"
    return None


def check_vector_aggregation(node: VectorAggregation, written: str | None) -> str | None:
    """`written` is the parameter's text. Returns what is wrong."""
    op = node.op
    if op not in _TAKES_NUMBER:
        return None if written is None else f"unsupported parameter for operation {op}({written},"
    if written is None:
        return f"parameter required for operation {op}"
    if node.param is None:
        return f"invalid parameter {op}({written},"
    if node.param <= 0:
        return f"invalid parameter (must be greater than 0) {op}({written}"
    if op == "approx_topk" and node.grouping is not None:
        return f"grouping not allowed for {op} aggregation"
    return None


def check_parser(stage: Regexp | Pattern) -> None:
    """Captures of `| regexp` and `| pattern`. Raises LogQLSyntaxError."""
    try:
        compile_stage(stage)
    except BadQuery as err:
        kind = "regexp" if isinstance(stage, Regexp) else "pattern"
        raise LogQLSyntaxError(f"invalid {kind} parser: {err}") from err


def _check_log_query(query: LogQuery) -> None:
    require_selective(query.matchers)
    for stage in query.stages:
        _check_stage(stage)


def require_selective(matchers: Matchers) -> None:
    """Raises LogQLSyntaxError when every stream could match."""
    if all(matcher.matches_empty() for matcher in matchers):
        raise LogQLSyntaxError(EMPTY_MATCHERS)


def _check_stage(stage: Stage) -> None:
    """What runs the stage decides whether it can be run."""
    try:
        if isinstance(stage, LineFilter) and stage.op not in ("|=", "!=") and any(one.is_ip for one in stage.needles):
            raise BadQuery("ip: invalid operation")
        compile_stage(stage)
    except BadQuery as err:
        raise LogQLSyntaxError(f"stage '{show_stage(stage)}' : {err}") from err


def walk(node: MetricNode) -> Iterator[MetricNode]:
    """The node and all below it, outermost and leftmost first."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(children(found))


def children(node: MetricNode) -> tuple[MetricNode, ...]:
    match node:
        case Binary(left=left, right=right):
            return (left, right)
        case VectorAggregation(expr=expr) | LabelReplace(expr=expr):
            return (expr,)
    return ()


def check_nesting(query: Query) -> None:
    """Chains of operators nest to the left without nesting the parser, so the finished tree is measured.

    Raises LogQLSyntaxError where walking it could exhaust the stack.
    """
    if isinstance(query, LogQuery):
        stages = query.stages
    else:
        stages = ()
        level: list[MetricNode] = [query]
        depth = 0
        while level:
            depth += 1
            if depth > DEPTH_MAX:
                raise LogQLSyntaxError(TOO_DEEP)
            level = [child for parent in level for child in children(parent)]
        for node in walk(query):
            if isinstance(node, RangeAggregation):
                stages += node.query.stages + (node.unwrap.filters if node.unwrap is not None else ())
    for stage in stages:
        if isinstance(stage, LabelFilter) and _depth(stage.condition) > DEPTH_MAX:
            raise LogQLSyntaxError(TOO_DEEP)


def _depth(condition: Condition) -> int:
    level: list[Condition] = [condition]
    depth = 0
    while level:
        depth += 1
        level = [side for part in level if isinstance(part, Both | Either) for side in (part.left, part.right)]
    return depth
