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


JOB = "scrape_configs:\n- job_name: a\n  scrape_intervall: 15s\n"


def test_a_file_of_prometheus_is_known_by_its_keys(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "whatever.yml").write_text(JOB)
    result = cli("check", "whatever.yml")
    assert result.code == 0
    assert "whatever.yml:3: warning: unknown key `scrape_intervall`; did you mean `scrape_interval`?\n" in result.out
    assert result.out.endswith("whatever.yml: can be used\n")


def test_strict_is_promtools_verdict_in_its_words(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "whatever.yml").write_text(JOB)
    result = cli("check", "--strict", "whatever.yml")
    assert result.code == 1
    assert "whatever.yml:3: field scrape_intervall not found in type config.ScrapeConfig" in result.out
    assert "can be used" not in result.out


def test_a_file_of_another_product_is_no_file_of_ours(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("services: {a: {image: b}}\n")
    result = cli("check", "compose.yml")
    assert result.code == 1
    assert "compose.yml:1: no file that is known here" in result.out


def test_expressions_are_judged(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: rate(up)\n")
    result = cli("check", "rules.yml")
    assert result.code == 1
    assert 'rules.yml:5: group "g", rule 1, "A": could not parse expression: 1:' in result.out
