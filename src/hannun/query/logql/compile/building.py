"""A statement under construction: its parameters and the expressions that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hannun.model.log import Statement

Param = str | int | Sequence[int] | Sequence[str]


class Building:
    """Values become parameters; an expression that is used more than once gets a name in the WITH clause.

    The engine computes a named expression once for a row, and only for rows that need it.
    """

    def __init__(self) -> None:
        self.params: dict[str, Param] = {}
        self._known: dict[tuple[str, object], str] = {}
        self._names: dict[str, str] = {}
        self._late: dict[str, Callable[[], str]] = {}

    def text(self, value: str) -> str:
        return self._param(value, "String")

    def texts(self, values: Sequence[str]) -> str:
        return self._param(tuple(values), "Array(String)")

    def ids(self, values: Sequence[int]) -> str:
        return self._param(tuple(values), "Array(UInt64)")

    def numbers(self, values: Sequence[int]) -> str:
        return self._param(tuple(values), "Array(Int64)")

    def number(self, value: int) -> str:
        return self._param(int(value), "Int64")

    def name(self, expression: str, stem: str = "e") -> str:
        """A short name for the expression, equal for equal expressions."""
        for name, known in self._names.items():
            if known == expression:
                return name
        name = f"{stem}_{len(self._names) + len(self._late)}"
        self._names[name] = expression
        return name

    def later(self, stem: str, expression: Callable[[], str]) -> str:
        """A name whose expression is asked for when the statement is finished."""
        name = f"{stem}_{len(self._names) + len(self._late)}"
        self._late[name] = expression
        return name

    def finish(self, sql: str) -> Statement:
        """`sql` with the WITH clause in front. Names stand in it before the names that use them."""
        named = {**{name: expression() for name, expression in self._late.items()}, **self._names}
        head = ",\n  ".join(f"{expression} AS {name}" for name, expression in named.items())
        return Statement(f"WITH\n  {head}\n{sql}" if named else sql, dict(self.params))

    def _param(self, value: Param, kind: str) -> str:
        key = (kind, value)
        found = self._known.get(key)
        if found is None:
            name = f"p{len(self.params)}"
            self.params[name] = value
            found = self._known[key] = f"{{{name}:{kind}}}"
        return found
