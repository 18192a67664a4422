"""One line in, one sentence out: languages, mistakes, exit codes."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.cli.command import COMMANDS
from hannun.cli.run import ANYWHERE, DOOR, take_anywhere
from hannun.cli.terminal import UsageError


def hangul(words: str) -> bool:
    return any("가" <= letter <= "힣" for letter in words)


@pytest.mark.parametrize(
    ("words", "env", "korean"),
    [
        pytest.param(["--help"], {}, False, id="English without a word about it"),
        pytest.param(["--help"], {"LANG": "ko_KR.UTF-8"}, True, id="LANG"),
        pytest.param(["--help"], {"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, False, id="LC_ALL before LANG"),
        pytest.param(["--lang", "ko", "--help"], {}, True, id="--lang before"),
        pytest.param(["serve", "--help", "--lang=ko"], {}, True, id="--lang behind, with an equals sign"),
        pytest.param(["user", "--lang", "en", "add", "--help"], {"LANG": "ko"}, False, id="--lang in the middle"),
    ],
)
def test_the_language_of_help(cli: Any, words: list[str], env: dict[str, str], korean: bool) -> None:
    result = cli(*words, **env)
    assert result.code == 0
    assert result.err == ""
    assert ("사용법:" in result.out) is korean
    assert ("Usage:" in result.out) is not korean


@pytest.mark.parametrize(
    ("words", "english"),
    [
        pytest.param(["serv"], "unknown command serv; did you mean serve?", id="a command misspelt"),
        pytest.param(["xyzzy"], "unknown command xyzzy. `hannun --help` shows what it takes", id="no such command"),
        pytest.param(
            ["serve", "--listn", "x"], "unknown option --listn; did you mean --listen?", id="an option misspelt"
        ),
        pytest.param(
            ["serve", "--alertmanager-config", "x"], "unknown option --alertmanager-config.", id="a later one"
        ),
        pytest.param(["serve", "--classic-ports=1"], '--classic-ports: "1" is none of the ports', id="no such port"),
        pytest.param(["serve", "--listen"], "--listen needs a value", id="an option without value"),
        pytest.param(["serve", "now"], '"now" is one word too many', id="a word too many"),
        pytest.param(["user"], "a command is missing: add, list, remove, passwd, role", id="a group alone"),
        pytest.param(["user", "add"], "NAME is missing", id="an argument missing"),
        pytest.param(
            ["user", "add", "x", "--role", "edtor"],
            "is none of viewer, editor, admin; did you mean editor?",
            id="a role misspelt",
        ),
        pytest.param(["check"], "FILE… is missing", id="no file"),
        pytest.param(["version", "--lang", "fr"], '--lang: "fr" is none of ko, en', id="a language we do not speak"),
        pytest.param(["version", "--lang"], "--lang needs one of ko, en", id="--lang without value"),
        pytest.param(["version", "--log-level", "loud"], '--log-level: "loud" is none of', id="no such level"),
        pytest.param(["serve", "--listen", "banana"], '--listen: "banana" is no HOST:PORT', id="a wrong value"),
        pytest.param(["serve", "--config", "gone.yml"], '--config: "gone.yml": cannot be read', id="no such file"),
        pytest.param(
            ["query", "promql", "1", "--end", "now"], "--end and --step need --start", id="an end without start"
        ),
        pytest.param(["query", "promql", "1", "--start", "noon"], '--start: "noon" is no time', id="no time"),
        pytest.param(["query", "promql", "1", "--url", "here"], '--url: "here" is no web address', id="no URL"),
    ],
)
def test_a_line_that_is_not_understood(cli: Any, words: list[str], english: str) -> None:
    result = cli(*words)
    assert result.code == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert result.err.startswith("hannun: ")
    assert english in result.err
    korean = cli(*words, LANG="ko_KR.UTF-8")
    assert korean.code == 2
    assert korean.err.count("\n") == 1
    assert hangul(korean.err)


def test_what_the_user_typed_cannot_steer_the_terminal(cli: Any) -> None:
    assert cli("\x1b[2J\nhannun: all is well").err.count("\x1b") == 0


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_nothing_said_is_a_question_for_help(cli: Any, words: list[str]) -> None:
    result = cli(*words)
    assert result.code == 0
    assert "serve" in result.out


@pytest.mark.parametrize("words", [["version"], ["--version"]])
def test_version(cli: Any, words: list[str]) -> None:
    from hannun import __version__

    assert cli(*words).out == f"hannun {__version__}\n"


def test_options_for_anywhere_end_at_two_dashes() -> None:
    assert take_anywhere(["query", "--", "--lang", "xx"]) == (["query", "--", "--lang", "xx"], {})


@pytest.mark.parametrize("name", ANYWHERE)
def test_options_for_anywhere_are_taken_out(name: str) -> None:
    setting, choices = ANYWHERE[name]
    assert take_anywhere(["a", name, choices[0], "b"]) == (["a", "b"], {setting: choices[0]})
    with pytest.raises(UsageError):
        take_anywhere([name, "nonsense"])


def test_every_command_of_the_door_can_be_opened() -> None:
    import click

    ctx = click.Context(DOOR)
    for name in DOOR.list_commands(ctx):
        assert DOOR.get_command(ctx, name) is COMMANDS[name]


@pytest.mark.parametrize(
    ("error", "said", "code"),
    [
        pytest.param(ZeroDivisionError("oops"), "internal error, ZeroDivisionError: oops", 1, id="a bug of ours"),
        pytest.param(
            PermissionError(13, "Permission denied", "/x"), "/x: Permission denied", 1, id="the system says no"
        ),
        pytest.param(KeyboardInterrupt(), "", 130, id="Ctrl-C"),
    ],
)
def test_whatever_happens_a_person_sees_one_line(
    cli: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str, code: int
) -> None:
    def fail(_terminal: object) -> None:
        raise error

    import hannun.cli.version  # registers the command

    assert hannun.cli.version
    from hannun.cli import command

    monkeypatch.setattr(COMMANDS["version"], "callback", command._callback(fail))
    result = cli("version")
    assert result.code == code
    assert said in result.err
    assert "Traceback" not in result.err
    if isinstance(error, ZeroDivisionError):
        assert "Traceback" in cli("version", "--log-level", "debug").err
