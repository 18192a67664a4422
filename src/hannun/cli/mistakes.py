"""click's complaints in our words and both languages, each with the name that was probably meant."""

from __future__ import annotations

import click

from hannun.cli.terminal import UsageError
from hannun.config.complaint import nearest, quote
from hannun.model.text import Text


def explain(err: click.UsageError) -> UsageError:
    """What was wrong with the line, and where to read how it is meant."""
    path = err.ctx.command_path if err.ctx else "hannun"
    hint = Text(en=f"`{path} --help` shows what it takes", ko=f"`{path} --help`에서 쓰는 법을 볼 수 있습니다")
    what = _what(err)
    # A guess is the better hint, and two hints on one line are none.
    return UsageError(what, None if what.en.endswith("?") else hint)


def _what(err: click.UsageError) -> Text:
    match err:
        case click.NoSuchOption():
            known = _options(err.ctx)
            near = nearest(err.option_name, known)
            return _unknown("unknown option", "알 수 없는 옵션", err.option_name, near)
        case click.exceptions.NoSuchCommand():
            return unknown_command(err.command_name, err.ctx)
        case click.BadOptionUsage():
            return _needs_value(err.option_name)
        case click.MissingParameter():
            name = _name(err.param, err.ctx)
            return Text(en=f"{name} is missing", ko=f"{name} 값이 빠졌습니다")
        case click.BadParameter():
            name = _name(err.param, err.ctx)
            said = quote(err.message)[1:-1]
            return Text(en=f"{name}: {said}", ko=f"{name}: 값이 알맞지 않습니다 ({said})")
        case _:
            return _other(err)


def unknown_command(word: str, ctx: click.Context | None) -> Text:
    known = ctx.command.list_commands(ctx) if ctx and isinstance(ctx.command, click.Group) else []
    return _unknown("unknown command", "알 수 없는 명령", word, nearest(word, known))


def _other(err: click.UsageError) -> Text:
    ctx = err.ctx
    if "Missing command" in err.message:
        known = ", ".join(ctx.command.list_commands(ctx)) if ctx and isinstance(ctx.command, click.Group) else ""
        return Text(en=f"a command is missing: {known}", ko=f"명령이 빠졌습니다: {known}")
    if "unexpected extra argument" in err.message:
        extra = quote(err.message.partition("(")[2].rpartition(")")[0])
        return Text(en=f"{extra} is one word too many", ko=f"{extra}: 필요 없는 인자입니다")
    said = quote(err.message)[1:-1]
    return Text(en=said, ko=f"명령줄이 잘못되었습니다: {said}")


def _unknown(en: str, ko: str, word: str, near: str | None) -> Text:
    shown = quote(word)[1:-1]
    return Text(
        en=f"{en} {shown}" + (f"; did you mean {near}?" if near else ""),
        ko=f"{ko} {shown}" + (f". 혹시 {near}?" if near else ""),
    )


def _needs_value(name: str) -> Text:
    return Text(en=f"{name} needs a value", ko=f"{name} 뒤에 값이 있어야 합니다")


def _options(ctx: click.Context | None) -> list[str]:
    names = ["--lang", "--log-level"]
    for param in ctx.command.params if ctx else ():
        names += [*param.opts, *param.secondary_opts]
    return names


def _name(param: click.Parameter | None, ctx: click.Context | None) -> str:
    if param is None or ctx is None:
        return "?"
    return param.opts[0] if isinstance(param, click.Option) else param.make_metavar(ctx)
