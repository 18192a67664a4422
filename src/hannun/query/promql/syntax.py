"""The nodes of a PromQL question: what the parser makes, rewrites turn into one another, and the evaluator runs.

All frozen. Spans are left out of comparison, so that two equal sub-expressions at different places are equal values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from hannun.model.matcher import Matchers
from hannun.query.promql.position import NOWHERE, Span


class Type(Enum):
    """Types of expressions, in Prometheus's documented words."""

    SCALAR = "scalar"
    VECTOR = "instant vector"
    MATRIX = "range vector"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    is_duration: bool = field(default=False, compare=False)
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Length:
    """Duration arithmetic that may need the query's step or range. `op`: + - * / % ^ min max step range number."""

    op: str
    left: Length | None = None
    right: Length | None = None
    seconds: float = 0.0
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class When:
    """`offset` and `@` of a selector or subquery. `at` is ms since 1970 or an edge of the query."""

    offset_ms: int = 0
    at: int | Literal["start", "end"] | None = None
    offset_length: Length | None = None

    @property
    def is_plain(self) -> bool:
        return self.offset_ms == 0 and self.at is None and self.offset_length is None


NOW = When()


@dataclass(frozen=True, slots=True)
class Selector:
    """`name` is the metric before the braces; `matchers` holds its matcher too (last, as Prometheus has it).

    `bare`: of native histograms only count and sum are asked for.
    """

    name: str
    matchers: Matchers
    when: When = NOW
    mode: Literal["", "anchored", "smoothed"] = ""
    bare: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Range:
    selector: Selector
    range_ms: int
    length: Length | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Subquery:
    """`step_ms` 0: the default resolution."""

    expr: Node
    range_ms: int
    step_ms: int = 0
    when: When = NOW
    length: Length | None = None
    step_length: Length | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    args: tuple[Node, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    op: str
    expr: Node
    param: Node | None = None
    labels: tuple[str, ...] = ()
    without: bool = False
    span: Span = field(default=NOWHERE, compare=False)


class Cardinality(Enum):
    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True)
class Matching:
    """How elements of two vectors find each other. `fill_*` stands in for a missing partner on that side."""

    cardinality: Cardinality = Cardinality.ONE_TO_ONE
    on: bool = False
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """`matching` is None unless both sides are vectors."""

    op: str
    left: Node
    right: Node
    matching: Matching | None = None
    returns_bool: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    op: str
    expr: Node
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Paren:
    expr: Node
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Once:
    """An expression whose answer is the same at every step: computed at the first, repeated for the others."""

    expr: Node
    span: Span = field(default=NOWHERE, compare=False)


Node = Number | Text | Selector | Range | Subquery | Call | Aggregate | Binary | Unary | Paren | Once

COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
SET_OPERATORS = frozenset(("and", "or", "unless"))
DEPTH_MAX = 200
"""Nested levels of one question: far more than people write, few enough for recursion over the tree."""


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Call(args=args):
            return args
        case Aggregate(expr=expr, param=param):
            return (expr,) if param is None else (param, expr)
        case Binary(left=left, right=right):
            return (left, right)
        case Unary(expr=expr) | Paren(expr=expr) | Once(expr=expr) | Subquery(expr=expr):
            return (expr,)
        case Range(selector=selector):
            return (selector,)
    return ()


def with_children(node: Node, new: tuple[Node, ...]) -> Node:
    """`node` over other children, in the order of `children`; the same object when nothing changed."""
    old = children(node)
    if len(old) == len(new) and all(a is b for a, b in zip(old, new, strict=True)):
        return node
    match node:
        case Call():
            return replace(node, args=new)
        case Aggregate(param=None):
            return replace(node, expr=new[0])
        case Aggregate():
            return replace(node, param=new[0], expr=new[1])
        case Binary():
            return replace(node, left=new[0], right=new[1])
        case Range():
            assert isinstance(new[0], Selector)
            return replace(node, selector=new[0])
        case Unary() | Paren() | Once() | Subquery():
            return replace(node, expr=new[0])
    return node


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """Bottom-up: `change` sees each node after its children were changed."""
    below = children(node)
    if not below:
        return change(node)
    return change(with_children(node, tuple([rebuild(child, change) for child in below])))


def without_parens(node: Node) -> Node:
    while isinstance(node, Paren):
        node = node.expr
    return node
