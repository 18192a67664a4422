"""One run of the command line: find the language, find the command, turn whatever goes wrong into one line.

Exit codes: 0 done, 1 tried and failed, 2 the command line or the configuration cannot be understood, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence

import click

from hannun.cli.command import Door
from hannun.cli.mistakes import explain
from hannun.cli.terminal import DONE, FAILED, INTERRUPTED, MISUNDERSTOOD, Terminal, UsageError, one_line
from hannun.config.language import lang_of
from hannun.model.errors import ConfigError, HannunError
from hannun.model.text import LANGS, Lang, Text

ANYWHERE = {"--lang": ("lang", LANGS), "--log-level": ("log_level", ("debug", "info", "warning", "error"))}
"""Options that may stand before or after any command, with their values."""

DOOR = Door(
    Text(
        en="Hannun (한눈): metrics, logs, traces, errors and alerts of a small team at one glance, in one process.",
        ko="한눈(Hannun): 작은 팀의 메트릭, 로그, 트레이스, 에러, 알림을 한 프로세스로 한눈에 봅니다.",
    ),
    ("serve", "check", "query", "user", "token", "project", "import", "snapshot", "agent", "doctor", "version"),
)


def run(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run one command line and return its exit code; never raises but for the interpreter's own end."""
    lang = lang_of(env)
    debug = env.get("HANNUN_LOG_LEVEL") == "debug"
    try:
        words, anywhere = take_anywhere(argv)
        lang = _lang(anywhere, lang)
        debug = anywhere.get("log_level", env.get("HANNUN_LOG_LEVEL")) == "debug"
        code = _invoke(words, Terminal(lang, env, anywhere))
        # Here and not at the interpreter's end, where a reader that left would still cost a complaint.
        sys.stdout.flush()
        return code
    except click.UsageError as err:
        return _fail(explain(err).say(lang), MISUNDERSTOOD, debug)
    except (UsageError, ConfigError) as err:
        return _fail(err.say(lang), MISUNDERSTOOD, debug)
    except HannunError as err:
        return _fail(err.say(lang), FAILED, debug)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as err:
        named = f"{err.filename}: " if err.filename else ""
        return _fail(f"{named}{err.strerror or err}", FAILED, debug)
    except Exception as err:  # noqa: BLE001 - the last line of defence: a person sees a sentence, not a stack
        said = f"{type(err).__name__}: {err}"
        text = Text(
            en="internal error, {said}. With --log-level debug it shows where",
            ko="내부 오류, {said}. --log-level debug를 붙이면 위치를 볼 수 있습니다",
        )
        return _fail(text.say(lang, said=said), FAILED, debug)


def take_anywhere(argv: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The line without the options that may stand anywhere, and their values by setting name. `--` ends them."""
    words: list[str] = []
    found: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            words += [word, *rest]
            break
        name, equals, value = word.partition("=")
        if name not in ANYWHERE:
            words.append(word)
            continue
        setting, choices = ANYWHERE[name]
        if not equals:
            value = rest.pop(0) if rest else ""
        if value not in choices:
            listed = ", ".join(choices)
            said = one_line(value)
            raise UsageError(
                Text(
                    en=f'{name}: "{said}" is none of {listed}' if value else f"{name} needs one of {listed}",
                    ko=f'{name}: "{said}" 대신 {listed} 가운데 하나를 써 주세요'
                    if value
                    else f"{name}: {listed} 가운데 하나",
                )
            )
        found[setting] = value
    return words, found


def _lang(anywhere: Mapping[str, str], otherwise: Lang) -> Lang:
    return next((lang for lang in LANGS if lang == anywhere.get("lang")), otherwise)


def _invoke(words: list[str], terminal: Terminal) -> int:
    if words in ([], ["help"]):
        words = ["--help"]
    if words == ["--version"]:
        words = ["version"]
    try:
        with DOOR.make_context("hannun", words, obj=terminal) as ctx:
            code = DOOR.invoke(ctx)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    return code if isinstance(code, int) else DONE


def _fail(words: str, code: int, debug: bool) -> int:
    print(f"hannun: {one_line(words)}", file=sys.stderr)
    if debug:
        traceback.print_exc()
    return code
