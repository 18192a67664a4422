"""`hannun check`: the place, the words, the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_a_good_file(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("listen: :8800\n")
    result = cli("check", "a.yml")
    assert (result.code, result.out, result.err) == (0, "a.yml: can be used\n", "")


def test_a_warning_is_no_refusal(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("listen: :8800\nretenton: 3d\n")
    result = cli("check", "a.yml")
    assert result.code == 0
    assert "a.yml:2: warning: unknown key `retenton`; did you mean `retention`?\n" in result.out


def test_every_mistake_of_every_file_is_named(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("listen: banana\nmemory: much\n")
    (tmp_path / "b.yml").write_text("lang: ko\n")
    result = cli("check", "a.yml", "b.yml", "c.yml")
    assert result.code == 1
    assert 'a.yml:1: "banana"' in result.out
    assert 'a.yml:2: "much"' in result.out
    assert "b.yml: can be used" in result.out
    assert "c.yml: cannot be read: No such file" in result.out


def test_in_korean(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("retenton: 3d\nlang: ko")
    assert "a.yml:1: 주의: 알 수 없는 키 `retenton`. 혹시 `retention`?" in cli("check", "a.yml", "--lang", "ko").out
