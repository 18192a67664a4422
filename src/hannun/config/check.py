"""`hannun check FILE`: what is this file, and can it be used? For our own file and those of the products we replace.

A file is recognised by the keys that stand in it, because people call theirs what they like. `strict` gives the
verdict of that product's own checker (promtool, blackbox_exporter): what it refuses is fatal, in its words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hannun.config import load as own
from hannun.config.blackbox import load as blackbox
from hannun.config.complaint import Complaint, Refused
from hannun.config.loki import load as loki
from hannun.config.prometheus import load as prometheus
from hannun.config.prometheus import paths, web_config
from hannun.config.prometheus.promtool import read_targets_file
from hannun.config.prometheus.rules import CheckExpr, accept, read_rule_file
from hannun.config.prometheus.scrape import Global
from hannun.config.prometheus.section import Notes, Relabel, Source
from hannun.config.promtail import load as promtail
from hannun.config.table import SETTINGS
from hannun.config.yaml import Map, Node, Seq
from hannun.model.text import Text


@dataclass(frozen=True, slots=True)
class Tools:
    """What the checker cannot judge alone, handed in. `expr` raises HannunError for a PromQL expression that does not
    parse; `relabel` runs rules over a target's labels."""

    expr: CheckExpr = accept
    relabel: Relabel | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of file: the keys that its outermost mapping may have, and who reads it."""

    name: str
    keys: frozenset[str]
    read: Callable[[Path, Mapping[str, str], Notes, Tools], None]


def check(
    path: Path, env: Mapping[str, str] | None = None, *, strict: bool = False, tools: Tools | None = None
) -> list[Complaint]:
    """Everything there is to say about one file, by line. It can be used when no complaint is fatal."""
    env, tools = env or {}, tools or Tools()
    notes = Notes(strict=strict, relabel=tools.relabel)
    document = paths.open_yaml(path, Source(str(path), path.absolute().parent, Notes()))
    root = None if document is None else document.root
    if document is None or root is None:
        # Unreadable, or nothing but comments: any reader says the same about it.
        paths.open_yaml(path, Source(str(path), path.absolute().parent, notes))
        return list(notes.in_order())
    kind = recognise(root)
    if kind is None:
        notes.add(Complaint(str(path), root.line, _UNKNOWN, fatal=True))
    elif kind.name == OWN:
        return own.check(path, env)
    else:
        kind.read(path, env, notes, tools)
    return list(notes.in_order())


def recognise(root: Node) -> Kind | None:
    """The kind whose keys stand in the file most; None for a file of some other product."""
    if isinstance(root, Seq):
        is_targets = any(isinstance(each, Map) and each.get("targets") is not None for each in root)
        return _TARGETS if is_targets else None
    if not isinstance(root, Map):
        return None
    present = frozenset(entry.key for entry in root)
    best = max(KINDS, key=lambda kind: len(kind.keys & present))
    # Keys of ours like `listen` are common words: one among many others' keys says nothing.
    if not best.keys & present or len(_OTHERS & present) > len(best.keys & present):
        return None
    return best


def _prometheus(path: Path, env: Mapping[str, str], notes: Notes, tools: Tools) -> None:
    prometheus.read(path, env, notes, check_expr=tools.expr)


def _rules(path: Path, _env: Mapping[str, str], notes: Notes, tools: Tools) -> None:
    read_rule_file(path, notes, Global(), tools.expr)


def _blackbox(path: Path, _env: Mapping[str, str], notes: Notes, _tools: Tools) -> None:
    blackbox.read(path, notes)


def _web(path: Path, _env: Mapping[str, str], notes: Notes, _tools: Tools) -> None:
    web_config.read_web_config(path, notes)


def _targets(path: Path, _env: Mapping[str, str], notes: Notes, _tools: Tools) -> None:
    read_targets_file(path, Source(str(path), path.absolute().parent, notes))


def _loki(path: Path, env: Mapping[str, str], notes: Notes, _tools: Tools) -> None:
    _loaded(lambda: loki.load(path, env)[1], notes)


def _promtail(path: Path, env: Mapping[str, str], notes: Notes, _tools: Tools) -> None:
    _loaded(lambda: promtail.load(path, env)[1], notes)


def _loaded(load: Callable[[], Iterable[Complaint]], notes: Notes) -> None:
    """What a reader says that gathers by itself. It has no strict side: Loki and Promtail bring no checker."""
    try:
        said = load()
    except Refused as err:
        said = err.complaints
    for complaint in said:
        notes.add(complaint)


def _own(path: Path, env: Mapping[str, str], notes: Notes, _tools: Tools) -> None:
    for complaint in own.check(path, env):
        notes.add(complaint)


OWN = "hannun.yml"
KINDS = (
    Kind(
        "prometheus.yml",
        frozenset(prometheus.KEYS),
        _prometheus,
    ),
    Kind("rules", frozenset(("groups",)), _rules),
    Kind("blackbox.yml", frozenset(("modules",)), _blackbox),
    Kind("web config", frozenset(web_config.KEYS), _web),
    Kind("loki.yml", frozenset(loki.KEYS), _loki),
    Kind("promtail.yml", frozenset(promtail.KEYS), _promtail),
    Kind(OWN, frozenset(each.yaml[0] for each in SETTINGS.values() if each.yaml), _own),
)
_TARGETS = Kind("targets", frozenset(("targets", "labels")), _targets)
_OTHERS = frozenset(
    (
        *("route", "receivers", "inhibit_rules", "templates", "time_intervals", "mute_time_intervals"),
        *("apiVersion", "services", "tests", "panels", "blocks_storage", "metrics_generator"),
    )
)
"""Keys of alertmanager.yml, Grafana's, compose's, Mimir's and Tempo's files, and of promtool's tests."""
_UNKNOWN = Text(
    en="no file that is known here: prometheus.yml, rules, file_sd targets, blackbox.yml, a web config, Loki's, "
    "Promtail's or hannun.yml",
    ko="`hannun check`가 아는 파일이 아닙니다: prometheus.yml, 규칙, file_sd 대상, blackbox.yml, 웹 설정, Loki 설정, "
    "Promtail 설정, hannun.yml",
)
