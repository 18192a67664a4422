"""What one range aggregation asks for, and what follows from its words alone."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.labels import Labels
from hannun.model.matcher import MatchOp
from hannun.query.logql.compile.stages import without_idle_parsers
from hannun.query.logql.compile.statements import Steps
from hannun.query.logql.ranges import Times
from hannun.query.logql.syntax import Drop, Grouping, Keep, LabelFilter, LabelFormat, RangeAggregation, Stage

BYTES = frozenset({"bytes_rate", "bytes_over_time"})
RATES = frozenset({"rate", "bytes_rate"})
SUMMABLE = frozenset({"rate", "count_over_time", "bytes_rate", "bytes_over_time", "sum_over_time"})


@dataclass(frozen=True, slots=True)
class Question:
    """A range aggregation with what follows from it. `grouping` None: series keep all their labels."""

    node: RangeAggregation
    steps: Steps
    stages: tuple[Stage, ...]
    grouping: Grouping | None

    @staticmethod
    def of(node: RangeAggregation, times: Times, summed_by: Grouping | None) -> Question:
        grouping = node.grouping
        if node.op == "absent_over_time":
            grouping = Grouping(())
        elif grouping is None and node.op in SUMMABLE:
            grouping = summed_by
        stages = node.query.stages
        if grouping == Grouping(()) and node.unwrap is None:
            stages = without_idle_parsers(stages)
        return Question(node, Steps.of(times, node.range_ns, node.offset_ns), stages, grouping)

    @property
    def counts(self) -> bool:
        return self.node.unwrap is None

    @property
    def measures_line(self) -> bool:
        return self.node.op in BYTES

    @property
    def looks_at_no_line(self) -> bool:
        """Whether lines are only counted, by labels that are asked for by name and that no line has in its text."""
        return self.counts and self.by is not None and all(map(looks_at_no_line, self.stages))

    @property
    def by(self) -> tuple[str, ...] | None:
        """The only labels that series keep; None when they keep others."""
        if self.grouping is None or self.grouping.without:
            return None
        return self.grouping.labels


def looks_at_no_line(stage: Stage) -> bool:
    if isinstance(stage, LabelFormat):
        return not any(item.is_template for item in stage.items)
    return isinstance(stage, LabelFilter | Drop | Keep)


def absent_labels(node: RangeAggregation) -> Labels:
    """Of the matchers with `=`, except names that another kind of matcher asks for, too."""
    equal: dict[str, str] = {}
    others: set[str] = set()
    for matcher in node.query.matchers:
        if matcher.op is MatchOp.EQUAL and matcher.name not in equal:
            equal[matcher.name] = matcher.value
        else:
            others.add(matcher.name)
    return Labels.of({name: value for name, value in equal.items() if name not in others})
