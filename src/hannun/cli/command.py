"""What a command is: a function with words in both languages, parsed by click, shown by us.

click splits the line; its help and messages are English only, so help comes from `cli/page.py` and complaints from
`cli/mistakes.py`. A command's module registers it with `@command`; its first parameter is the `Terminal`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from keyword import iskeyword
from typing import Any

import click

from hannun.cli.terminal import Terminal, UsageError
from hannun.config.complaint import nearest, quote
from hannun.model.text import Text

Body = Callable[..., int | None]
"""Takes the Terminal and its parameters; returns an exit code, None for done."""


class OneOf(click.ParamType[str]):
    """One of a few words; click's own `Choice` complains in English."""

    name = "word"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.words:
            return value
        shown = param.opts[0] if isinstance(param, click.Option) else "" if param is None else param.human_readable_name
        listed = ", ".join(self.words)
        near = nearest(value, self.words)
        raise UsageError(
            Text(
                en=f"{shown}: {quote(value)} is none of {listed}" + (f"; did you mean {near}?" if near else ""),
                ko=f"{shown}: {quote(value)} 대신 {listed} 가운데 하나를 써 주세요"
                + (f". 혹시 {near}?" if near else ""),
            )
        )


class Option(click.Option):
    """`--name METAVAR` with help in both languages; `default_said` follows it in brackets."""

    def __init__(self, *names: str, text: Text, default_said: Text | str | None = None, **more: Any) -> None:
        super().__init__(names, **more)
        self.text = text
        self.default_said = default_said


class Argument(click.Argument):
    """A positional word; `metavar` is how the usage line shows it."""

    def __init__(self, name: str, *, text: Text, metavar: str, **more: Any) -> None:
        super().__init__((name,), metavar=metavar, **more)
        self.text = text


class Command(click.Command):
    def __init__(self, name: str, text: Text, params: Sequence[click.Parameter], body: Body | None) -> None:
        super().__init__(name, params=[*params, _help()], add_help_option=False, callback=_callback(body))
        self.text = text

    def get_help(self, ctx: click.Context) -> str:
        return help_page(self, ctx)


class Group(click.Group):
    """Commands under one word: `hannun user add`."""

    def __init__(self, name: str, text: Text, params: Sequence[click.Parameter] = ()) -> None:
        super().__init__(name, params=[*params, _help()], add_help_option=False, no_args_is_help=False)
        self.text = text
        self.invoke_without_command = False

    def get_help(self, ctx: click.Context) -> str:
        return help_page(self, ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of registration: help shows the everyday ones first."""
        return list(self.commands)

    def command_of(self, name: str, text: Text, *params: click.Parameter) -> Callable[[Body], Body]:
        """Register a function as the command `name` of this group."""

        def register(body: Body) -> Body:
            assert name not in self.commands, f"{self.name} {name} is registered twice"
            self.add_command(Command(name, text, params, body))
            return body

        return register


class Door(Group):
    """`hannun` itself: knows the names of its commands and imports the module of the one that is asked for."""

    def __init__(self, text: Text, modules: Sequence[str]) -> None:
        super().__init__("hannun", text)
        self._modules = tuple(modules)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        if cmd_name not in COMMANDS:
            # `import` is no name for a module that others may import.
            importlib.import_module(f"hannun.cli.{cmd_name}{'_' if iskeyword(cmd_name) else ''}")
        return COMMANDS[cmd_name]


COMMANDS: dict[str, Command | Group] = {}


def command(name: str, text: Text, *params: click.Parameter) -> Callable[[Body], Body]:
    """Make a function the command `hannun <name>`."""

    def register(body: Body) -> Body:
        _register(Command(name, text, params, body))
        return body

    return register


def group(name: str, text: Text) -> Group:
    """Make the group `hannun <name>`; its commands register with `command_of`."""
    made = Group(name, text)
    _register(made)
    return made


def _register(made: Command | Group) -> None:
    assert made.name is not None
    assert made.name not in COMMANDS, f"{made.name} is registered twice"
    COMMANDS[made.name] = made


def help_page(of: Command | Group, ctx: click.Context) -> str:
    from hannun.cli.page import page

    return page(of, ctx)


def _help() -> click.Option:
    def show(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            ctx.find_object(Terminal).say(ctx.get_help())  # type: ignore[union-attr]
            ctx.exit()

    return Option(
        "--help",
        "-h",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        text=Text(en="Show this help", ko="이 도움말을 보여줍니다"),
    )


def _callback(body: Body | None) -> Body | None:
    if body is None:
        return None

    def call(**params: Any) -> int | None:
        return body(click.get_current_context().find_object(Terminal), **params)

    return call
