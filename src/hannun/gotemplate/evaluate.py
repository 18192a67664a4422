"""Running a parsed template over data. Never reaches a Python attribute, never runs past its bounds.

The order in which things are looked at, and the node that an error names, are those of Go's text/template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hannun.gotemplate.bounds import Limits
from hannun.gotemplate.errors import BoundError
from hannun.gotemplate.go_numbers import go_quote
from hannun.gotemplate.nodes import Action, Break, Call, Continue, If, Range, Text, With
from hannun.gotemplate.operands import Missing, Operands
from hannun.gotemplate.parsed import Body, Parsed
from hannun.gotemplate.printing import show
from hannun.gotemplate.values import MISSING, Function, is_true, plain, type_name


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class Run(Operands):
    """One execution."""

    __slots__ = ("_depth", "_out", "_size")

    def __init__(self, parsed: Parsed, functions: Mapping[str, Function], missing: Missing, limits: Limits) -> None:
        super().__init__(parsed, functions, missing, limits)
        self._out: list[str] = []
        self._size = 0
        self._depth = 0

    def run(self, name: str, data: Any) -> str:
        """Raises TemplateError."""
        body = self._parsed.templates[name]
        self._name = name
        self._vars = [("$", MISSING if data is None else data)]
        try:
            self._walk(body, MISSING if data is None else data)
        except RecursionError as err:
            raise BoundError(f"template: {self._parsed.name}: too deeply nested") from err
        return "".join(self._out)

    def _write(self, text: str) -> None:
        self._size += len(text)
        if self._size > self._limits.output_characters:
            most = self._limits.output_characters
            raise BoundError(f"template: {self._parsed.name}: output of more than {most} characters")
        self._out.append(text)

    def _walk(self, body: Body, dot: Any) -> None:
        for node in body:
            self._step()
            match node:
                case Text():
                    self._write(node.text)
                case Action():
                    value = self._pipe(dot, node.pipe)
                    if not node.pipe.variables:
                        self._print(node, value)
                case If() | With():
                    self._branch(node, dot)
                case Range():
                    self._range(node, dot)
                case Call():
                    self._call(node, dot)
                case Break():
                    raise _Break
                case Continue():
                    raise _Continue

    def _print(self, node: Action, value: Any) -> None:
        if isinstance(value, str):
            self._write(value)
        elif value is MISSING or value is None:
            self._write("<no value>")
        elif isinstance(value, Function):
            raise self._fail(node, f"can't print {node.pipe} of type {type_name(value)}")
        else:
            self._write(show(value))

    def _branch(self, node: If | With, dot: Any) -> None:
        mark = len(self._vars)
        value = self._pipe(dot, node.pipe)
        if is_true(value):
            self._walk(node.then, value if isinstance(node, With) else dot)
        elif node.otherwise is not None:
            self._walk(node.otherwise, dot)
        del self._vars[mark:]

    def _range(self, node: Range, dot: Any) -> None:
        mark = len(self._vars)
        value = plain(self._pipe(dot, node.pipe))
        variables, assigns = node.pipe.variables, node.pipe.assigns
        inner = len(self._vars)
        ran = False
        for index, item in self._items(node, value):
            self._step()
            ran = True
            if variables:
                self._bind(variables[-1], item, assigns, inner - 1)
                if len(variables) > 1:
                    self._bind(variables[0], index, assigns, inner - 2)
            try:
                self._walk(node.body, item)
            except _Continue:
                continue
            except _Break:
                break
            finally:
                del self._vars[inner:]
        if not ran and node.otherwise is not None:
            self._walk(node.otherwise, dot)
        del self._vars[mark:]

    def _bind(self, name: str, value: Any, assigns: bool, place: int) -> None:
        if assigns:
            self._assign(name, value)
        else:
            self._vars[place] = (name, value)

    def _items(self, node: Range, value: Any) -> Iterator[tuple[Any, Any]]:
        if value is MISSING or value is None:
            return iter(())
        if isinstance(value, dict):
            return iter(sorted(value.items()))
        if isinstance(value, (list, tuple)):
            return enumerate(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return ((index, index) for index in range(value))
        raise self._fail(node, f"range can't iterate over {show(value)}")

    def _call(self, node: Call, dot: Any) -> None:
        body = self._parsed.templates.get(node.name)
        if body is None:
            raise self._fail(node, f"template {go_quote(node.name)} not defined")
        if self._depth >= self._limits.depth:
            raise self._fail(node, f"exceeded maximum template depth ({self._limits.depth})")
        given = MISSING if node.pipe is None else self._pipe(dot, node.pipe)
        name, variables = self._name, self._vars
        self._name, self._vars = node.name, [("$", given)]
        self._depth += 1
        self._walk(body, given)
        self._depth -= 1
        self._name, self._vars = name, variables
