"""Relabel rules as people write them in prometheus.yml: rules to read, and rules to copy that drop series. Pure.

A rule to copy stands for exactly what was shown beside it, so names and values are quoted for RE2 and for YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hannun.model.labels import METRIC_NAME
from hannun.model.relabel import RelabelRule

_DEFAULTS = RelabelRule()
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?:[:;][A-Za-z0-9_./-]+)*")
# What YAML 1.1 reads as something else than text.
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))
_RE2_SIGNS = re.compile(r"([\\.+*?()|\[\]{}^$])")


def scalar(text: str) -> str:
    """`text` as a YAML scalar: plain where that is safe, in double quotes otherwise."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in ('"', "\\"):
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def quoted_regex(text: str) -> str:
    """An RE2 pattern that matches `text` alone."""
    return _RE2_SIGNS.sub(r"\\\1", text)


def rule_yaml(rule: RelabelRule) -> str:
    """The entry of relabel_configs that reads as this rule, without what is its default."""
    lines = []
    if rule.source_labels:
        lines.append(f"source_labels: [{', '.join(map(scalar, rule.source_labels))}]")
    if rule.separator != _DEFAULTS.separator:
        lines.append(f"separator: {scalar(rule.separator)}")
    if rule.regex != _DEFAULTS.regex:
        lines.append(f"regex: {scalar(rule.regex)}")
    if rule.modulus:
        lines.append(f"modulus: {rule.modulus}")
    if rule.target_label:
        lines.append(f"target_label: {scalar(rule.target_label)}")
    if rule.replacement != _DEFAULTS.replacement:
        lines.append(f"replacement: {scalar(rule.replacement)}")
    if rule.action != _DEFAULTS.action or not lines:
        lines.append(f"action: {rule.action}")
    return "".join(f"{line}\n" for line in lines)


def drop_metric(name: str) -> str:
    return _configs(_drop([(METRIC_NAME, name)]))


def drop_value(metric: str, label: str, value: str) -> str:
    """Drops the series of one metric that have this value."""
    return _configs(_drop([(METRIC_NAME, metric), (label, value)]))


def drop_sender(job: str, instance: str) -> str:
    return _configs(_drop([("job", job), ("instance", instance)]))


def drop_label(label: str, metric: str = "") -> str:
    """Takes a label off every series, or off the series of one metric."""
    if not metric:
        return _configs(RelabelRule("labeldrop", regex=quoted_regex(label)))
    return _configs(
        RelabelRule(
            "replace", source_labels=(METRIC_NAME,), regex=quoted_regex(metric), target_label=label, replacement=""
        )
    )


def _drop(pairs: Iterable[tuple[str, str]]) -> RelabelRule:
    names, values = zip(*pairs, strict=True)
    return RelabelRule("drop", source_labels=names, regex=";".join(map(quoted_regex, values)))


def _configs(rule: RelabelRule) -> str:
    first, *rest = rule_yaml(rule).splitlines()
    return "metric_relabel_configs:\n" + "".join(f"{line}\n" for line in (f"  - {first}", *(f"    {r}" for r in rest)))
