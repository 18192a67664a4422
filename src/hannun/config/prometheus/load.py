"""prometheus.yml and every file that it names -> PrometheusConfig, with all there is to say about them.

Prometheus refuses a file for one key that it does not know. Here unknown keys are warnings, so that a file written
for another version loads; `strict` refuses what promtool refuses, in its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hannun.config import yaml
from hannun.config.complaint import Complaint, Refused, quote
from hannun.config.prometheus import paths
from hannun.config.prometheus.alerting import read_alerting
from hannun.config.prometheus.discovery import NOT_SUPPORTED
from hannun.config.prometheus.model import PrometheusConfig, RuleGroup, ScrapeConfig
from hannun.config.prometheus.printer import Written, print_config
from hannun.config.prometheus.rules import CheckExpr, accept, read_rule_file
from hannun.config.prometheus.scrape import Global, read_global, read_jobs
from hannun.config.prometheus.section import Notes, Relabel, Section, Source, root_of
from hannun.config.prometheus.unused import read_storage, read_unused

KEYS = (
    *("global", "runtime", "alerting", "rule_files", "scrape_config_files", "scrape_configs"),
    *("storage", "tracing", "remote_write", "remote_read", "otlp"),
)
"""What stands outermost in prometheus.yml."""
UNUSED_PARTS = ("runtime", "storage", "tracing", "remote_write", "remote_read", "otlp")
_FILE_PATTERN = re.compile(r"[^*]*(?:\*[^/]*)?")
_VARIABLE = re.compile(r"\$(?:\{([*#$@!?\-0-9])\}|\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|(\w+))", re.ASCII)


def load(
    path: Path,
    env: Mapping[str, str],
    *,
    check_expr: CheckExpr = accept,
    strict: bool = False,
    relabel: Relabel | None = None,
) -> tuple[PrometheusConfig, tuple[Complaint, ...]]:
    """The configuration and its warnings. `env` fills `${NAME}` in external_labels; `check_expr` judges expressions;
    a strict reading runs targets through `relabel`.

    Raises Refused with every complaint when one is fatal: the caller keeps the configuration that it has.
    """
    notes = Notes(strict=strict, relabel=relabel)
    config = read(path, env, notes, check_expr=check_expr)
    if notes.is_fatal:
        raise Refused(notes.in_order())
    return config, notes.in_order()


def read(
    path: Path, env: Mapping[str, str], notes: Notes, *, check_expr: CheckExpr = accept, shown: str | None = None
) -> PrometheusConfig:
    """What could be read; a fatal note says that it must not be used. `shown` is the file's name in complaints."""
    source = Source(shown or str(path), path.absolute().parent, notes)
    document = paths.open_yaml(path, source)
    top = None if document is None else root_of(document.root, source, "config.plain")
    if top is None:
        return PrometheusConfig(file=path)
    common = read_global(top)
    common = replace(common, external_labels=_expanded(top, common, env))
    seen: dict[str, str] = {}
    own_jobs = read_jobs(top, common, seen)
    job_patterns, job_files = _named(top, "scrape_config_files", "scrape config", "scrape_configs", path)
    rule_patterns, rule_files = _named(top, "rule_files", "rule", "groups", path)
    managers, alert_relabel = read_alerting(top, legacy=common.legacy)
    kept = read_storage(top)
    read_unused(top, legacy=common.legacy)
    top.close()
    config = PrometheusConfig(
        file=path,
        evaluation_interval_ms=common.evaluation_interval_ms,
        external_labels=dict(common.external_labels),
        scrape=own_jobs,
        rule_groups=_rule_groups(rule_files, notes, common, check_expr),
        alertmanagers=managers,
        alert_relabel=alert_relabel,
        retention_ms=kept.retention_ms,
        retention_size_bytes=kept.retention_size_bytes,
    )
    printed = print_config(config, common, _written(top, rule_patterns, job_patterns))
    return replace(config, yaml=printed, scrape=own_jobs + _jobs_of_files(job_files, notes, common, seen))


@dataclass(frozen=True, slots=True)
class Named:
    """A file that the configuration names, and how it is called in complaints."""

    path: Path
    shown: str


