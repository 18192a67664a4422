"""`| pattern "<ip> - <_> [<ts>]"`: what stands between literals, as labels."""

from __future__ import annotations

from hannun.query.logql.stages.patterns import captured, parse_parser
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import State
from hannun.query.logql.syntax import Pattern


@stage(Pattern)
def _pattern(node: Pattern) -> Step:
    parts = parse_parser(node.pattern)

    def step(state: State) -> bool:
        for name, value in captured(parts, state.line):
            state.extract(name, value)
        return True

    return step
