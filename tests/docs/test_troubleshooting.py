"""guide/troubleshooting.md quotes what the program says, word for word in each language, and leaves nothing out."""

from __future__ import annotations

import ast
import io
import re
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from hannun.cli.run import run
from hannun.model.text import Text
from hannun.store import data_dir, disk, retention, writer
from hannun.store.metrics import store
from hannun.testing.pages import DOCS, LANGS, page, pages
from hannun.web import server, tls
from hannun.web.auth import passwords, policy

SRC = DOCS.parent / "src" / "hannun"
SETUP = DOCS.parent / "deploy" / "setup.sh"
LETTERS_MIN = 10
"""Templates with fewer letters of their own (`{path}: {why}`) would match anything."""


@dataclass(frozen=True)
class Said:
    """One sentence of the program: where it stands and what it looks like with its blanks filled in."""

    where: str
    lang: str
    pattern: re.Pattern[str]


def _pattern(node: ast.expr) -> re.Pattern[str] | None:
    """A string, or an f-string, as a pattern over its blanks; None for what is none or says too little."""
    match node:
        case ast.Constant(value=str(text)):
            parts = re.split(r"\{\w+\}", text)
        case ast.JoinedStr(values=values):
            parts = [""]
            for value in values:
                if isinstance(value, ast.Constant):
                    first, *more = re.split(r"\{\w+\}", str(value.value))
                    parts = [*parts[:-1], parts[-1] + first, *more]
                else:
                    parts.append("")
        case _:
            return None
    letters = sum(letter.isalpha() for part in parts for letter in part)
    return re.compile(".+?".join(map(re.escape, parts))) if letters >= LETTERS_MIN else None


@cache
def sentences() -> list[Said]:
    found: list[Said] = []
    for file in sorted(SRC.rglob("*.py")):
        if "testing" in file.parts:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        nodes = list(ast.walk(tree))
        bilingual: set[int] = set()
        for node in nodes:
            if isinstance(node, ast.Call):
                by_lang = {word.arg: word.value for word in node.keywords if word.arg in LANGS}
                if len(by_lang) == 2:
                    where = f"{file.relative_to(SRC)}:{node.lineno}"
                    for lang, value in by_lang.items():
                        bilingual.update(id(part) for part in ast.walk(value))
                        values = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                        values += _joined(value)
                        patterns = [pattern for each in values if (pattern := _pattern(each))]
                        found += [Said(where, lang or "", pattern) for pattern in patterns]
        for node in nodes:
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in bilingual:
                pattern = _pattern(node)
                if pattern is not None:
                    # The words of a protocol are English whoever reads them.
                    found += [Said(f"{file.relative_to(SRC)}:{node.lineno}", "", pattern)]
    return found


def _joined(value: ast.expr) -> list[ast.expr]:
    """`"…" + ("; did you mean …?" if near else "")`: the longest form is what readers quote."""
    if not isinstance(value, ast.BinOp) or not isinstance(value.right, ast.IfExp):
        return []
    parts: list[ast.expr] = []
    for part in (value.left, value.right.body):
        parts += part.values if isinstance(part, ast.JoinedStr) else [part]
    return [ast.JoinedStr(values=parts)]


@cache
def by_start(lang: str) -> dict[str, list[Said]]:
    """What is said in that language by its first two characters: thousands of sentences, few of which may fit."""
    found: dict[str, list[Said]] = {}
    for said in sentences():
        if said.lang in ("", lang):
            # A blank may stand for anything, and an escape begins with a backslash.
            start = said.pattern.pattern[:2]
            found.setdefault(start if start.isalnum() else "", []).append(said)
    return found


@cache
def mistyped(lang: str) -> str:
    """What a mistyped flag costs: its words are put together from parts, so the program itself is asked."""
    with redirect_stderr(io.StringIO()) as said:
        run(["serve", "--retenton", "4d"], {"HANNUN_LANG": lang})
    return said.getvalue()


def who_says(line: str, lang: str) -> set[str]:
    """Where in the code this line, or its two sentences (what happened, what to do), come from."""

    def whole(words: str) -> set[str]:
        may = [*by_start(lang).get(words[:2], ()), *by_start(lang).get("", ())]
        return {said.where for said in may if said.pattern.fullmatch(words)}

    if line in SETUP.read_text(encoding="utf-8"):
        return {"setup.sh"}
    if line in mistyped(lang):
        return {"the command line"}
    if whole(line):
        return whole(line)
    for dot in re.finditer(r"\. ", line):
        what, hint = line[: dot.start()], line[dot.end() :]
        if whole(what) and whole(hint):
            return whole(what)
    return set()


def quotes(lang: str) -> list[str]:
    quoted = [block for each in pages(lang) for block in each.blocks if block.kind == "text"]
    reference = [block for each in pages(lang) if each.name.startswith("reference/") for block in each.blocks]
    return [line for block in quoted if block not in reference for line in block.text.splitlines()]


def test_both_languages_quote_the_same_sentences() -> None:
    assert len(quotes("en")) == len(quotes("ko")) > 25
    for english, korean in zip(quotes("en"), quotes("ko"), strict=True):
        ours, theirs = who_says(english, "en"), who_says(korean, "ko") or who_says(korean, "en")
        assert ours, f"nothing in the program says: {english}"
        assert theirs, f"nothing in the program says: {korean}"
        assert ours & theirs, f"{english} ({ours}) is not {korean} ({theirs})"


STOPPERS = {
    f"{module.__name__}.{name}": value
    for module in (data_dir, server, tls, policy, disk, retention, store, writer, passwords)
    for name, value in vars(module).items()
    if isinstance(value, Text)
}
NOT_QUOTED = {
    # Hints, which stand in a quote together with what they belong to, or say all there is to say.
    "hannun.store.disk.DO",
    "hannun.store.retention.CLOCK_DO",
    "hannun.store.retention.SIZE_DO",
    "hannun.web.auth.policy.CLOSE_IT",
    "hannun.web.auth.policy._MAKE_A_USER",
    # Say all there is to say.
    "hannun.store.writer.CLOSING",
    "hannun.web.auth.passwords._BUSY",
    "hannun.web.auth.policy.OPEN_TO_ALL",
    "hannun.web.server._OTHERWISE",
    "hannun.web.tls._UNREADABLE",
}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", sorted(STOPPERS.keys() - NOT_QUOTED))
def test_what_stops_people_is_on_the_page(name: str, lang: str) -> None:
    text = STOPPERS[name]
    patterns = [
        re.compile(".+?".join(map(re.escape, re.split(r"\{\w+\}", words)))) for words in (getattr(text, lang), text.en)
    ]
    prose = page(lang, "guide/troubleshooting.md").text
    assert any(pattern.search(prose) for pattern in patterns), f"the page does not quote: {getattr(text, lang)}"


def test_what_is_left_out_on_purpose_exists() -> None:
    assert STOPPERS.keys() >= NOT_QUOTED


@pytest.mark.parametrize("lang", LANGS)
def test_each_quote_is_followed_by_words(lang: str) -> None:
    """A message without advice would be a list, not a guide."""
    lines = [line for line in page(lang, "guide/troubleshooting.md").text.splitlines() if line]
    for line, following in pairwise(lines):
        assert not (line == "```" and following.startswith("#"))


def test_paths_in_the_examples_are_those_of_the_service() -> None:
    unit = Path(DOCS.parent / "deploy" / "hannun.service").read_text(encoding="utf-8")
    for lang in LANGS:
        text = page(lang, "guide/troubleshooting.md").text
        for data in set(re.findall(r"/var/lib/\w+", text)):
            assert data in unit
