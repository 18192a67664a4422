"""`| line_format` and `| label_format`: Go templates over the labels of a line."""

from __future__ import annotations

import time
from collections.abc import Callable

from hannun.gotemplate.errors import TemplateError
from hannun.gotemplate.functions.loki import functions
from hannun.gotemplate.template import Template
from hannun.gotemplate.values import StringMap
from hannun.model.errors import BadQuery
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import ERROR, TEMPLATE_ERROR, State
from hannun.query.logql.syntax import Formatted, LabelFormat, LineFormat


class _Moment:
    """The line that the templates of one stage are filled for."""

    __slots__ = ("functions", "state")

    def __init__(self) -> None:
        self.state = State("", {}, {}, 0)
        self.functions = functions(time.time_ns, lambda: self.state.line, lambda: self.state.ts_ns)

    def parse(self, name: str, text: str) -> Template:
        return Template.parse(text, self.functions, name=name, missing="zero")


@stage(LineFormat)
def _line_format(node: LineFormat) -> Step:
    moment = _Moment()
    try:
        template = moment.parse("line", node.template)
    except TemplateError as err:
        raise BadQuery(f"invalid line template: {err}") from err
    only = template.only_field()
    if only is not None:
        name = only

        def copy(state: State) -> bool:
            state.line = (state.error if name == ERROR else state.get(name)) or ""
            return True

        return copy

    def step(state: State) -> bool:
        moment.state = state
        try:
            state.line = template.execute(StringMap(state.all()))
        except TemplateError as err:
            state.fail(TEMPLATE_ERROR, str(err))
        return True

    return step


@stage(LabelFormat)
def _label_format(node: LabelFormat) -> Step:
    names = [item.name for item in node.items]
    for name in names:
        if name == ERROR:
            raise BadQuery(f"{name} cannot be formatted")
        if names.count(name) > 1:
            raise BadQuery(f"multiple label name '{name}' not allowed in a single format operation")
    moment = _Moment()
    steps = [_item(item, moment) for item in node.items]

    def step(state: State) -> bool:
        moment.state = state
        labels: StringMap | None = None
        for item in steps:
            labels = item(state, labels)
        return True

    return step


Item = Callable[[State, StringMap | None], StringMap | None]
"""Sets one label. The labels that a template sees are taken once for all items, by the first one with a template."""


def _item(item: Formatted, moment: _Moment) -> Item:
    name, source = item.name, item.value
    if not item.is_template:

        def rename(state: State, labels: StringMap | None) -> StringMap | None:
            value = state.get(source)
            if value is not None:
                state.overwrite(name, value)
                if source != name:
                    state.delete(source)
            return labels

        return rename
    try:
        template = moment.parse("label", source)
    except TemplateError as err:
        raise BadQuery(f"invalid template for label '{name}': {err}") from err

    def fill(state: State, labels: StringMap | None) -> StringMap | None:
        seen = StringMap(state.all()) if labels is None else labels
        try:
            state.overwrite(name, template.execute(seen))
        except TemplateError as err:
            state.fail(TEMPLATE_ERROR, str(err))
        return seen

    return fill
