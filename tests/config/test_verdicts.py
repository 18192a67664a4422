"""A strict reading gives the verdict of promtool and of blackbox_exporter on the same files.

Two tests per table: ours against the table, and the table against the installed program, whose version is older than
the one that the table speaks for. Where the two versions differ the table says so.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hannun.config.blackbox.load import read as read_blackbox
from hannun.config.prometheus.load import read as read_prometheus
from hannun.config.prometheus.rules import read_rule_file
from hannun.config.prometheus.scrape import Global
from hannun.config.prometheus.section import Notes
from hannun.model.relabel import RelabelRule
from hannun.process.relabel import Relabeler
from hannun.query.promql.engine import check as check_expr

DATA = Path(__file__).parent.parent / "data" / "verdicts"
PROMTOOL = shutil.which("promtool")
EXPORTER = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")


@dataclass(frozen=True)
class Case:
    """`good` is the verdict of the newest version, `good_then` that of the version that Debian 12 installs."""

    name: str
    text: str
    good: bool
    good_then: bool


def cases_of(table: str) -> list[Any]:
    cases = []
    for block in re.split(r"^=== ", (DATA / f"{table}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, text = block.partition("\n")
        title, verdict, *then = (part.strip() for part in head.split("|"))
        good_then = "good" in then[0].partition("(")[0] if then else verdict == "good"
        cases.append(pytest.param(Case(title, text, verdict == "good", good_then), id=title))
    return cases


def relabel(rules: Sequence[RelabelRule], labels: Mapping[str, str]) -> Mapping[str, str] | None:
    return Relabeler(rules).apply(labels)


def said(notes: Notes) -> list[str]:
    return [str(complaint) for complaint in notes.complaints]


@pytest.mark.parametrize("case", cases_of("config"))
def test_prometheus_yml(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "case.yml"
    file.write_text(case.text)
    notes = Notes(strict=True, relabel=relabel)
    read_prometheus(file, {}, notes, check_expr=check_expr)
    assert notes.is_fatal is not case.good, said(notes)


@pytest.mark.parametrize("case", cases_of("rules"))
def test_rules(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "case.yml"
    file.write_text(case.text)
    notes = Notes(strict=True)
    read_rule_file(file, notes, Global(), check_expr)
    assert notes.is_fatal is not case.good, said(notes)


@pytest.mark.parametrize("case", cases_of("blackbox"))
def test_blackbox_yml(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "case.yml"
    file.write_text(case.text)
    notes = Notes(strict=True)
    read_blackbox(file, notes)
    assert notes.is_fatal is not case.good, said(notes)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    ("table", "command", "success"),
    [
        pytest.param(
            "config", "config", " SUCCESS: {file} is valid prometheus config file syntax\n", id="check config"
        ),
        pytest.param("rules", "rules", "Checking {file}\n  SUCCESS:", id="check rules"),
    ],
)
def test_the_table_is_what_promtool_says(table: str, command: str, success: str, tmp_path: Path) -> None:
    """One run over all files: promtool names each one that it finds good."""
    cases = [each.values[0] for each in cases_of(table)]
    files = [tmp_path / f"{number}.yml" for number in range(len(cases))]
    for case, file in zip(cases, files, strict=True):
        file.write_text(case.text)
    assert PROMTOOL is not None
    if "2.42" not in subprocess.run([PROMTOOL, "--version"], capture_output=True, text=True, timeout=30).stdout:
        pytest.skip("the table's third column is about promtool 2.42")
    ran = subprocess.run([PROMTOOL, "check", command, *files], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    verdicts = {case.name: success.format(file=file) in ran.stdout for case, file in zip(cases, files, strict=True)}
    assert verdicts == {case.name: case.good_then for case in cases}


@pytest.mark.skipif(EXPORTER is None, reason="blackbox_exporter is not installed")
def test_the_table_is_what_blackbox_exporter_says(tmp_path: Path) -> None:
    assert EXPORTER is not None
    version = subprocess.run([EXPORTER, "--version"], capture_output=True, text=True, timeout=30)
    if "0.23" not in version.stdout + version.stderr:
        pytest.skip("the table's third column is about blackbox_exporter 0.23")
    cases = [each.values[0] for each in cases_of("blackbox")]
    verdicts = {}
    for case in cases:
        (tmp_path / "case.yml").write_text(case.text)
        ran = subprocess.run(
            [EXPORTER, "--config.check", "--config.file", tmp_path / "case.yml"], capture_output=True, timeout=30
        )
        verdicts[case.name] = ran.returncode == 0
    assert verdicts == {case.name: case.good_then for case in cases}


NEWER = re.compile(
    # What promtool 2.42 refuses and Prometheus 3 takes: names in UTF-8, durations as numbers, a client without secret…
    r"not a valid label name|invalid 'target_label'|invalid 'replacement'|invalid label name|recording rule name"
    r"|invalid annotation name|either oauth2 client_secret|unexpected duration|unit character|duration syntax"
    # …what the discovery of a cloud is told, which is not looked into…
    r"|type aws|EC2 SD"
    # …and labels of by() in quotes.
    r"|in grouping opts"
)
STRANGE = ("~", "0", "-1", "1.5", "[]", "{}", "$1", "(", ".*", "0x1", "1e3", "08", "/", "*", "", '""', "null")
NODES = re.compile(r"null|~|\{\}: |(?:alert|record|expr): \{")
"""Where 2.42 looks less closely than Prometheus 3: null as a name, a mapping as an expression."""


@pytest.mark.long
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
@pytest.mark.parametrize("table", ["config", "rules"])
def test_files_with_mistakes_get_promtools_verdict(table: str, tmp_path: Path) -> None:
    """Good files in which one or two words were replaced: of 2,000 at most five verdicts differ."""
    assert PROMTOOL is not None
    chance = random.Random(f"{table} 2026")
    texts = [each.values[0].text for each in cases_of(table) if each.values[0].good and each.values[0].good_then]
    words = [*sorted(set(re.findall(r"[\w.$]+", "\n".join(texts)))), *STRANGE]
    files = []
    for number in range(2_000):
        text = chance.choice(texts)
        for _ in range(chance.randint(1, 2)):
            found = list(re.finditer(r"[\w.$]+", text))
            if found:
                word = chance.choice(found)
                text = text[: word.start()] + chance.choice(words) + text[word.end() :]
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(text)
    ran = subprocess.run([PROMTOOL, "check", table, *files], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    differing = []
    for file in files:
        good = f"SUCCESS: {file} is valid" in ran.stdout or f"Checking {file}\n  SUCCESS:" in ran.stdout
        notes = Notes(strict=True, relabel=relabel)
        if table == "config":
            read_prometheus(file, {}, notes, check_expr=check_expr)
        else:
            read_rule_file(file, notes, Global(), check_expr)
        if good is notes.is_fatal and not (good and NODES.search(file.read_text())):
            alone = subprocess.run([PROMTOOL, "check", table, file], capture_output=True, text=True, timeout=30)
            if not NEWER.search(alone.stderr):
                differing.append((file.read_text(), alone.stderr, said(notes)))
    assert len(differing) <= 5, differing


RULES_BAD = "groups: [{name: a, rules: [{alert: A, expr: 'sum('}]}]"
TARGETS = "scrape_configs: [{job_name: a, file_sd_configs: [{files: [targets.yml]}]}]"
FOLDERS = [
    pytest.param({"p.yml": "rule_files: [r.yml]", "r.yml": "groups: []"}, True, id="a good rule file"),
    pytest.param({"p.yml": "rule_files: [r.yml]", "r.yml": RULES_BAD}, False, id="a bad rule file"),
    pytest.param(
        {"p.yml": "rule_files: ['*.rules']", "a.rules": "groups: []", "b.rules": RULES_BAD}, False, id="a glob"
    ),
    pytest.param({"p.yml": TARGETS, "targets.yml": "- targets: ['a:1']\n  labels: {a: b}"}, True, id="good targets"),
    pytest.param({"p.yml": TARGETS, "targets.yml": ""}, True, id="no targets yet"),
    pytest.param({"p.yml": TARGETS, "targets.yml": "- target: ['a:1']"}, False, id="an unknown key of targets"),
    pytest.param({"p.yml": TARGETS, "targets.yml": "- null"}, False, id="a group that is null"),
    pytest.param({"p.yml": TARGETS, "targets.yml": "targets: [a]"}, False, id="targets that are no list"),
    pytest.param({"p.yml": TARGETS, "targets.yml": "- targets: ['http://a/']"}, False, id="a target that is a URL"),
    pytest.param(
        {"p.yml": TARGETS.replace(".yml", ".json"), "targets.json": '[{"targets": ["a:1"]}]'}, True, id="JSON targets"
    ),
    pytest.param(
        {"p.yml": TARGETS.replace(".yml", ".json"), "targets.json": "[{targets: [a]}]"}, False, id="JSON that is YAML"
    ),
    pytest.param(
        {
            "p.yml": "alerting: {alertmanagers: [{file_sd_configs: [{files: [am.yml]}]}]}",
            "am.yml": "- targets: ['http://am/']",
        },
        False,
        id="a URL in an Alertmanager's file",
    ),
    pytest.param(
        {"p.yml": "scrape_configs: [{job_name: a, bearer_token_file: t}]", "t": "secret"}, True, id="a secret's file"
    ),
    pytest.param(
        {"p.yml": "scrape_configs: [{job_name: a, bearer_token_file: /nobody/t}]", "t": "secret"},
        False,
        id="a secret's file that only a container has",
    ),
    pytest.param({"p.yml": "rule_files: [/nobody/r.yml]", "r.yml": "groups: []"}, False, id="rules of a container"),
]


@pytest.mark.parametrize(("files", "good"), FOLDERS)
def test_a_file_is_judged_with_those_that_it_names(files: dict[str, str], good: bool, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    notes = Notes(strict=True, relabel=relabel)
    read_prometheus(tmp_path / "p.yml", {}, notes, check_expr=check_expr)
    assert notes.is_fatal is not good, said(notes)
    if PROMTOOL is not None:
        ran = subprocess.run([PROMTOOL, "check", "config", tmp_path / "p.yml"], capture_output=True, timeout=30)
        assert (ran.returncode == 0) is good, ran.stderr
