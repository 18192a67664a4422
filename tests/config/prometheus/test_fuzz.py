"""Any bytes give a configuration with complaints, or Refused: never another exception, never a hang."""

from __future__ import annotations

import random
import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hannun.config.blackbox.load import load as load_blackbox
from hannun.config.check import Tools, check
from hannun.config.complaint import Refused
from hannun.config.prometheus.load import load as load_prometheus
from hannun.process.relabel import Relabeler
from hannun.query.promql.engine import check as check_expr

DATA = Path(__file__).parent.parent.parent / "data" / "verdicts"
FILES = [
    block.partition("\n")[2]
    for table in ("config", "rules", "blackbox")
    for block in re.split(r"^=== ", (DATA / f"{table}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
]
WORDS = [
    *sorted(set(re.findall(r"[\w.]+", "\n".join(FILES)))),
    *("null", "~", "*a", "&a ", "{}", "[]", '"', "\0", "${X}", "$", "{{", "}}", "!!binary ", "!!int ", "1e999", "-"),
    *("99999999999999999999", "\\C", "(", "/", "..", "*", "/dev/zero", "/dev/*", "\t", "<<: ", "%zz", "://", "[::1"),
]
TOOLS = Tools(check_expr, lambda rules, labels: Relabeler(rules).apply(labels))


def survives(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    for strict in (False, True):
        check(file, {"X": "y"}, strict=strict, tools=TOOLS)
        for load in (load_prometheus, load_blackbox):
            with suppress(Refused):
                load(file, {"X": "y"}, strict=strict)


def mutated(chance: random.Random) -> bytes:
    text = chance.choice(FILES)
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(text))
        end = min(len(text), at + chance.randint(0, 12))
        match chance.randrange(4):
            case 0:
                text = text[:at] + chance.choice(WORDS) + text[end:]
            case 1:
                text = text[:at] + text[end:]
            case 2:
                text = text[:at] + chance.choice(FILES)[: chance.randint(0, 80)] + text[at:]
            case _:
                words = list(re.finditer(r"[\w.]+", text))
                if words:
                    word = chance.choice(words)
                    text = text[: word.start()] + chance.choice(WORDS) + text[word.end() :]
    content = text.encode()
    if chance.random() < 0.1:
        at = chance.randint(0, len(content))
        content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    return content


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    survives(content, tmp_path / "p.yml")


def test_files_with_mistakes(tmp_path: Path) -> None:
    chance = random.Random(20261120)
    for _ in range(600):
        survives(mutated(chance), tmp_path / "p.yml")


@pytest.mark.long
def test_many_files_with_mistakes(tmp_path: Path) -> None:
    chance = random.Random()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        survives(mutated(chance), tmp_path / "p.yml")


JOBS = "scrape_configs:\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: " + "[" * 100_000, id="deep lists"),
        pytest.param("scrape_configs: [" + "{job_name: a}," * 10_000 + "]", id="one job 10,000 times"),
        pytest.param("global:\n" + "".join(f"  k{n}: 1\n" for n in range(20_000)), id="unknown keys"),
        pytest.param(
            JOBS + "- job_name: a\n  relabel_configs: [{action: keep, regex: '" + "(a|b)*" * 300_000 + "'}]",
            id="a pattern",
        ),
        pytest.param("rule_files:\n" + "- /usr/*.yml\n" * 10_000, id="globs"),
        pytest.param("rule_files: ['" + "../" * 100_000 + "*.yml']", id="a long path"),
        pytest.param("rule_files: [/dev/zero, /dev/stdin, /proc/self/mem, '/dev/*']", id="files that are no files"),
        pytest.param(
            "x: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
            id="aliases of aliases",
        ),
        pytest.param("rule_files: ['\\0']", id="NUL in a path"),
        pytest.param('rule_files: ["\\0", "a\\nb"]', id="control characters in a path"),
        pytest.param("global: {scrape_interval: " + "9" * 5_000 + "s}", id="a number of 5,000 digits"),
        pytest.param("global: {external_labels: {a: '" + "$" * 100_000 + "'}}", id="dollars"),
    ],
)
def test_bombs_are_bounded(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.yml").write_text(text)
    began = time.process_time()
    with suppress(Refused):
        load_prometheus(tmp_path / "p.yml", {})
    assert time.process_time() - began < 10


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "rules.yml")
    (tmp_path / "p.yml").write_text("rule_files: [rules.yml]")
    with pytest.raises(Refused, match="not a regular file"):
        load_prometheus(tmp_path / "p.yml", {})
