"""Rewrites: small functions from plan to plan, applied in one order. Each keeps the answer and saves work.

`RULES` is the order. A golden file per rule (tests/query/golden/rewrites) shows a plan before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hannun.query.promql import lengths
from hannun.query.promql.grid import Asked
from hannun.query.promql.operators.arithmetic import ARITHMETIC, COMPARE
from hannun.query.promql.position import PromQLSyntaxError
from hannun.query.promql.registry import FUNCTIONS
from hannun.query.promql.syntax import (
    Aggregate,
    Binary,
    Call,
    Length,
    Node,
    Number,
    Once,
    Paren,
    Range,
    Selector,
    Subquery,
    Text,
    Unary,
    When,
    children,
    rebuild,
    with_children,
)


@dataclass(frozen=True, slots=True)
class Query:
    """What rewrites may know beside the plan."""

    text: str
    asked: Asked


BARE_HISTOGRAMS = frozenset(("histogram_count", "histogram_sum", "histogram_avg"))
WHOLE_HISTOGRAMS = frozenset(("histogram_quantile", "histogram_quantiles", "histogram_fraction"))
Rule = Callable[[Node, Query], Node]


def resolve_lengths(node: Node, query: Query) -> Node:
    """`[5m * 2]`, `offset -step()`: durations that depend on the query become milliseconds."""

    def milliseconds(length: Length, *, positive: bool) -> int:
        try:
            seconds = lengths.seconds_of(length, query.asked.step_s, query.asked.range_s)
        except lengths.LengthError as err:
            raise PromQLSyntaxError(err.words, query.text, err.span) from err
        if positive and not seconds > 0:
            raise PromQLSyntaxError("duration must be greater than 0", query.text, length.span)
        return lengths.to_ms(seconds, query.text, length.span)

    def when(old: When) -> When:
        if old.offset_length is None:
            return old
        return replace(old, offset_ms=milliseconds(old.offset_length, positive=False), offset_length=None)

    def change(node: Node) -> Node:
        match node:
            case Selector() if node.when.offset_length is not None:
                return replace(node, when=when(node.when))
            case Range() if node.length is not None:
                ms = node.range_ms or milliseconds(node.length, positive=True)
                return replace(node, range_ms=ms, length=None)
            case Subquery():
                ms = node.range_ms
                if node.length is not None and not ms:
                    ms = milliseconds(node.length, positive=True)
                step_ms = node.step_ms
                if node.step_length is not None and not step_ms:
                    step_ms = milliseconds(node.step_length, positive=True)
                return replace(node, range_ms=ms, step_ms=step_ms, when=when(node.when), length=None, step_length=None)
        return node

    return rebuild(node, change)


def fix_times(node: Node, query: Query) -> Node:
    """`@ start()` and `@ end()` become the times they stand for."""
    edges = {"start": query.asked.start_ms, "end": query.asked.end_ms}

    def change(node: Node) -> Node:
        if isinstance(node, Selector | Subquery) and isinstance(node.when.at, str):
            return replace(node, when=replace(node.when, at=edges[node.when.at]))
        return node

    return rebuild(node, change)


def drop_parens(node: Node, query: Query) -> Node:
    """The tree already says what binds to what."""
    return rebuild(node, lambda found: found.expr if isinstance(found, Paren) else found)


def fold_constants(node: Node, query: Query) -> Node:
    """`2 * 60 + 1` is one number; so is `-(5)`."""

    def change(node: Node) -> Node:
        match node:
            case Unary(op=op, expr=Number(value=value)):
                return Number(-value if op == "-" else value, span=node.span)
            case Binary(op=op, left=Number(value=left), right=Number(value=right)) if op in ARITHMETIC or op in COMPARE:
                operate = ARITHMETIC.get(op) or COMPARE[op]
                with np.errstate(all="ignore"):
                    return Number(float(operate(np.float64(left), np.float64(right))), span=node.span)  # type: ignore[arg-type]
        return node

    return rebuild(node, change)


def skip_buckets(node: Node, query: Query) -> Node:
    """`histogram_count(rate(a[5m]))`: whoever asks for count, sum or mean alone needs no buckets.

    Prometheus does the same and with it says nothing of layouts that differ, so this is more than saved work. Operands
    of operators are looked at each on their own; in a subquery resets must be found, which takes buckets.
    """

    def walk(node: Node, may: bool, bare: bool) -> Node:
        match node:
            case Selector():
                return replace(node, bare=True) if may and bare else node
            case Binary():
                may, bare = True, False
            case Subquery():
                may = False
            case Call(name=name):
                may = may and name not in WHOLE_HISTOGRAMS
                bare = bare or name in BARE_HISTOGRAMS
        return with_children(node, tuple([walk(child, may, bare) for child in children(node)]))

    return walk(node, True, False)


def hoist_invariant(node: Node, query: Query) -> Node:
    """What is the same at every step (everything in it has an `@`) is computed at one step."""

    def invariant(node: Node) -> bool:
        match node:
            case Number() | Text():
                return True
            case Selector():
                return node.when.at is not None
            case Range(selector=selector):
                return selector.when.at is not None
            case Subquery():
                return node.when.at is not None
            case Call(name=name) if FUNCTIONS[name].per_step:
                return False
            case Once():
                return True
        below = children(node)
        return bool(below) and all(invariant(child) for child in below)

    def walk(node: Node, inside: bool) -> Node:
        if not inside and isinstance(node, Selector | Call | Aggregate | Binary | Unary) and invariant(node):
            return Once(walk(node, True), node.span)
        if isinstance(node, Range | Selector):
            return node
        # A subquery has many steps of its own, wherever it stands.
        below = inside and not isinstance(node, Subquery)
        return with_children(node, tuple([walk(child, below) for child in children(node)]))

    return walk(node, False)


def share_equal(node: Node, query: Query) -> Node:
    """Equal sub-expressions become the same node, which the evaluator computes once."""
    known: dict[Node, Node] = {}

    def change(node: Node) -> Node:
        if isinstance(node, Number | Text):
            return node
        return known.setdefault(node, node)

    return rebuild(node, change)


def shared_nodes(node: Node) -> frozenset[int]:
    """Ids of the nodes that stand at several places of a plan."""
    seen: set[int] = set()
    shared: set[int] = set()

    def walk(node: Node) -> None:
        if id(node) in seen:
            shared.add(id(node))
            return
        seen.add(id(node))
        for child in children(node):
            walk(child)

    walk(node)
    return frozenset(shared)


RULES: tuple[Rule, ...] = (
    resolve_lengths,
    fix_times,
    drop_parens,
    fold_constants,
    skip_buckets,
    hoist_invariant,
    share_equal,
)


def rewrite(node: Node, query: Query) -> tuple[Node, tuple[str, ...]]:
    """The plan after every rule, and the names of those that changed it."""
    applied: list[str] = []
    for rule in RULES:
        changed = rule(node, query)
        if changed is not node:
            applied.append(rule.__name__)
            node = changed
    return node, tuple(applied)
