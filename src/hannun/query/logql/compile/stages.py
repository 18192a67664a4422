"""A pipeline as SQL: what narrows the rows down, and the labels behind it where SQL knows them all.

Filters of the raw line are drawn to the front: whether a line is dropped does not depend on when. They are always
SQL's, and exact; a stage that SQL cannot say leaves everything behind it to the plain pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hannun.model.log import LogStream
from hannun.query.logql.compile import conditions
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.json import JsonKeys, JsonPaths
from hannun.query.logql.compile.lines import in_sql, line_filter
from hannun.query.logql.compile.logfmt import LogfmtKeys
from hannun.query.logql.compile.parsers import Doubtful, Parsed
from hannun.query.logql.compile.pattern import PatternCaptures
from hannun.query.logql.compile.regexp import RegexpGroups
from hannun.query.logql.compile.scope import Scope
from hannun.query.logql.compile.sure import ABSENT, ALWAYS, NEVER, NotInSql, Sure, Text, all_of, any_of
from hannun.query.logql.stages.state import DETAILS, ERROR
from hannun.query.logql.syntax import (
    Decolorize,
    Drop,
    Json,
    Keep,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    Logfmt,
    Pattern,
    Regexp,
    Stage,
    Unpack,
)

BODY = "body"
_CHANGES_LINE = (LineFormat, Decolorize, Unpack)


@dataclass(slots=True)
class Compiled:
    """`exact`: filters of the raw line. `labels`: conditions that may be unsure. `scans` and `hints`: see Hint.

    `doubt`: lines whose labels SQL cannot know at all, such as broken JSON, of which Loki has those before the mistake.

    `scope` None: a stage could not be said, so every row that is left goes through the plain pipeline.
    """

    exact: list[str] = field(default_factory=list)
    labels: list[Sure] = field(default_factory=list)
    scans: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    doubt: str = NEVER
    scope: Scope | None = None
    asked_attributes: frozenset[str] = frozenset()

    def unsure(self) -> str:
        return any_of((self.doubt, *(each.unsure for each in self.labels)))

    def may_hold(self) -> str:
        """True of every row that may be in the answer."""
        return any_of((self.doubt, all_of(each.may_hold() for each in self.labels)))


@dataclass(frozen=True, slots=True)
class Split:
    """The stages of a query as both ways see them: filters of the raw line first, which SQL always does."""

    raw: tuple[LineFilter, ...]
    rest: tuple[Stage, ...]


def split(stages: Sequence[Stage]) -> Split:
    raw: list[LineFilter] = []
    rest: list[Stage] = []
    changed = False
    for stage in stages:
        changed = changed or isinstance(stage, _CHANGES_LINE)
        if isinstance(stage, LineFilter) and not changed and in_sql(stage):
            raw.append(stage)
        else:
            rest.append(stage)
    return Split(tuple(raw), tuple(rest))


def without_idle_parsers(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """For a question that asks for no label at all: parsers that nobody looks at are not run, as in Loki.

    So `sum(count_over_time({…} | json [5m]))` counts lines that are no JSON, too.
    """
    if any(isinstance(stage, LabelFilter | LineFormat | LabelFormat | Unpack | Drop | Keep) for stage in stages):
        return tuple(stages)
    return tuple(stage for stage in stages if not isinstance(stage, Json | Logfmt | Pattern | Regexp))


def compile_stages(build: Building, parts: Split, streams: Sequence[LogStream], *, bare: bool) -> Compiled:
    """`bare`: see Scope."""
    compiled = Compiled()
    for raw in parts.raw:
        found = line_filter(build, raw, BODY, raw=True)
        compiled.exact.append(found.exact.holds)
        compiled.hints.append(found.hint)
    scope = Scope(build, streams, bare=bare)
    line_unsure = NEVER
    try:
        for stage in parts.rest:
            line_unsure = any_of((line_unsure, _line_unsure(stage)))
            _one(build, scope, stage, compiled, line_unsure)
        if line_unsure != NEVER:
            compiled.labels.append(Sure(ALWAYS, line_unsure))
        compiled.scope = scope
    except NotInSql:
        compiled.scope = None
    compiled.asked_attributes = frozenset(scope.asked_attributes)
    return compiled


def _line_unsure(stage: Stage) -> str:
    """Where the line may change at this stage. Raises NotInSql when SQL cannot tell."""
    if not isinstance(stage, _CHANGES_LINE):
        return NEVER
    if isinstance(stage, Decolorize):
        # Colours begin with one of two characters; a line without them stays as it is.
        return f"(position({BODY}, '\\x1b') > 0 OR position({BODY}, '\u009b') > 0)"
    raise NotInSql


def _one(build: Building, scope: Scope, stage: Stage, compiled: Compiled, line_unsure: str) -> None:
    match stage:
        case LineFilter():
            found = line_filter(build, stage, BODY, raw=False).exact
            compiled.labels.append(Sure(found.holds, any_of((found.unsure, line_unsure))))
        case Json() | Logfmt() | Regexp() | Pattern():
            parser = _parser(build, stage)
            scope.parse(parser if line_unsure == NEVER else Doubtful(parser, line_unsure))
            compiled.doubt = scope.error.unsure
        case LabelFilter(condition):
            found = conditions.condition(build, scope, condition)
            compiled.labels.append(found)
            if conditions.may_fail(condition):
                scope.doubt_error(found.unsure)
            found_hint = conditions.hint(scope, condition)
            compiled.scans.append(found_hint.scan)
            compiled.hints.append(found_hint.index)
        case Decolorize():
            pass
        case LabelFormat():
            _rename(build, scope, stage)
        case Drop():
            _drop(build, scope, stage)
        case Keep():
            if any(item.matcher is not None for item in stage.items):
                raise NotInSql
            scope.keep(frozenset(item.name for item in stage.items) | {ERROR, DETAILS})
        case _:
            raise NotInSql


def _parser(build: Building, stage: Json | Logfmt | Regexp | Pattern) -> Parsed:
    match stage:
        case Json():
            return JsonPaths(build, BODY, stage) if stage.extractions else JsonKeys(build, BODY)
        case Logfmt():
            return LogfmtKeys(build, BODY, stage)
        case Regexp(pattern):
            return RegexpGroups(build, BODY, pattern)
        case Pattern(pattern):
            return PatternCaptures(build, BODY, pattern)


def _rename(build: Building, scope: Scope, stage: LabelFormat) -> None:
    for item in stage.items:
        if item.is_template or item.name in (ERROR, DETAILS) or item.value in (ERROR, DETAILS):
            raise NotInSql
        source, old = scope.value(item.value), scope.value(item.name)
        there = NEVER if source.empty_there == NEVER else all_of((f"empty({source.sql})", source.empty_there))
        renamed = build.name(f"if(notEmpty({source.sql}), {source.sql}, {old.sql})", "label")
        scope.set(item.name, Text(renamed, any_of((source.unsure, old.unsure, there)), old.empty_there))
        if item.value != item.name:
            scope.set(item.value, ABSENT)


def _drop(build: Building, scope: Scope, stage: Drop) -> None:
    for item in stage.items:
        if item.matcher is not None or item.name == DETAILS:
            raise NotInSql
        if item.name == ERROR:
            scope.forget_error()
        else:
            scope.set(item.name, ABSENT)
