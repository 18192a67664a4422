"""A template: parsed once, run as often as wanted, from any thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hannun.gotemplate.bounds import Limits
from hannun.gotemplate.builtins import NAMES
from hannun.gotemplate.evaluate import Run
from hannun.gotemplate.nodes import Action, Field
from hannun.gotemplate.operands import Missing
from hannun.gotemplate.parsed import Parsed
from hannun.gotemplate.parser import parse
from hannun.gotemplate.values import Function

_NO_FUNCTIONS: Mapping[str, Function] = {}


class Template:
    """`Template.parse(text, functions).execute(data)`."""

    __slots__ = ("_functions", "_limits", "_missing", "parsed")

    def __init__(self, parsed: Parsed, functions: Mapping[str, Function], missing: Missing, limits: Limits) -> None:
        self.parsed = parsed
        self._functions = functions
        self._missing: Missing = missing
        self._limits = limits

    @classmethod
    def parse(
        cls,
        text: str,
        functions: Mapping[str, Function] = _NO_FUNCTIONS,
        *,
        name: str = "template",
        missing: Missing = "default",
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> Template:
        """`functions` stand beside the built-in ones and before them. Raises TemplateError in Go's words."""
        return cls(parse(name, text, NAMES | functions.keys()), functions, missing, limits)

    @property
    def name(self) -> str:
        return self.parsed.name

    def defines(self, name: str) -> bool:
        return name in self.parsed.templates

    def execute(self, data: Any, functions: Mapping[str, Function] | None = None) -> str:
        """`functions` replaces the ones given at parsing (whose names it must hold), for those that know the moment.

        Raises TemplateError: Go's words, or the bound that was met.
        """
        return self.execute_named(self.parsed.name, data, functions)

    def execute_named(self, name: str, data: Any, functions: Mapping[str, Function] | None = None) -> str:
        """The output of one `{{define}}`d template. Raises KeyError for a name that `defines` does not know."""
        given = self._functions if functions is None else functions
        return Run(self.parsed, given, self._missing, self._limits).run(name, data)

    def only_field(self) -> str | None:
        """The name when the whole template is `{{.name}}`: worth not running at all."""
        body = self.parsed.templates[self.parsed.name]
        if len(body) != 1 or not isinstance(body[0], Action):
            return None
        pipe = body[0].pipe
        if pipe.variables or len(pipe.commands) != 1 or len(pipe.commands[0].args) != 1:
            return None
        only = pipe.commands[0].args[0]
        return only.names[0] if isinstance(only, Field) and len(only.names) == 1 else None
