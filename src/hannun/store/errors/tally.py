"""What a group of stored events adds to each issue. Pure: which issue a hash belongs to is asked of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hannun.model.event import Event

FindIssue = Callable[[int, str], int | None]
"""(project, hash) -> issue, 0 for a discarded group, None for an unknown hash."""


@dataclass(slots=True)
class Tally:
    """One issue's share. `issue` below zero: it is new, and the number is only told apart from other new ones."""

    issue: int
    project: int
    first: Event
    last: Event
    events: int = 0
    users: set[str] = field(default_factory=set)
    hashes: list[str] = field(default_factory=list)
    """Those that no issue had."""
    releases: list[str] = field(default_factory=list)
    first_release: str = ""
    """Of the earliest event that names one."""
    first_release_ms: int = 0
    last_release: str = ""
    last_release_ms: int = 0

    def add(self, event: Event) -> None:
        self.events += 1
        if event.ts_ms < self.first.ts_ms:
            self.first = event
        if event.ts_ms >= self.last.ts_ms:
            self.last = event
        if user := event.user.key:
            self.users.add(user)
        release = event.identity.release
        if release not in self.releases:
            self.releases.append(release)
        if release and event.ts_ms >= self.last_release_ms:
            self.last_release, self.last_release_ms = release, event.ts_ms
        if release and (not self.first_release or event.ts_ms < self.first_release_ms):
            self.first_release, self.first_release_ms = release, event.ts_ms


def tallied(events: Sequence[Event], find: FindIssue) -> list[Tally]:
    """Any hash of an event that is known decides, and its others are known from then on. New ones in order of time."""
    of_hash: dict[tuple[int, str], int] = {}
    tallies: dict[int, Tally] = {}
    for event in sorted(events, key=lambda event: event.ts_ms):
        hashes = list(dict.fromkeys(event.grouping.hashes[:2]))
        known = []
        for hash_ in hashes:
            found = of_hash.get((event.project, hash_))
            known.append(find(event.project, hash_) if found is None else found)
        issue = next((one for one in known if one is not None), None)
        if issue is None:
            issue = -1 - len(tallies)
        tally = tallies.get(issue)
        if tally is None:
            tally = tallies[issue] = Tally(issue, event.project, event, event)
        tally.add(event)
        for hash_, owner in zip(hashes, known, strict=True):
            if owner is None:
                of_hash[event.project, hash_] = issue
                tally.hashes.append(hash_)
    return [tally for tally in tallies.values() if tally.issue]
