"""Rules as their files say them. This version reads and checks rules and evaluates none, and every page says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hannun.config.prometheus.model import Rule, RuleGroup
from hannun.model.rules import (
    AlertingRuleStatus,
    Alertmanagers,
    RecordingRuleStatus,
    RuleGroupStatus,
    RuleStatus,
)

Pairs = tuple[tuple[str, str], ...]


class RulesRead:
    """Implements `model.rules.Rules`. `groups_now` gives the groups of the configuration in force, `alertmanagers_now`
    whom it names to send alerts to.
    """

    def __init__(
        self,
        groups_now: Callable[[], Sequence[RuleGroup]],
        alertmanagers_now: Callable[[], Alertmanagers] = Alertmanagers,
    ) -> None:
        self._groups_now = groups_now
        self._alertmanagers_now = alertmanagers_now

    def groups(self) -> Sequence[RuleGroupStatus]:
        return sorted((_group(group) for group in self._groups_now()), key=lambda group: (group.file, group.name))

    def alertmanagers(self) -> Alertmanagers:
        return self._alertmanagers_now()


def _group(group: RuleGroup) -> RuleGroupStatus:
    rules = tuple(_rule(rule, group.labels) for rule in group.rules)
    return RuleGroupStatus(group.name, group.file, group.interval_ms / 1000, rules, group.limit)


def _rule(rule: Rule, of_group: Mapping[str, str]) -> RuleStatus:
    labels = _pairs({**of_group, **rule.labels})
    if rule.record:
        return RecordingRuleStatus(rule.record, rule.expr, labels)
    return AlertingRuleStatus(
        rule.alert,
        rule.expr,
        labels,
        _pairs(rule.annotations),
        rule.for_ms / 1000,
        rule.keep_firing_for_ms / 1000,
    )


def _pairs(named: Mapping[str, str]) -> Pairs:
    return tuple(sorted(named.items()))
