"""Patterns of files as doublestar reads them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hannun.collect.tail import globs
from hannun.collect.tail.globs import TooMany, alternatives, beside, files_of, matches

TREE = ("a.log", "b.txt", ".hidden.log", "nginx/access.log", "nginx/old/access.log", "app/[x].log", "app/web-1.log")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "loop").symlink_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param("*.log", {".hidden.log", "a.log"}, id="hidden files are files, pipes are not"),
        pytest.param("*log", {".hidden.log", "a.log"}, id="the users' pattern"),
        pytest.param(
            "**/*.log", {name for name in TREE if name.endswith(".log")}, id="any folder, links are no folders"
        ),
        pytest.param("**", set(TREE), id="everything below"),
        pytest.param("nginx/**/access.log", {"nginx/access.log", "nginx/old/access.log"}, id="none or more folders"),
        pytest.param("{a,b}.{log,txt}", {"a.log", "b.txt"}, id="alternatives"),
        pytest.param("{nginx,app}/{access,web-[0-9]}.log", {"nginx/access.log", "app/web-1.log"}, id="nested words"),
        pytest.param("app/\\[x].log", {"app/[x].log"}, id="an escaped bracket"),
        pytest.param("?.log", {"a.log"}, id="one letter"),
        pytest.param("[!b]*.log", {"a.log", ".hidden.log"}, id="not these letters"),
        pytest.param("loop/a.log", {"loop/a.log"}, id="a link that is named is followed"),
        pytest.param("none/*.log", set(), id="no such folder"),
        pytest.param("[z-a].log", {"a.log"}, id="a range the wrong way round is letters"),
    ],
)
def test_patterns(tree: Path, pattern: str, found: set[str]) -> None:
    assert {str(path.relative_to(tree)) for path in files_of(f"{tree}/{pattern}")} == found


@pytest.mark.parametrize(
    ("pattern", "path", "wanted"),
    [
        ("/var/log/**/*.gz", "/var/log/a.gz", True),
        ("/var/log/**/*.gz", "/var/log/a/b/c.gz", True),
        ("/var/log/*.gz", "/var/log/a/c.gz", False),
        ("/var/log/{a,b}.log", "/var/log/b.log", True),
        ("/var/log/**", "/var/log/x/y", True),
        ("/var/log/[", "/var/log/[", True),
    ],
)
def test_what_is_excluded(pattern: str, path: str, wanted: bool) -> None:
    assert matches(pattern, path) is wanted


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooMany):
        alternatives("{a,b}" * 30)
    monkeypatch.setattr(globs, "FILES_MAX", 3)
    for number in range(5):
        (tmp_path / f"{number}.log").touch()
    with pytest.raises(TooMany, match="more than 3 files"):
        files_of(f"{tmp_path}/*.log")


def test_a_containers_path_is_tried_beside_the_configuration(tmp_path: Path) -> None:
    log = tmp_path / "log" / "app.log"
    log.parent.mkdir()
    log.touch()
    assert beside("/var/log/*.log", tmp_path) == (f"{tmp_path}/log/*.log", [log])
    (tmp_path / "promtail.log").touch()
    assert beside("/nowhere/*.log", tmp_path) == ("", []), "not whatever lies beside the configuration"
