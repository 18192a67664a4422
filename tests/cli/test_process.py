"""The command as a process: exit codes, streams, encodings, and how fast it is there."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"


def hannun(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hannun", *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC), **env},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "code", "stream"),
    [
        pytest.param(["version"], 0, "out", id="done"),
        pytest.param(["--help"], 0, "out", id="help"),
        pytest.param(["check", "gone.yml"], 1, "out", id="a file that cannot be used"),
        pytest.param(["query", "promql", "up", "--url", "http://127.0.0.1:1"], 1, "err", id="no server"),
        pytest.param(["user", "list"], 1, "err", id="nothing there yet"),
        pytest.param(["serve", "--listen", "banana"], 2, "err", id="a wrong value"),
        pytest.param(["nonsense"], 2, "err", id="no command"),
    ],
)
def test_exit_codes_and_streams(tmp_path: Path, words: list[str], code: int, stream: str) -> None:
    done = hannun(*words, cwd=tmp_path)
    assert done.returncode == code
    said, silent = (done.stdout, done.stderr) if stream == "out" else (done.stderr, done.stdout)
    assert said
    assert not silent
    assert "Traceback" not in said


def test_korean_on_a_terminal_that_has_no_hangul_is_no_crash(tmp_path: Path) -> None:
    done = hannun("--help", cwd=tmp_path, LANG="ko", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "?" in done.stdout


def test_a_reader_that_leaves_early_sees_no_complaint(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m hannun serve --help | true'
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SRC)},
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stderr == b""


@pytest.mark.parametrize("words", [["version"], ["--help"], ["serve", "--help"]], ids=" ".join)
def test_simple_answers_import_nothing_heavy(tmp_path: Path, words: list[str]) -> None:
    """Time is measured in `test_a_simple_answer_is_there_at_once`; this names the culprit."""
    program = (
        "import sys; from hannun.cli.run import run; code = run(sys.argv[1:], {}); "
        "heavy = {'chdb', 'numba', 'numpy', 'pyarrow', 'sqlalchemy', 'httpx', 'yaml', 'argon2', 'asyncio'}; "
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=tmp_path, env={"PYTHONPATH": str(SRC)},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("words", [["version"], ["--help"]], ids=" ".join)
def test_a_simple_answer_is_there_at_once(tmp_path: Path, words: list[str]) -> None:
    """Within 150 ms; counted in processor time, which other work on the machine does not lengthen."""
    took_s = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        hannun(*words, cwd=tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took_s) < 0.15
