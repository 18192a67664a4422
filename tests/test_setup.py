"""`make setup` on machines that lack something: it says what is missing, in the person's language."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("sh", "dirname", "date", "cat", "cksum", "rm", "pwd", "printf")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Only what setup.sh looks at before it needs a Python; nothing is installed from here."""
    folder = tmp_path / "checkout"
    (folder / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "setup.sh", folder / "deploy" / "setup.sh")
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with a shell's tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (folder / tool).symlink_to(found)
    return folder


def python_that(bare: Path, script: str) -> None:
    fake = bare / "python3"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)


def setup(checkout: Path, bare: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout / "deploy" / "setup.sh")],
        capture_output=True,
        text=True,
        env={"PATH": str(bare), "LANG": "C", **env},
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("lang", "words"),
    [("C", "needs Python 3.11 or newer"), ("ko_KR.UTF-8", "Python 3.11 이상이 필요한데")],
)
def test_no_python_is_said_with_what_to_install(checkout: Path, bare: Path, lang: str, words: str) -> None:
    done = setup(checkout, bare, LANG=lang)
    assert done.returncode == 1
    assert words in done.stderr
    assert "apt install python3" in done.stderr


def test_an_old_python_without_pip_is_no_python(checkout: Path, bare: Path) -> None:
    python_that(bare, "exit 1")
    done = setup(checkout, bare)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr


def test_an_old_python_with_pip_fetches_a_newer_one(checkout: Path, bare: Path) -> None:
    """uv is a plain pip package; its own download is not tried here, only that it is asked."""
    asked = bare / "asked"
    python_that(bare, f'case "$*" in *"-m pip"*) printf "%s\\n" "$*" >> {asked}; exit 0;; esac; exit 1')
    done = setup(checkout, bare)
    assert done.returncode == 1  # no uv came out of the pretended installation
    assert "fetching one with uv" in done.stderr
    assert "uv>=0.5" in asked.read_text(encoding="utf-8")


def test_a_python_that_cannot_make_environments_is_said(checkout: Path, bare: Path) -> None:
    python_that(bare, 'case "$*" in -c*) exit 0;; esac; exit 1')
    done = setup(checkout, bare)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_locks_name_no_host_and_hash_everything() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))]
        assert len(pins) > 30
        assert all(line.endswith("\\") for line in pins), "a pin without hashes"
    npm = (ROOT / "ui" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in npm
    assert os.path.exists(ROOT / "ui" / ".npmrc")
