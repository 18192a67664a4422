"""Nodes -> LogQL text: `show` on one line, `pretty` as Loki's format_query lays it out.

Both are Loki's own spelling, quirks included (`sum by (a)(…)`, brackets around every operator), and read back to equal
nodes. A part is laid out over lines when it would be longer than LINE_MAX characters on one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hannun.gotemplate.go_numbers import format_duration, go_quote, parse_float
from hannun.model.matcher import Matcher, Matchers
from hannun.query.logql.durations import prometheus_duration
from hannun.query.logql.syntax import (
    Binary,
    Both,
    Compare,
    Condition,
    Decolorize,
    Drop,
    Either,
    Extraction,
    Grouping,
    IpMatch,
    Json,
    Keep,
    LabelFilter,
    LabelFormat,
    LabelReplace,
    LineFilter,
    LineFormat,
    Logfmt,
    LogQuery,
    MetricNode,
    NameOrMatch,
    Number,
    Pattern,
    Query,
    RangeAggregation,
    Regexp,
    Stage,
    TextMatch,
    Unpack,
    Unwrap,
    Vector,
    VectorAggregation,
)
from hannun.query.promql.numbers import go_general, plain_float

PRECEDENCE = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
    "^": 6,
}
LINE_MAX = 100
INDENT = "  "


def show(node: Query) -> str:
    """The canonical text on one line."""
    match node:
        case LogQuery():
            return " ".join((show_selector(node.matchers), *map(show_stage, node.stages)))
        case RangeAggregation():
            param = "" if node.param is None else f"{plain_float(node.param)},"
            grouping = "" if node.grouping is None else _grouping(node.grouping)
            return f"{node.op}({param}{_log_range(node)}){grouping}"
        case VectorAggregation():
            param = "" if node.param is None else f"{node.param:.0f},"
            return f"{node.op}{_vector_grouping(node)}({param}{show(node.expr)})"
        case LabelReplace():
            return f"label_replace({','.join((show(node.expr), *_replace_texts(node)))})"
        case Vector(value=value):
            # Loki prints six digits; more are kept where they are needed.
            shown = f"{value:f}"
            return f"vector({shown if parse_float(shown) == value else plain_float(value)})"
        case Number(value=value):
            return go_general(value)
        case Binary():
            right = show(node.right)
            return f"({show(node.left)} {_operator(node, ',', right)} {right})"


def show_selector(matchers: Matchers) -> str:
    return "{" + ", ".join(_matcher(matcher) for matcher in matchers) + "}"


def show_stage(stage: Stage) -> str:
    """With its pipe or line operator."""
    match stage:
        case LineFilter(op=op, needles=needles):
            shown = [f"ip({go_quote(one.text)})" if one.is_ip else go_quote(one.text) for one in needles]
            return f"{op} {' or '.join(shown)}"
        case Json(extractions=found):
            return "| json" + (f" {_extractions(found)}" if found else "")
        case Logfmt(extractions=found):
            flags = (" --strict" if stage.strict else "") + (" --keep-empty" if stage.keep_empty else "")
            return f"| logfmt{flags}" + (f" {_extractions(found)}" if found else "")
        case Regexp(pattern=pattern):
            return f"| regexp {go_quote(pattern)}"
        case Pattern(pattern=pattern):
            return f"| pattern {go_quote(pattern)}"
        case Unpack():
            return "| unpack"
        case LabelFilter(condition=condition):
            return f"| {show_condition(condition)}"
        case LineFormat(template=template):
            return f"| line_format {go_quote(template)}"
        case LabelFormat(items=items):
            shown = [f"{one.name}={go_quote(one.value) if one.is_template else one.value}" for one in items]
            return f"| label_format {','.join(shown)}"
        case Decolorize():
            return "| decolorize"
        case Drop(items=items):
            return f"| drop {_items(items)}"
        case Keep(items=items):
            return f"| keep {_items(items)}"


def show_condition(condition: Condition) -> str:
    match condition:
        case TextMatch(matcher=matcher):
            return _matcher(matcher)
        case Compare():
            return f"{condition.label}{condition.op}{condition.text or plain_float(condition.value)}"
        case IpMatch():
            return f"{condition.label}{'!=' if condition.negated else '='}ip({go_quote(condition.pattern)})"
        case Both(left=left, right=right):
            return f"( {show_condition(left)} , {show_condition(right)} )"
        case Either(left=left, right=right):
            return f"( {show_condition(left)} or {show_condition(right)} )"


def _matcher(matcher: Matcher) -> str:
    return f"{matcher.name}{matcher.op.value}{go_quote(matcher.value)}"


def _extractions(found: Sequence[Extraction]) -> str:
    return ",".join(f"{one.label}={go_quote(one.path)}" for one in found)


def _items(items: Sequence[NameOrMatch]) -> str:
    return ",".join(one.name if one.matcher is None else _matcher(one.matcher) for one in items)


def _log_range(node: RangeAggregation) -> str:
    shown = show(node.query)
    if node.unwrap is not None:
        shown += f" {_unwrap(node.unwrap)}" + "".join(f" {show_stage(one)}" for one in node.unwrap.filters)
    shown += f"[{prometheus_duration(node.range_ns)}]"
    return shown + (f" offset {format_duration(node.offset_ns)}" if node.offset_ns else "")


def _unwrap(unwrap: Unwrap) -> str:
    return f"| unwrap {unwrap.conversion}({unwrap.label})" if unwrap.conversion else f"| unwrap {unwrap.label}"


def _grouping(grouping: Grouping) -> str:
    return f" {'without' if grouping.without else 'by'} ({','.join(grouping.labels)})"


def _vector_grouping(node: VectorAggregation) -> str:
    """`by ()` is the same as no grouping at all, and is not shown."""
    grouping = node.grouping
    return "" if grouping is None or not (grouping.labels or grouping.without) else _grouping(grouping)


def _replace_texts(node: LabelReplace) -> list[str]:
    return [go_quote(text) for text in (node.destination, node.replacement, node.source, node.pattern)]


def _operator(node: Binary, comma: str, right: str) -> str:
    """The operator with its modifiers; Loki leaves the space of a `group_…` that is not there.

    Behind a bare `group_left` a parenthesis would be read as its list of labels; then an empty list stands before it.
    """
    shown = f"{node.op} bool" if node.returns_bool else node.op
    matching = node.matching
    if not matching.on and not matching.labels and not matching.group:
        return shown
    word = "on" if matching.on else "ignoring"
    group = f"group_{matching.group}" if matching.group else ""
    if matching.include:
        group += f" ({comma.join(matching.include)})"
    elif group and right.lstrip().startswith("("):
        group += " ()"
    return f"{shown} {word} ({comma.join(matching.labels)}) {group}"


def pretty(node: Query, level: int = 0) -> str:
    """Over several lines where one would be too long."""
    before = INDENT * level
    whole = show(node)
    if len(whole.encode()) <= LINE_MAX:
        return before + whole
    deeper = INDENT * (level + 1)
    match node:
        case LogQuery():
            if not node.stages:
                return before + whole
            lines = [before + show_selector(node.matchers)]
            return "\n".join((*lines, *_pretty_stages(node.stages, level + 1)))
        case RangeAggregation():
            parts = [] if node.param is None else [f"{deeper}{go_general(node.param)},"]
            grouping = "" if node.grouping is None else _spaced_grouping(node.grouping)
            parts.append(_pretty_log_range(node, level + 1))
            return f"{before}{node.op}(\n" + "\n".join(parts) + f"\n{before}){grouping}"
        case VectorAggregation():
            params = [] if node.param is None else [f"{deeper}{node.param:.0f}"]
            grouping = "" if not _vector_grouping(node) or node.grouping is None else _spaced_grouping(node.grouping)
            inside = ",\n".join((*params, pretty(node.expr, level + 1)))
            return f"{before}{node.op}{grouping}(\n{inside}\n{before})"
        case LabelReplace():
            texts = [deeper + text for text in _replace_texts(node)]
            inside = ",\n".join((pretty(node.expr, level + 1), *texts))
            return f"{before}label_replace(\n{inside}\n{before})"
        case Binary():
            left, right = _side(node, node.left, level + 1), _side(node, node.right, level + 1)
            return f"{left}\n{before}{_operator(node, ', ', right)}\n{right}"
        case Vector() | Number():
            return before + whole


def _side(node: Binary, side: MetricNode, level: int) -> str:
    """A side of an operator. Loki writes no parentheses here; they stand where another tree would be read without."""
    shown = pretty(side, level)
    if not isinstance(side, Binary) or "\n" not in shown:
        return shown
    binds, outer = PRECEDENCE[side.op], PRECEDENCE[node.op]
    from_the_right = node.op == "^"
    if binds > outer or (binds == outer and (side is node.right) == from_the_right):
        return shown
    before = INDENT * level
    return f"{before}(\n{pretty(side, level + 1)}\n{before})"


def _pretty_stages(stages: Sequence[Stage], level: int) -> Iterator[str]:
    """A line for each stage; line filters that follow one another share one as long as they fit."""
    before = INDENT * level
    run: list[str] = []
    for stage in (*stages, None):
        if isinstance(stage, LineFilter):
            run.append(show_stage(stage))
            continue
        if run:
            together = " ".join(run)
            yield from [before + together] if len(together.encode()) <= LINE_MAX else [before + one for one in run]
            run = []
        if stage is not None:
            # Loki forgets to indent this one stage.
            yield show_stage(stage) if isinstance(stage, Decolorize) else before + show_stage(stage)


def _pretty_log_range(node: RangeAggregation, level: int) -> str:
    shown = pretty(node.query, level)
    if node.unwrap is not None:
        deeper = INDENT * (level + 1)
        lines = [_unwrap(node.unwrap), *map(show_stage, node.unwrap.filters)]
        shown += "".join(f"\n{deeper}{line}" for line in lines)
    shown += f" [{prometheus_duration(node.range_ns)}]"
    return shown + (f" offset {prometheus_duration(node.offset_ns)}" if node.offset_ns else "")


def _spaced_grouping(grouping: Grouping) -> str:
    word = " without" if grouping.without else " by" if grouping.labels else ""
    return word + (f" ({', '.join(grouping.labels)})" if grouping.labels else "")
