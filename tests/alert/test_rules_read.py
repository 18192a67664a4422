from __future__ import annotations

from hannun.alert.rules_read import RulesRead
from hannun.config.prometheus.model import Rule, RuleGroup
from hannun.model.rules import AlertingRuleStatus, RecordingRuleStatus


def test_rules_are_told_as_their_files_say_them_and_never_as_evaluated() -> None:
    rules = (
        Rule("sum(up)", 3, record="job:up:sum", labels={"team": "b"}),
        Rule(
            "up == 0",
            5,
            alert="Down",
            for_ms=60_000,
            labels={"severity": "page"},
            annotations={"summary": "{{ $value }}"},
        ),
    )
    groups = [
        RuleGroup("z", "b.yml", 15_000),
        RuleGroup("a", "b.yml", 30_000, limit=7, labels={"team": "a"}, rules=rules),
        RuleGroup("y", "a.yml", 15_000),
    ]
    found = RulesRead(lambda: groups).groups()
    assert [(group.file, group.name) for group in found] == [("a.yml", "y"), ("b.yml", "a"), ("b.yml", "z")]
    group = found[1]
    assert (group.interval_s, group.limit, group.last_evaluation_ms) == (30.0, 7, 0)
    assert group.rules == (
        RecordingRuleStatus("job:up:sum", "sum(up)", (("team", "b"),)),
        AlertingRuleStatus(
            "Down", "up == 0", (("severity", "page"), ("team", "a")), (("summary", "{{ $value }}"),), for_s=60.0
        ),
    )
    assert {rule.health for rule in group.rules} == {"unknown"}
