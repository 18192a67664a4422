"""`| drop` and `| keep`: labels that go, labels that stay."""

from __future__ import annotations

from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import DETAILS, ERROR, State
from hannun.query.logql.syntax import Drop, Keep, NameOrMatch


@stage(Drop)
def _drop(node: Drop) -> Step:
    def step(state: State) -> bool:
        for item in node.items:
            name, matcher = item.name, item.matcher
            if name == ERROR:
                if matcher is None or matcher.matches(state.error):
                    state.error = ""
            elif name == DETAILS:
                if matcher is None or matcher.matches(state.details):
                    state.details = ""
            else:
                value = state.get(name)
                if value is not None and (matcher is None or matcher.matches(value)):
                    state.delete(name)
        return True

    return step


@stage(Keep)
def _keep(node: Keep) -> Step:
    def step(state: State) -> bool:
        for name, value in state.all().items():
            # Errors stay: whoever keeps three labels still wants to know that the others could not be read.
            if name not in (ERROR, DETAILS) and not any(_keeps(item, name, value) for item in node.items):
                state.delete(name)
        return True

    return step


def _keeps(item: NameOrMatch, name: str, value: str) -> bool:
    return item.name == name and (item.matcher is None or item.matcher.matches(value))
