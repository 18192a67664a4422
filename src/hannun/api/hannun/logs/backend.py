"""What the log page's questions are asked of, and how what was typed becomes one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hannun.api.form import Form
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.log import LogReader, LogTails
from hannun.model.matcher import Matcher, Matchers, equal
from hannun.model.pattern import PatternReader
from hannun.model.security import SecurityRules
from hannun.model.text import Text
from hannun.query.logql.engine import Evaluator, LogEngine
from hannun.query.logql.parser import parse
from hannun.query.logql.search import SAME_AS, Understood, regexes_of, understand
from hannun.query.logql.syntax import Binary, LabelReplace, LogQuery, MetricNode, RangeAggregation, VectorAggregation

NS_PER_MS = 1_000_000
NOT_LINES = Text(
    en="This LogQL answers with numbers; lines were asked for. Take off what is around {{selector}}",
    ko="이 LogQL의 답은 숫자인데 줄을 물었습니다. 선택자 바깥의 함수를 빼 주세요: {{selector}}",
)


@dataclass(frozen=True, slots=True)
class LogBackend:
    """`tails` None: nothing can be watched live; `patterns` None: nobody mines patterns; `engine` None: no numbers.
    `security` names the kinds of events that are counted, and what finds their lines."""

    reader: LogReader
    evaluator: Evaluator
    tails: LogTails | None = None
    patterns: PatternReader | None = None
    engine: LogEngine | None = None
    security: SecurityRules | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed and the scope of the page, as one question over `[start_ns, end_ns)`."""

    understood: Understood
    query: LogQuery
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class AskedNumbers:
    """LogQL that answers with numbers over `[start_ns, end_ns]`: a graph, and no lines."""

    understood: Understood
    query: MetricNode
    start_ns: int
    end_ns: int


def read(logs: LogBackend, form: Form, window_ms: tuple[int, int], budget: Budget) -> Asked | AskedNumbers:
    """Raises BadQuery: not LogQL after all."""
    start_ns, end_ns = window_ms[0] * NS_PER_MS, window_ms[1] * NS_PER_MS
    names = logs.reader.label_names((), start_ns, end_ns, budget)
    scope = {_scope_label(part, names): value for part in SAME_AS if (value := form.one(part))}
    understood = understand(
        form.one("q"), labels=names, is_logql=_is_metric, scope=scope, security=regexes_of(logs.security)
    )
    query = parse(understood.logql)
    matchers = tuple(equal(name, value) for name, value in scope.items()) if understood.kind == "logql" else ()
    if isinstance(query, LogQuery):
        return Asked(understood, _within(query, matchers), start_ns, end_ns)
    return AskedNumbers(replace(understood, kind="numbers"), _all_within(query, matchers), start_ns, end_ns)


def ask(logs: LogBackend, form: Form, window_ms: tuple[int, int], budget: Budget) -> Asked:
    """As `read`, and raises BadQuery for LogQL that answers with numbers."""
    asked = read(logs, form, window_ms, budget)
    if isinstance(asked, AskedNumbers):
        raise BadQuery(NOT_LINES)
    return asked


def _scope_label(part: str, names: list[str]) -> str:
    labels = SAME_AS[part]
    return next((label for label in labels if label in names), labels[0])


def _is_metric(text: str) -> bool:
    """Whether this is a question for numbers and not words with a bracket in them."""
    if "{" not in text and "(" not in text:
        return False
    try:
        parse(text)
    except BadQuery:
        return False
    return True


def _within(query: LogQuery, scope: tuple[Matcher, ...]) -> LogQuery:
    wanted: Matchers = tuple(matcher for matcher in scope if matcher not in query.matchers)
    return replace(query, matchers=query.matchers + wanted)


def _all_within(node: MetricNode, scope: tuple[Matcher, ...]) -> MetricNode:
    match node:
        case RangeAggregation():
            return replace(node, query=_within(node.query, scope))
        case VectorAggregation() | LabelReplace():
            return replace(node, expr=_all_within(node.expr, scope))
        case Binary():
            return replace(node, left=_all_within(node.left, scope), right=_all_within(node.right, scope))
    return node
