"""Files that scripts leave: what is shown, and what a bad one costs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.host import Roots
from hannun.collect.host import textfile as module
from hannun.collect.host.textfile import parse_textfile, textfile
from hannun.model.family import Family

GOOD = '# HELP backup_age_seconds Age.\n# TYPE backup_age_seconds gauge\nbackup_age_seconds{target="서울"} 12\n'


def told(folder: Path) -> dict[str, Family]:
    return {family.name: family for family in textfile(Roots(textfiles=str(folder)))}


def test_metrics_of_prom_files_are_shown_with_their_time(tmp_path: Path) -> None:
    (tmp_path / "backup.prom").write_text(GOOD)
    (tmp_path / "backup.prom.tmp").write_text("half written {")
    families = told(tmp_path)
    assert families["backup_age_seconds"].samples == (("backup_age_seconds", (("target", "서울"),), 12.0),)
    (mtime,) = families["node_textfile_mtime_seconds"].samples
    assert mtime.labels == (("file", str(tmp_path / "backup.prom")),)
    assert families["node_textfile_scrape_error"].samples[0].value == 0


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"a{ 1\n", id="no text format"),
        pytest.param(b"a 1 1700000000000\n", id="a timestamp"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"a x\n", id="no number"),
    ],
)
def test_a_bad_file_costs_itself_and_is_told(tmp_path: Path, bad: bytes) -> None:
    (tmp_path / "a.prom").write_bytes(bad)
    (tmp_path / "b.prom").write_text(GOOD)
    families = told(tmp_path)
    assert families["node_textfile_scrape_error"].samples[0].value == 1
    assert "backup_age_seconds" in families


def test_without_the_folder_there_is_nothing_and_no_error(tmp_path: Path) -> None:
    families = told(tmp_path / "none")
    assert set(families) == {"node_textfile_scrape_error"}
    assert families["node_textfile_scrape_error"].samples[0].value == 0


def test_a_family_without_help_says_where_it_is_from(tmp_path: Path) -> None:
    (tmp_path / "a.prom").write_text("jobs_total 3\n")
    assert told(tmp_path)["jobs_total"].help == f"Metric read from {tmp_path / 'a.prom'}"


def test_a_script_gone_wild_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLES_MAX", 100)
    (tmp_path / "a.prom").write_text(GOOD)
    (tmp_path / "wild.prom").write_text("".join(f'wild{{n="{number}"}} 1\n' for number in range(101)))
    families = told(tmp_path)
    assert "wild" not in families
    assert "backup_age_seconds" in families
    assert families["node_textfile_scrape_error"].samples[0].value == 1


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 10)
    (tmp_path / "a.prom").write_text(GOOD)
    assert told(tmp_path)["node_textfile_scrape_error"].samples[0].value == 1


@pytest.mark.parametrize(
    ("text", "name", "kind", "samples"),
    [
        pytest.param("# TYPE x_total counter\nx_total 1\n", "x_total", "counter", ["x_total"], id="counter"),
        pytest.param("# TYPE x gauge\nx 1\n", "x", "gauge", ["x"], id="gauge"),
        pytest.param("x 1\n", "x", "unknown", ["x"], id="untyped"),
        pytest.param("# TYPE x summary\nx_sum 1\nx_count 2\n", "x", "summary", ["x_sum", "x_count"], id="summary"),
    ],
)
def test_types(text: str, name: str, kind: str, samples: list[str]) -> None:
    (family,) = parse_textfile(text)
    assert (family.name, family.type, [sample.name for sample in family.samples]) == (name, kind, samples)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_family_or_an_error_that_is_told(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a.prom").write_bytes(body)
    assert told(folder)["node_textfile_scrape_error"].samples[0].value in (0.0, 1.0)
