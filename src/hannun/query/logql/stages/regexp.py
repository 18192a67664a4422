"""`| regexp "(?P<name>…)"`: named groups of an unanchored RE2 expression as labels."""

from __future__ import annotations

from hannun.model.errors import BadQuery
from hannun.query.logql.stages.names import is_label_name
from hannun.query.logql.stages.regex import compile_regex, encode
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import State
from hannun.query.logql.syntax import Regexp


@stage(Regexp)
def _regexp(node: Regexp) -> Step:
    regex = compile_regex(node.pattern, dot_all=False)
    groups = [(index, name) for name, index in regex.groupindex.items()]
    if not groups:
        raise BadQuery("at least one named capture must be supplied")
    for _, name in groups:
        if not is_label_name(name):
            raise BadQuery(f"invalid extracted label name '{name}'")
    groups.sort()
    search = regex.search

    def step(state: State) -> bool:
        found = search(encode(state.line))
        if found is not None:
            for index, name in groups:
                # A group that took no part is an empty label, as in Loki.
                state.extract(name, (found[index] or b"").decode("utf-8", "replace"))
        return True

    return step
