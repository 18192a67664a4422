"""The parsed template: frozen nodes. `at` is the place in the source that Go names in its errors; `str` writes the
node as Go does there."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.gotemplate.go_numbers import go_quote


@dataclass(frozen=True, slots=True)
class Dot:
    at: int

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil:
    at: int

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Bool:
    at: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Number:
    """A constant that has no type yet: `as_int` and `as_float` are None where it cannot be one."""

    at: int
    text: str
    as_int: int | None
    as_float: float | None
    is_float_text: bool
    """Written with a point or an exponent: a float where nothing else decides."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class String:
    at: int
    quoted: str
    text: str

    def __str__(self) -> str:
        return self.quoted


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b`"""

    at: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.a.b`; `name` has its dollar."""

    at: int
    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.names))


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    at: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Chain:
    """`(pipeline).a.b`"""

    at: int
    node: Argument
    names: tuple[str, ...]

    def __str__(self) -> str:
        return _argument(self.node) + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Command:
    at: int
    args: tuple[Argument, ...]

    def __str__(self) -> str:
        return " ".join(_argument(arg) for arg in self.args)


@dataclass(frozen=True, slots=True)
class Pipe:
    at: int
    variables: tuple[str, ...]
    assigns: bool
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        said = " | ".join(str(command) for command in self.commands)
        if not self.variables:
            return said
        return f"{', '.join(self.variables)} {'=' if self.assigns else ':='} {said}"


Argument = Dot | Nil | Bool | Number | String | Field | Variable | Identifier | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Action:
    at: int
    pipe: Pipe

    def __str__(self) -> str:
        return "{{" + str(self.pipe) + "}}"


@dataclass(frozen=True, slots=True)
class If:
    at: int
    pipe: Pipe
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None


@dataclass(frozen=True, slots=True)
class With:
    at: int
    pipe: Pipe
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None


@dataclass(frozen=True, slots=True)
class Range:
    at: int
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None

    def __str__(self) -> str:
        return "{{range " + str(self.pipe) + "}}…{{end}}"


@dataclass(frozen=True, slots=True)
class Call:
    """`{{template "name" pipeline}}`"""

    at: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        said = "{{template " + go_quote(self.name)
        return said + (f" {self.pipe}" if self.pipe is not None else "") + "}}"


@dataclass(frozen=True, slots=True)
class Break:
    at: int


@dataclass(frozen=True, slots=True)
class Continue:
    at: int


Node = Text | Action | If | With | Range | Call | Break | Continue


def _argument(node: Argument) -> str:
    return f"({node})" if isinstance(node, Pipe) else str(node)
