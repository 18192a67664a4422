"""Line filters as SQL. `|=` looks at the raw line, as Loki does; a needle outside ASCII also at what the line says.

Each gives an exact condition and, where an index can help, a necessary one beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hannun.query.logql.compile import like
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.literals import Literal, needed, whole
from hannun.query.logql.compile.sure import ALWAYS, NEVER, NotInSql, Sure, all_of, any_of, none_of
from hannun.query.logql.stages import patterns
from hannun.query.logql.syntax import LineFilter, Needle

PARTS_MAX = 32
"""Of a pattern `|>`: each part's place is found behind the one before, so the expression nests. The engine takes 0.4 s
to analyse 16 wildcards and 4 s for 50; 200 overflow its stack."""


@dataclass(frozen=True, slots=True)
class LineCondition:
    """`hint` is true of every line of which `exact` is; it is there for the indexes."""

    exact: Sure
    hint: str = ALWAYS


def in_sql(node: LineFilter) -> bool:
    """Whether SQL can say it; otherwise `line_filter` raises NotInSql."""
    if any(needle.is_ip for needle in node.needles):
        return False
    is_pattern = node.op in ("|>", "!>")
    return not is_pattern or all(len(patterns.parse_filter(one.text)) <= PARTS_MAX for one in node.needles)


def line_filter(build: Building, node: LineFilter, line: str, *, raw: bool) -> LineCondition:
    """`line` is the SQL of the line as it is by now; `raw`: it still is the stored one. Raises NotInSql."""
    if not in_sql(node):
        raise NotInSql
    each = [_one(build, node.op, needle, line, raw=raw) for needle in node.needles]
    held = any_of(one.exact.holds for one in each)
    if node.op.startswith("!"):
        return LineCondition(Sure(none_of(held)))
    return LineCondition(Sure(held), any_of(one.hint for one in each))


def _one(build: Building, op: str, needle: Needle, line: str, *, raw: bool) -> LineCondition:
    text = needle.text
    if op in ("|=", "!="):
        return _contains(build, text, line, raw=raw)
    if op in ("|~", "!~"):
        return _matches(build, text, line, raw=raw)
    return _like(build, text, line, raw=raw)


def _contains(build: Building, text: str, line: str, *, raw: bool) -> LineCondition:
    if text == "":
        return LineCondition(Sure(ALWAYS))
    found = f"position({line}, {build.text(text)}) > 0"
    if raw and not text.isascii() and "\\" not in text:
        found = f"({found} OR position(said, {build.text(text)}) > 0)"
    return LineCondition(Sure(found), like.holds(build, text) if raw else ALWAYS)


def _matches(build: Building, pattern: str, line: str, *, raw: bool) -> LineCondition:
    if pattern == "":
        return LineCondition(Sure(ALWAYS))
    literal = whole(pattern)
    if literal is not None:
        found = _holds(build, literal, pattern, line)
        if raw and not pattern.isascii():
            found = f"({found} OR position(said, {build.text(literal.text)}) > 0)"
    else:
        found = f"match({line}, {_regex(build, pattern)})"
        if raw and not pattern.isascii():
            found = f"({found} OR (notEmpty(said) AND match(said, {_regex(build, pattern)})))"
    return LineCondition(Sure(found), like.satisfies(build, needed(pattern)) if raw else ALWAYS)


def _holds(build: Building, literal: Literal, pattern: str, line: str) -> str:
    """What `match` would find, at the cost of a search for text: a fifth of it, or less."""
    if not literal.folds:
        return f"position({line}, {build.text(literal.text)}) > 0"
    found = f"positionCaseInsensitive({line}, {build.text(literal.text)}) > 0"
    if not literal.folded_letters:
        return found
    # Few lines hold a letter that Unicode folds to one of ASCII: the expression itself looks at those.
    odd = any_of(f"position({line}, {build.text(letter)}) > 0" for letter in literal.folded_letters)
    return f"({found} OR match(if({odd}, {line}, ''), {_regex(build, pattern)}))"


def _regex(build: Building, pattern: str) -> str:
    """The dot matches a newline; the engine's own default is the same, and an expression may still say otherwise."""
    return build.text(f"(?s){pattern}")


def _like(build: Building, pattern: str, line: str, *, raw: bool) -> LineCondition:
    parts = patterns.parse_filter(pattern)
    if not parts:
        return LineCondition(Sure(f"empty({line})"))
    conditions = [f"notEmpty({line})"]
    after = "1"
    for index, part in enumerate(parts):
        if not isinstance(part, str):
            continue
        literal = build.text(part)
        found = build.name(f"position({line}, {literal}, toUInt64({after}))", "found")
        conditions.append(f"{found} = 1" if index == 0 else f"{found} > {after}")
        after = build.name(f"{found} + length({literal})", "after")
    ends_open = not isinstance(parts[-1], str)
    conditions.append(f"{after} <= length({line})" if ends_open else f"{after} = length({line}) + 1")
    hint = all_of(like.holds(build, part) for part in parts if isinstance(part, str)) if raw else ALWAYS
    return LineCondition(Sure(all_of(conditions), NEVER), hint)
