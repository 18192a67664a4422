"""Rule files: groups of recording and alerting rules, with every check that needs no evaluation.

Expressions are judged by a function that is handed in, because the room of queries lies downstream of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from hannun.config.complaint import quote
from hannun.config.prometheus import paths, scalars
from hannun.config.prometheus.model import Rule, RuleGroup
from hannun.config.prometheus.scrape import Global
from hannun.config.prometheus.section import Notes, Section, Source, root_of
from hannun.config.prometheus.templates import BadTemplate, check_template
from hannun.model.errors import HannunError

CheckExpr = Callable[[str], None]
"""Raises HannunError in PromQL's words for an expression that does not parse."""
INT_MIN = -(2**63)


def accept(_expr: str) -> None:
    """Every expression is fine: for callers that have no parser at hand."""


def read_rule_file(
    path: Path, notes: Notes, common: Global, check_expr: CheckExpr = accept, *, shown: str | None = None
) -> tuple[RuleGroup, ...]:
    """The groups of one file; mistakes are noted. `shown` is the file's name in complaints."""
    source = Source(shown or str(path), path.parent, notes)
    document = paths.open_yaml(path, source)
    if document is None:
        return ()
    top = root_of(document.root, source, "rulefmt.RuleGroups")
    if top is None:
        return ()
    return read_groups(top, common, check_expr)


def read_groups(top: Section, common: Global, check_expr: CheckExpr) -> tuple[RuleGroup, ...]:
    """The groups of a file that is already open."""
    found: dict[str, RuleGroup] = {}
    for section in top.sections("groups", "rulefmt.RuleGroup", empty="Groupname must not be empty"):
        group = _group(section, common, check_expr)
        if not group.name:
            section.refuse("name", "Groupname must not be empty", "그룹에 name이 있어야 합니다")
        elif group.name in found:
            section.refuse(
                "name",
                f"groupname: {quote(group.name)} is repeated in the same file",
                f"{quote(group.name)}: 같은 이름의 그룹이 이 파일에 이미 있습니다",
            )
        found[group.name] = group
    top.close()
    return tuple(found.values())


def _group(section: Section, common: Global, check_expr: CheckExpr) -> RuleGroup:
    labels = section.mapping("labels")
    _check_labels(section, labels, legacy=common.legacy)
    name = section.text("name")
    group = RuleGroup(
        name=name,
        file=section.source.file,
        interval_ms=section.duration("interval") or common.evaluation_interval_ms,
        limit=section.whole("limit", least=INT_MIN, most=scalars.INT_MAX),
        query_offset_ms=section.duration("query_offset", common.rule_query_offset_ms),
        labels=labels,
        rules=tuple(
            _rule(inner, f"group {quote(name)}, rule {number}", common, check_expr)
            for number, inner in enumerate(section.sections("rules", "rulefmt.RuleNode", empty=_NEITHER), 1)
        ),
    )
    section.close()
    return group


_NEITHER = "one of 'record' or 'alert' must be set"


def _rule(section: Section, place: str, common: Global, check_expr: CheckExpr) -> Rule:
    rule = Rule(
        expr=section.text("expr"),
        line=section.line,
        record=section.text("record"),
        alert=section.text("alert"),
        for_ms=section.duration("for"),
        keep_firing_for_ms=section.duration("keep_firing_for"),
        labels=section.mapping("labels"),
        annotations=section.mapping("annotations"),
    )
    where = f"{place}, {quote(rule.alert or rule.record)}"
    if rule.record and rule.alert:
        en = "only one of 'record' and 'alert' must be set"
        section.refuse("alert", f"{where}: {en}", f"{where}: record와 alert 가운데 하나만 적어 주세요")
    elif not rule.record and not rule.alert:
        section.refuse("record", f"{where}: {_NEITHER}", f"{where}: record나 alert 가운데 하나가 있어야 합니다")
    if not rule.expr:
        section.refuse("expr", f"{where}: field 'expr' must be set in rule", f"{where}: expr이 있어야 합니다")
    else:
        try:
            check_expr(rule.expr)
        except HannunError as err:
            section.refuse(
                "expr",
                f"{where}: could not parse expression: {err.say('en')}",
                f"{where}: 식을 읽을 수 없습니다: {err.say('ko')}",
            )
    if rule.record:
        _check_recording(section, rule, where, legacy=common.legacy)
    _check_labels(section, rule.labels, legacy=common.legacy)
    for name in rule.annotations:
        if not scalars.is_label(name, legacy=common.legacy):
            section.refuse("annotations", f"invalid annotation name: {name}", f"{quote(name)}: 주석 이름이 아닙니다")
    if rule.alert:
        _check_templates(section, rule, where)
    section.close()
    return rule


def _check_recording(section: Section, rule: Rule, where: str, *, legacy: bool) -> None:
    for key, is_set in (
        ("annotations", rule.annotations),
        ("for", rule.for_ms),
        ("keep_firing_for", rule.keep_firing_for_ms),
    ):
        if is_set:
            section.refuse(
                key,
                f"{where}: invalid field '{key}' in recording rule",
                f"{where}: 기록 규칙에는 {key} 항목을 적을 수 없습니다",
            )
    if not scalars.is_metric(rule.record, legacy=legacy):
        section.refuse(
            "record",
            f"{where}: invalid recording rule name: {rule.record}",
            f"{where}: 기록 규칙의 이름으로 쓸 수 없습니다",
        )
    elif set("{}") & set(rule.record):
        section.refuse(
            "record",
            f"{where}: braces present in the recording rule name; should it be in expr?: {rule.record}",
            f"{where}: 기록 규칙의 이름에 중괄호가 있습니다. expr에 적을 식은 아닌가요?",
        )


def _check_labels(section: Section, labels: Mapping[str, str], *, legacy: bool) -> None:
    for name in labels:
        if name == "__name__" or not scalars.is_label(name, legacy=legacy):
            section.refuse("labels", f"invalid label name: {name}", f"{quote(name)}: 라벨 이름으로 쓸 수 없습니다")


def _check_templates(section: Section, rule: Rule, where: str) -> None:
    for key, what, texts in (("labels", "label", rule.labels), ("annotations", "annotation", rule.annotations)):
        for name, text in texts.items():
            try:
                check_template(text)
            except BadTemplate as err:
                section.refuse(
                    key,
                    f"{where}: {what} {quote(name)}: error parsing template: {err}",
                    f"{where}: {name} 템플릿을 읽을 수 없습니다: {err}",
                )
