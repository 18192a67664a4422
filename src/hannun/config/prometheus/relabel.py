"""relabel_configs and their kin -> RelabelRule, checked by Prometheus's own rules and in its words."""

from __future__ import annotations

from typing import get_args

from hannun.config.complaint import nearest, quote
from hannun.config.prometheus import scalars
from hannun.config.prometheus.section import Section
from hannun.config.values import BadValue
from hannun.model.relabel import Action, RelabelRule

ACTIONS: tuple[Action, ...] = get_args(Action)
DEFAULT = RelabelRule()
_NEED_TARGET = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
_NO_REPLACEMENT = ("lowercase", "uppercase", "keepequal", "dropequal")
_ONLY_SOURCE_AND_TARGET = ("keepequal", "dropequal")
_ONLY_REGEX = ("labeldrop", "labelkeep")


def read_rules(section: Section, key: str, what: str, *, legacy: bool = False) -> tuple[RelabelRule, ...]:
    """The rules below `key`. `what` names an empty one in Prometheus's words: `target relabeling rule in scrape
    config`. `legacy`: label names have letters, digits and `_` only."""
    return tuple(
        _rule(inner, legacy=legacy) for inner in section.sections(key, "relabel.plain", empty=f"empty or null {what}")
    )


def _rule(section: Section, *, legacy: bool) -> RelabelRule:
    rule = RelabelRule(
        action=section.word("action", _action, "replace"),
        source_labels=_source_labels(section, legacy=legacy),
        separator=section.text("separator", DEFAULT.separator),
        regex=section.word("regex", scalars.regex, DEFAULT.regex),
        target_label=section.text("target_label"),
        replacement=section.text("replacement", DEFAULT.replacement),
        modulus=section.whole("modulus"),
    )
    # What fields an unknown action would need is anybody's guess.
    if section.text("action", "replace").lower() in ACTIONS:
        _check(section, rule, legacy=legacy)
    section.close()
    return rule


def _source_labels(section: Section, *, legacy: bool) -> tuple[str, ...]:
    named = section.lined_texts("source_labels")
    for name, line in named:
        if not scalars.is_label(name, legacy=legacy):
            section.source.refuse(
                line, f"{quote(name)} is not a valid label name", f"{quote(name)}: 라벨 이름이 아닙니다"
            )
    return tuple(name for name, _ in named)


def _check(section: Section, rule: RelabelRule, *, legacy: bool) -> None:
    action, target = rule.action, rule.target_label
    is_template = action == "replace" and "$" in target
    valid_target = (scalars.is_label_template if is_template else scalars.is_label)(target, legacy=legacy)
    others = {"source_labels", "separator", "regex", "modulus", "target_label", "replacement"}
    if action == "hashmod" and not rule.modulus:
        section.refuse(
            "modulus",
            "relabel configuration for hashmod requires non-zero modulus",
            "hashmod에는 0이 아닌 modulus가 있어야 합니다",
        )
    if action in _NEED_TARGET and not target:
        section.refuse(
            "action",
            f"relabel configuration for {action} action requires 'target_label' value",
            f"{action} 동작에는 target_label이 있어야 합니다",
        )
    elif action in _NEED_TARGET and not valid_target:
        section.refuse(
            "target_label",
            f"{quote(target)} is invalid 'target_label' for {action} action",
            f"{quote(target)}: {action} 동작의 target_label로 쓸 수 없습니다",
        )
    elif action in _NO_REPLACEMENT and rule.replacement != DEFAULT.replacement:
        section.refuse(
            "replacement",
            f"'replacement' can not be set for {action} action",
            f"{action} 동작에는 replacement를 적을 수 없습니다",
        )
    elif action == "labelmap" and not scalars.is_label_template(rule.replacement, legacy=legacy):
        section.refuse(
            "replacement",
            f"{quote(rule.replacement)} is invalid 'replacement' for {action} action",
            f"{quote(rule.replacement)}: {action} 동작의 replacement로 쓸 수 없습니다",
        )
    elif action in _ONLY_SOURCE_AND_TARGET and _set(section, others - {"source_labels", "target_label"}):
        section.refuse(
            "action",
            f"{action} action requires only 'source_labels' and `target_label`, and no other fields",
            f"{action} 동작에는 source_labels와 target_label만 적을 수 있습니다",
        )
    elif action in _ONLY_REGEX and _set(section, others - {"regex"}):
        section.refuse(
            "action",
            f"{action} action requires only 'regex', and no other fields",
            f"{action} 동작에는 regex만 적을 수 있습니다",
        )


def _set(section: Section, keys: set[str]) -> bool:
    """Whether one of `keys` says something else than its default."""
    for key in keys & set(section.names()):
        if key in ("source_labels", "regex") and key in section:
            return True  # Prometheus looks whether these are there, not what they say
        if key == "modulus" and section.whole("modulus"):
            return True
        if key in ("separator", "target_label", "replacement") and section.text(key) != getattr(DEFAULT, key):
            return True
    return False


def _action(words: str) -> Action:
    lowered = words.lower()
    if lowered in ACTIONS:
        return lowered
    near = nearest(lowered, ACTIONS)
    raise BadValue(
        f"unknown relabel action {quote(words)}" + (f"; did you mean {near}?" if near else ""),
        f"{quote(words)}: 그런 동작이 없습니다" + (f". 혹시 {near}?" if near else ""),
    )
