"""The documentation as a whole: two languages that say the same, links that lead somewhere, blocks that can be read."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from hannun.config.load import check
from hannun.query.promql import check as check_promql
from hannun.testing.pages import DOCS, LANGS, Block, Page, pages

ROOT = DOCS.parent
PAGES = [page for lang in LANGS for page in pages(lang)]
BLOCKS = [(page, block) for page in PAGES for block in page.blocks if not page.name.startswith("reference/")]
MAY_DIFFER = ("text",)
"""What a program says is in the reader's language."""

KINDS = {
    "sh",
    "console",
    "text",
    "promql",
    "yaml",
    "ini",
    "alloy",
    "nginx",
    "caddy",
    "sql",
    "toml",
    "python",
    "openmetrics",
    "",
}
PROGRAMS = {"cd", "cp", "curl", "git", "journalctl", "loginctl", "make", "systemctl", "useradd"}
"""What a reader is told to run besides `hannun` where a test cannot."""


def ids(found: list[Page]) -> list[str]:
    return [f"{page.lang} {page.name}" for page in found]


def blocks(kind: str) -> list[object]:
    found = [(page, block) for page, block in BLOCKS if block.kind == kind]
    return [
        pytest.param(page, block, id=f"{page.lang} {page.name} {number}")
        for number, (page, block) in enumerate(found, 1)
    ]


def test_both_languages_have_the_same_pages() -> None:
    english, korean = ({page.name for page in PAGES if page.lang == lang} for lang in LANGS)
    assert english == korean


@pytest.mark.parametrize("english", [page for page in PAGES if page.lang == "en"], ids=lambda page: page.name)
def test_both_languages_show_the_same_snippets(english: Page) -> None:
    korean = next(page for page in PAGES if page.lang == "ko" and page.name == english.name)
    shown = [[(block.kind, block.note) for block in page.blocks] for page in (english, korean)]
    assert shown[0] == shown[1]
    for ours, theirs in zip(english.blocks, korean.blocks, strict=True):
        if ours.kind not in MAY_DIFFER:
            assert ours.bare == theirs.bare
    if not english.name.startswith("reference/"):
        assert english.prose.count("\n## ") == korean.prose.count("\n## ")


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_links_lead_to_pages_and_headings_that_exist(page: Page) -> None:
    by_path = {other.path: other for other in PAGES}
    for link in page.links:
        if re.match(r"https?:", link):
            continue
        where, _, heading = unquote(link).partition("#")
        target = (page.path.parent / where).resolve() if where else page.path
        assert target.exists(), f"{link} leads nowhere"
        if heading:
            assert heading in by_path[target].anchors, f"{link}: no such heading among {by_path[target].anchors}"


@pytest.mark.parametrize("lang", LANGS)
def test_the_index_leads_to_every_page(lang: str) -> None:
    index = next(page for page in PAGES if page.lang == lang and page.name == "README.md")
    listed = {link for link in index.links if not link.startswith("..")}
    assert listed == {page.name for page in PAGES if page.lang == lang} - {"README.md"}


def test_every_block_says_what_it_is() -> None:
    assert {block.kind for _, block in BLOCKS} <= KINDS


@pytest.mark.parametrize(("page", "block"), blocks("promql"))
def test_questions_are_well_formed(page: Page, block: Block) -> None:
    check_promql(block.text.strip())


@pytest.mark.parametrize(("page", "block"), blocks("yaml"))
def test_yaml_is_well_formed(page: Page, block: Block, tmp_path: Path) -> None:
    """And what is meant for Hannun is understood by it to the last key."""
    content = yaml.safe_load(block.text)
    assert isinstance(content, dict)
    if {"retention", "listen"} & content.keys():
        file = tmp_path / "hannun.yml"
        file.write_text(block.text, encoding="utf-8")
        assert [str(complaint) for complaint in check(file, {})] == []


@pytest.mark.parametrize(("page", "block"), blocks("ini"))
def test_units_are_well_formed(page: Page, block: Block) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(block.text)
    assert unit["Service"]["ExecStart"].split()[1:] == ["serve"]


@pytest.mark.parametrize(("page", "block"), blocks("alloy"))
def test_alloy_blocks_are_closed_and_name_the_path(page: Page, block: Block) -> None:
    """There is no Alloy to run here, so this is all that is checked."""
    assert block.text.count("{") == block.text.count("}") > 0
    assert re.findall(r'"(http[^"]*)"', block.text) == ["http://192.168.0.10:8800/api/v1/write"]


@pytest.mark.parametrize(("page", "block"), [*blocks("console"), *blocks("sh")])
def test_shell_blocks_are_shell(page: Page, block: Block) -> None:
    subprocess.run(["sh", "-n"], input=block.text.encode(), check=True)


@pytest.mark.parametrize(("page", "block"), blocks("console"))
def test_commands_for_other_machines_are_ones_we_know(page: Page, block: Block) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for command in re.split(r"\n|&&", block.text.strip()):
        words = re.sub(r"^\s*sudo (-u \w+ )?|\b[A-Z_]+=\S+ ", "", command).split()
        program = Path(words[0]).name
        assert program in PROGRAMS | {"hannun"}, command
        if program == "make":
            goals = [word for word in words[1:] if not word.startswith(("-", "/"))]
            assert goals, command
            assert set(goals) <= targets, command
        for named in re.findall(r"/opt/hannun/app/(deploy/\S+)", command):
            assert (ROOT / named).is_file(), command
