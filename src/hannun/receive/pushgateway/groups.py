"""The groups in memory: what PUT, POST and DELETE make of them, and what stands against a push. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hannun.model.errors import TooLarge
from hannun.model.family import Family
from hannun.model.pushed import Pairs, PushedGroup
from hannun.receive.pushgateway.limits import PushLimits
from hannun.receive.pushgateway.page import INCONSISTENT, GroupSeries, Inconsistent, own_families, series_of
from hannun.wire.exposition import encode_text


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One group. `series` holds all of its families and the two times; times in ms, 0: never."""

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
    """Lives on the event loop."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()
        self._groups: dict[Pairs, Group] = {}
        self._series = 0

    def __len__(self) -> int:
        return len(self._groups)

    def all(self) -> Sequence[Group]:
        """Sorted by labels."""
        return [self._groups[labels] for labels in sorted(self._groups)]

    def get(self, labels: Pairs) -> Group | None:
        return self._groups.get(labels)

    def changed(self, labels: Pairs, families: tuple[Family, ...], now_ms: int, *, keep_others: bool) -> Group:
        """The group after a push. `keep_others` (POST): families of other names stay. Raises Inconsistent, TooLarge."""
        before = self._groups.get(labels)
        if keep_others and before is not None:
            names = {family.name for family in families}
            families = (*(family for family in before.families if family.name not in names), *families)
        self._check_types(labels, families)
        group = Group(labels, families, now_ms, before.failed_ms if before else 0)
        self._check_room(before, group)
        return group

    def failed(self, labels: Pairs, now_ms: int) -> Group | None:
        """The group after a push that was refused; None where there is no room for a new group."""
        before = self._groups.get(labels)
        group = replace(before, failed_ms=now_ms) if before else Group(labels, (), 0, now_ms)
        try:
            self._check_room(before, group)
        except TooLarge:
            return None
        return group

    def put(self, group: Group) -> None:
        self.remove(group.labels)
        self._groups[group.labels] = group
        self._series += len(group.series.ids)

    def remove(self, labels: Pairs) -> Group | None:
        gone = self._groups.pop(labels, None)
        if gone is not None:
            self._series -= len(gone.series.ids)
        return gone

    def _check_types(self, labels: Pairs, families: Sequence[Family]) -> None:
        """A metric has one type in all groups: whoever reads the page of all groups could not say which."""
        types: Mapping[str, str] = {
            family.name: family.type
            for group in self._groups.values()
            if group.labels != labels
            for family in group.families
        }
        for family in families:
            known = types.get(family.name, family.type)
            if known != family.type:
                raise Inconsistent(
                    f'{INCONSISTENT}: metric "{family.name}" is pushed as a {family.type} and is a {known} in another'
                    " group"
                )

    def _check_room(self, before: Group | None, group: Group) -> None:
        series = self._series + len(group.series.ids) - (len(before.series.ids) if before else 0)
        if before is None and len(self._groups) >= self._limits.groups_max:
            raise TooLarge(f"there are {len(self._groups)} pushed groups already", "delete those that are over")
        if series > self._limits.series_max:
            raise TooLarge(
                f"pushed groups would hold {series} series; at most {self._limits.series_max} are kept",
                "delete groups that are over, or push fewer series",
            )
