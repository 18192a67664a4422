"""The reference pages are what the program's tables say, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.cli import reference
from hannun.config.load import check
from hannun.config.table import SETTINGS
from hannun.model.text import LANGS, Lang

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", ["settings.md", "cli.md"])
def test_the_pages_are_current(lang: Lang, name: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        reference.main(DOCS)
    written = (DOCS / lang / "reference" / name).read_text(encoding="utf-8")
    assert written == reference.pages(lang)[name], "run `python -m hannun.cli.reference docs`"


def test_main_writes_what_pages_says(tmp_path: Path) -> None:
    reference.main(tmp_path)
    for lang in LANGS:
        for name, text in reference.pages(lang).items():
            assert (tmp_path / lang / "reference" / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("lang", LANGS)
def test_every_setting_is_on_the_page(lang: Lang) -> None:
    page = reference.settings_page(lang)
    for each in SETTINGS.values():
        assert f"`{each.env[0]}`" in page
        assert each.help.say(lang).replace("|", "\\|") in page


def test_the_example_is_a_file_without_complaint(tmp_path: Path) -> None:
    (tmp_path / "hannun.yml").write_text(reference.EXAMPLE)
    assert check(tmp_path / "hannun.yml", {}) == []


@pytest.mark.parametrize("lang", LANGS)
def test_help_fits_its_width(lang: Lang) -> None:
    from hannun.cli.terminal import cells

    inside = False
    for line in reference.cli_page(lang).splitlines():
        inside = inside ^ line.startswith("```")
        if inside:
            assert cells(line) <= reference.WIDTH, line
