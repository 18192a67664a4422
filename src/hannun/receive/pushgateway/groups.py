"""The groups in memory: what PUT, POST and DELETE make of them, and what stands against a push. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hannun.model.errors import TooLarge
from hannun.model.family import Family
from hannun.model.pushed import Pairs, PushedGroup
from hannun.receive.pushgateway.limits import PushLimits
from hannun.receive.pushgateway.page import INCONSISTENT, GroupSeries, Inconsistent, own_families, series_of
from hannun.wire.exposition import encode_text


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One group. `series` holds all of its families and the two times; times in ms, 0: never.

    To make one takes 10 µs a series, because each gets its id: large ones are made in a thread.
    """

    labels: Pairs
    families: tuple[Family, ...]
    pushed_ms: int = 0
    failed_ms: int = 0
    series: GroupSeries = field(init=False)

    def __post_init__(self) -> None:
        told = (*self.families, *own_families(self.labels, self.pushed_ms, self.failed_ms))
        object.__setattr__(self, "series", series_of(told))

    def stored(self) -> PushedGroup:
        return PushedGroup(self.labels, encode_text(self.families), self.pushed_ms, self.failed_ms)


class Groups:
    """Lives on the event loop, so every method costs no more than the one group that it is about."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()
        self._groups: dict[Pairs, Group] = {}
        self._series = 0
        self._types: dict[str, Counter[str]] = {}
        """How many groups push a metric as which type."""

    def __len__(self) -> int:
        return len(self._groups)

    def all(self) -> Sequence[Group]:
        """In the order in which they came."""
        return list(self._groups.values())

    def get(self, labels: Pairs) -> Group | None:
        return self._groups.get(labels)

    def merged(self, labels: Pairs, families: tuple[Family, ...], *, keep_others: bool) -> tuple[Family, ...]:
        """What the group holds after a push. `keep_others` (POST): other families stay. Raises Inconsistent."""
        before = self._groups.get(labels)
        if keep_others and before is not None:
            names = {family.name for family in families}
            families = (*(family for family in before.families if family.name not in names), *families)
        own = {family.name: family.type for family in before.families} if before else {}
        for family in families:
            for kind, count in self._types.get(family.name, {}).items():
                # A metric has one type in all groups: whoever reads the page of all groups could not say which.
                if kind != family.type and count > (own.get(family.name) == kind):
                    raise Inconsistent(
                        f'{INCONSISTENT}: metric "{family.name}" is pushed as a {family.type} and is a {kind} in'
                        " another group"
                    )
        return families

    def check_room(self, group: Group, before: Group | None) -> None:
        """Raises TooLarge where this group, in place of `before`, would be one too many or hold too much."""
        series = self._series + len(group.series.ids) - (len(before.series.ids) if before else 0)
        if before is None and len(self._groups) >= self._limits.groups_max:
            raise TooLarge(f"there are {len(self._groups)} pushed groups already", "delete those that are over")
        if series > self._limits.series_max:
            raise TooLarge(
                f"pushed groups would hold {series} series; at most {self._limits.series_max} are kept",
                "delete groups that are over, or push fewer series",
            )

    def put(self, group: Group) -> None:
        self.remove(group.labels)
        self._groups[group.labels] = group
        self._series += len(group.series.ids)
        for family in group.families:
            self._types.setdefault(family.name, Counter())[family.type] += 1

    def remove(self, labels: Pairs) -> None:
        gone = self._groups.pop(labels, None)
        if gone is None:
            return
        self._series -= len(gone.series.ids)
        for family in gone.families:
            types = self._types[family.name]
            types[family.type] -= 1
            if not types[family.type]:
                del types[family.type]
            if not types:
                del self._types[family.name]
