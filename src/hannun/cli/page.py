"""Help pages in the reader's language, laid out by what a terminal shows of Hangul."""

from __future__ import annotations

from collections.abc import Iterable

import click

from hannun.cli.command import Argument, Command, Group, Option
from hannun.cli.terminal import Terminal, cells, pad, wrap
from hannun.model.text import Lang, Text, say

_USAGE = Text(en="Usage:", ko="사용법:")
_OPTIONS = Text(en="Options:", ko="옵션:")
_COMMANDS = Text(en="Commands:", ko="명령:")
_ARGUMENTS = Text(en="Arguments:", ko="인자:")
_EVERYWHERE = Text(en="Anywhere on the line:", ko="어디에나 쓸 수 있는 옵션:")
_ANY = Text(en="[OPTIONS]", ko="[옵션]")
_COMMAND = Text(en="COMMAND", ko="명령")
_DEFAULT = Text(en="default: {words}", ko="기본값: {words}")
_MORE = Text(
    en="hannun COMMAND --help tells more about each.", ko="자세한 내용은 hannun 명령 --help 로 볼 수 있습니다."
)
_LANG = Text(en="Language of the command line", ko="명령줄의 언어")
_LEVEL = Text(
    en="With debug, an error shows where in the program it arose", ko="debug로 두면 오류가 난 위치까지 보여줍니다"
)
NAMES_MAX = 28


def page(of: Command | Group, ctx: click.Context) -> str:
    terminal = ctx.find_object(Terminal)
    assert terminal is not None
    lang, width = terminal.lang, terminal.width
    lines = [f"{_USAGE.say(lang)} {usage(of, ctx, lang)}", ""]
    for paragraph in of.text.say(lang).split("\n"):
        lines += wrap(paragraph, width)
    if isinstance(of, Group):
        rows = []
        for name in of.list_commands(ctx):
            inner = of.get_command(ctx, name)
            assert isinstance(inner, Command | Group)
            rows.append((name, inner.text.say(lang).partition("\n")[0]))
        lines += _section(_COMMANDS.say(lang), rows, width)
    arguments = [(param.make_metavar(ctx), param.text.say(lang)) for param in of.params if isinstance(param, Argument)]
    options = [_option(param, lang) for param in of.params if isinstance(param, Option)]
    everywhere = [("--lang ko|en", _LANG.say(lang)), ("--log-level LEVEL", _LEVEL.say(lang))]
    own = {name.split()[0] for name, _ in options}
    lines += _section(_ARGUMENTS.say(lang), arguments, width)
    lines += _section(_OPTIONS.say(lang), options, width)
    lines += _section(_EVERYWHERE.say(lang), [row for row in everywhere if row[0].split()[0] not in own], width)
    if ctx.parent is None:
        lines += ["", *wrap(_MORE.say(lang), width)]
    return "\n".join(lines)


def usage(of: click.Command, ctx: click.Context, lang: Lang) -> str:
    """`hannun user add [OPTIONS] NAME`."""
    parts = [ctx.command_path]
    if any(isinstance(param, Option) and param.name != "help" for param in of.params):
        parts.append(_ANY.say(lang))
    parts += [param.make_metavar(ctx) for param in of.params if isinstance(param, Argument)]
    if isinstance(of, Group):
        parts.append(_COMMAND.say(lang))
    return " ".join(parts)


def _option(param: Option, lang: Lang) -> tuple[str, str]:
    names = ", ".join(sorted(param.opts, key=len, reverse=True))
    shown = names if param.is_flag else f"{names} {param.metavar}"
    words = param.text.say(lang)
    if param.default_said is not None:
        words += f" ({_DEFAULT.say(lang, words=say(param.default_said, lang))})"
    return shown, words


def _section(title: str, rows: Iterable[tuple[str, str]], width: int) -> list[str]:
    rows = list(rows)
    if not rows:
        return []
    names = min(NAMES_MAX, max(cells(name) for name, _ in rows))
    indent = names + 4
    lines = ["", title]
    for name, words in rows:
        first, *rest = wrap(words, width - indent)
        if cells(name) > names:
            lines += [f"  {name}", " " * indent + first]
        else:
            lines.append(f"  {pad(name, names)}  {first}".rstrip())
        lines += [" " * indent + more for more in rest]
    return lines