def _named(top: Section, key: str, what: str, inside: str, config: Path) -> tuple[tuple[str, ...], dict[Path, Named]]:
    """The patterns below `key` as they are used, and the files they name, each once."""
    patterns: list[str] = []
    found: dict[Path, Named] = {}
    for words, line in top.lined_texts(key):
        if not _FILE_PATTERN.fullmatch(words):
            top.source.refuse(
                line,
                f"invalid {what} file path {quote(words)}",
                f"{quote(words)}: *는 파일 이름에만 쓸 수 있습니다",
            )
            continue
        pattern, files = paths.matching(
            words, top.source, line, accepts=lambda path: path != config.absolute() and _has(path, inside)
        )
        patterns.append(pattern)
        if not files:
            _say_none(top.source, key, line, words)
        for file in files:
            found.setdefault(file, Named(file, top.source.shown(file)))
    return tuple(patterns), found


def _say_none(source: Source, key: str, line: int, words: str) -> None:
    if "*" not in words and key == "rule_files":  # of other files promtool does not ask whether they are there
        source.odd(
            line,
            f"{quote(words)}: no such file; nothing is read for it",
            f"{quote(words)}: 그런 파일이 없어 읽지 않습니다",
            promtool=f"{quote(words)} does not point to an existing file",
        )
    else:
        source.warn(line, f"{quote(words)} matches no file", f"{quote(words)}: 일치하는 파일이 없습니다")


def _has(path: Path, key: str) -> bool:
    """Whether a file's outermost mapping has `key`: a neighbour that is something else is left alone."""
    try:
        root = yaml.load(paths.read(path), str(path)).root
    except (OSError, ValueError, Refused):
        return False
    return isinstance(root, yaml.Map) and root.get(key) is not None


def _jobs_of_files(
    files: Mapping[Path, Named], notes: Notes, common: Global, seen: dict[str, str]
) -> tuple[ScrapeConfig, ...]:
    jobs: list[ScrapeConfig] = []
    for named in files.values():
        source = Source(named.shown, named.path.parent, notes)
        document = paths.open_yaml(named.path, source)
        top = None if document is None else root_of(document.root, source, "config.ScrapeConfigs")
        if top is not None:
            jobs.extend(read_jobs(top, common, seen))
            top.close()
    return tuple(jobs)


def _rule_groups(
    files: Mapping[Path, Named], notes: Notes, common: Global, check_expr: CheckExpr
) -> tuple[RuleGroup, ...]:
    groups: list[RuleGroup] = []
    for named in files.values():
        groups.extend(read_rule_file(named.path, notes, common, check_expr, shown=named.shown))
    return tuple(groups)


def _written(top: Section, rule_patterns: tuple[str, ...], job_patterns: tuple[str, ...]) -> Written:
    by_job: dict[str, dict[str, object]] = {}
    for section in top.sections("scrape_configs", ""):
        others = {name: yaml.to_python(section.take(name)) for name in section.names() if _is_not_run(name)}
        by_job[section.text("job_name")] = others
    return Written(
        rule_files=rule_patterns,
        scrape_config_files=job_patterns,
        top={key: yaml.to_python(top.take(key)) for key in UNUSED_PARTS},
        by_job=by_job,
    )


def _is_not_run(key: str) -> bool:
    return key.endswith("_sd_configs") and key.removesuffix("_sd_configs") in NOT_SUPPORTED


def _expanded(top: Section, common: Global, env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """`$NAME` and `${NAME}` in the values of external_labels; `$$` is a dollar. As Go's os.Expand reads them."""
    return tuple((name, _expand(value, top, env)) for name, value in common.external_labels)


def _expand(value: str, top: Section, env: Mapping[str, str]) -> str:
    def of(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[4] or found[5] or ""
        if name == "$":
            return "$"
        if name and not env.get(name):
            top.source.warn(
                top.line_of("global"),
                f"external_labels: the variable {quote(name)} is empty or not set",
                f"external_labels: {quote(name)} 환경 변수가 비어 있거나 없습니다",
            )
        return env.get(name, "")

    return _VARIABLE.sub(of, value)
