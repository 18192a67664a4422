"""What LogQL's grammar lets through and Loki refuses all the same, in Loki's words. Pure.

Checks of single stages raise while the text is read, as Loki does; those of aggregations return their words, which are
told when the whole text was read.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from hannun.model.errors import BadQuery
from hannun.model.matcher import Matchers, compile_anchored
from hannun.query.logql.lexer import LogQLSyntaxError
from hannun.query.logql.syntax import (
    Binary,
    Both,
    Condition,
    Either,
    IpMatch,
    Json,
    LabelFilter,
    LabelFormat,
    LabelReplace,
    LineFilter,
    Logfmt,
    LogQuery,
    MetricNode,
    Query,
    RangeAggregation,
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
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_CAPTURE = re.compile(r"<([a-zA-Z_][a-zA-Z0-9_]*)>")
ERROR_LABELS = ("__error__", "__error_details__")


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


def check_regexp_parser(pattern: str) -> None:
    """`| regexp`: at least one named capture, each a label name of its own. Raises LogQLSyntaxError."""
    try:
        names = captures(pattern)
    except (BadQuery, ValueError) as err:
        raise LogQLSyntaxError(f"invalid regexp parser: {err}") from err
    if not names:
        raise LogQLSyntaxError("invalid regexp parser: at least one named capture must be supplied")


def captures(pattern: str) -> list[str]:
    """Names of the groups. Raises BadQuery for no regular expression, ValueError for a name that is no label's."""
    regex: Any = compile_anchored(pattern)
    names = list(regex.groupindex)
    for name in names:
        if not _LABEL_NAME.fullmatch(name):
            raise ValueError(f"invalid extracted label name '{name}'")
    return names


def check_pattern_parser(pattern: str) -> None:
    """`| pattern`: at least one capture, no two beside each other, every name once. Raises LogQLSyntaxError."""
    wrong = _wrong_pattern(pattern)
    if wrong:
        raise LogQLSyntaxError(f"invalid pattern parser: {wrong}")


def _wrong_pattern(pattern: str) -> str | None:
    seen: set[str] = set()
    end, last = -1, ""
    for found in _CAPTURE.finditer(pattern):
        if found.start() == end:
            return f"found consecutive capture '{last}{found.group()}': invalid expression"
        end, last = found.end(), found.group()
    if end < 0:
        return "at least one capture is required"
    for found in _CAPTURE.finditer(pattern):
        name = found.group(1)
        if name != "_" and name in seen:
            return f"duplicate capture name ({name}): invalid expression"
        seen.add(name)
    # Captures that name nothing at all would parse every line for nothing.
    return None if seen - {"_"} else "at least one capture is required"


def _check_log_query(query: LogQuery) -> None:
    require_selective(query.matchers)
    for stage in query.stages:
        _check_stage(stage)


def require_selective(matchers: Matchers) -> None:
    """Raises LogQLSyntaxError when every stream could match."""
    if all(matcher.matches_empty() for matcher in matchers):
        raise LogQLSyntaxError(EMPTY_MATCHERS)


def _check_stage(stage: Stage) -> None:
    wrong = _wrong_stage(stage)
    if wrong:
        # The printer needs this module's neighbours, and only an error needs the printer.
        from hannun.query.logql.printer import show_stage

        raise LogQLSyntaxError(f"stage '{show_stage(stage)}' : {wrong}")


def _wrong_stage(stage: Stage) -> str | None:
    match stage:
        case LineFilter(op=op, needles=needles):
            for needle in needles:
                if needle.is_ip:
                    if op not in ("|=", "!="):
                        return "ip filter: invalid operation"
                    if not is_ip_pattern(needle.text):
                        return f'ip filter: invalid pattern: "{needle.text}"'
                elif op in ("|~", "!~"):
                    try:
                        compile_anchored(needle.text)
                    except BadQuery as err:
                        return str(err)
                elif op in ("|>", "!>"):
                    return _wrong_line_pattern(needle.text)
        case LabelFilter(condition=condition):
            for part in conditions(condition):
                if isinstance(part, IpMatch) and not is_ip_pattern(part.pattern):
                    return f'ip filter: invalid pattern: "{part.pattern}"'
        case Json(extractions=found) | Logfmt(extractions=found):
            for extraction in found:
                if not _LABEL_NAME.fullmatch(extraction.label):
                    return f"invalid extracted label name '{extraction.label}'"
        case LabelFormat(items=items):
            seen: set[str] = set()
            for item in items:
                if item.name in ERROR_LABELS[:1]:
                    return f"{item.name} cannot be formatted"
                if item.name in seen:
                    return f"multiple label name '{item.name}' not allowed in a single format operation"
                seen.add(item.name)
    return None


def _wrong_line_pattern(pattern: str) -> str | None:
    """`|>`: captures are `<_>` alone, and no two beside each other."""
    end, last = -1, ""
    for found in _CAPTURE.finditer(pattern):
        if found.group(1) != "_":
            return "named captures are not allowed"
        if found.start() == end:
            return f"found consecutive capture '{last}{found.group()}': invalid expression"
        end, last = found.end(), found.group()
    return None


def is_ip_pattern(text: str) -> bool:
    """An address, a CIDR, or a range `from-to` of one family in order."""
    try:
        if "/" in text:
            ipaddress.ip_network(text, strict=False)
        elif "-" in text:
            first, last = (ipaddress.ip_address(part) for part in text.split("-"))
            return first.version == last.version and int(first) <= int(last)
        else:
            ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def conditions(condition: Condition) -> Iterator[Condition]:
    """The condition and all that it is made of, without recursion."""
    waiting = [condition]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, Both | Either):
            waiting += (part.right, part.left)


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
