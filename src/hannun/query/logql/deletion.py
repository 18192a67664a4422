"""What a delete request may say, as SQL: a selector, line filters, and filters of structured metadata. Pure.

Deleting is exact or refused. A parser, a format or `ip()` would need every line read and judged; and a filter of a
name that is a label of a selected stream belongs into the selector: in SQL it would be looked for in the metadata, and
`!=` would then delete too much.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hannun.model.errors import BadQuery
from hannun.model.log import SEVERITIES, LogStream, Statement
from hannun.model.matcher import Matcher, Matchers, MatchOp
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.conditions import matches
from hannun.query.logql.compile.lines import line_filter
from hannun.query.logql.compile.sure import all_of, any_of, none_of
from hannun.query.logql.parser import parse_log_query
from hannun.query.logql.printer import show_stage
from hannun.query.logql.syntax import Both, Condition, Either, LabelFilter, LineFilter, Stage, TextMatch

DETECTED_LEVEL = "detected_level"


@dataclass(frozen=True, slots=True)
class Deletion:
    """`where` None: every line of the streams. `names`: what is asked of the metadata."""

    selector: Matchers
    where: Statement | None
    names: frozenset[str]

    def refuse_labels(self, streams: Iterable[LogStream]) -> None:
        """Raises BadQuery when a filter speaks of a label of one of the selected streams."""
        for stream in streams:
            for name in self.names & set(stream.labels.names()):
                raise BadQuery(
                    f"{name} is a label of the stream {stream.labels}; write it into the selector: {{{name}=…}}"
                )


def deletion(text: str) -> Deletion:
    """Raises BadQuery for what is no selector with filters."""
    query = parse_log_query(text)
    if not query.stages:
        return Deletion(query.matchers, None, frozenset())
    build = Building()
    names: set[str] = set()
    condition = all_of([_stage(build, stage, names) for stage in query.stages])
    return Deletion(query.matchers, Statement(condition, dict(build.params)), frozenset(names))


def _stage(build: Building, stage: Stage, names: set[str]) -> str:
    match stage:
        case LineFilter(op=op, needles=needles) if op not in ("|>", "!>") and not any(one.is_ip for one in needles):
            return line_filter(build, stage, "body", raw=True).exact.holds
        case LabelFilter(condition=condition):
            return _condition(build, condition, names)
    raise BadQuery(f"delete requests take line filters and structured metadata filters, not '{show_stage(stage)}'")


def _condition(build: Building, condition: Condition, names: set[str]) -> str:
    match condition:
        case Both(left=left, right=right):
            return all_of((_condition(build, left, names), _condition(build, right, names)))
        case Either(left=left, right=right):
            return any_of((_condition(build, left, names), _condition(build, right, names)))
        case TextMatch(matcher=matcher):
            names.add(matcher.name)
            return _match(build, matcher)
    raise BadQuery("delete requests compare structured metadata with text only")


def _match(build: Building, matcher: Matcher) -> str:
    value = f"attributes[{build.text(matcher.name)}]"
    if matcher.name == DETECTED_LEVEL:
        value = f"if(notEmpty({value}), {value}, {build.texts(SEVERITIES)}[severity + 1])"
    match matcher.op:
        case MatchOp.EQUAL:
            return f"{value} = {build.text(matcher.value)}"
        case MatchOp.NOT_EQUAL:
            return f"{value} != {build.text(matcher.value)}"
        case MatchOp.REGEX:
            return matches(build, value, matcher.value)
        case MatchOp.NOT_REGEX:
            return none_of(matches(build, value, matcher.value))
