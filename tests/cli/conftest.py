"""The command line as a person meets it: words in, exit code and two streams out."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hannun.cli.run import run


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Cli = Callable[..., Result]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """`cli("user", "list", stdin="…", LANG="ko")`, in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, stdin: str = "", **env: str) -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = run(words, env)
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return call
