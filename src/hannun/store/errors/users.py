"""How many people an issue met: exact up to a thousand, from the roll-up's sketch beyond, which costs nothing to keep.

The users of issues that events come for stand in memory as hashes; those of an issue that was not touched for a while
are read from the table again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence, Set

from hannun.store.engine.port import Engine
from hannun.store.errors.directory import HashDirectory

EXACT_MAX = 1_000
MEMBERS_MAX = 200_000
"""Hashes in memory over all issues, some 15 MB."""
ISSUES_MAX = 20_000

_USERS = (
    "SELECT hash, groupUniqArray({limit})(user)\nFROM events\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)} AND user != ''\nGROUP BY hash"
)
_EXACT = (
    "SELECT uniqExact(user)\nFROM events\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)} AND user != ''"
)
_SKETCH = (
    "SELECT uniqCombinedIf(12)(user, notEmpty(user))\nFROM events\n"
    "WHERE project = {project:UInt32} AND hash IN {hashes:Array(UInt64)}"
)


class IssueUsers:
    """Used under the lock of the commits."""

    def __init__(self, engine: Engine, directory: HashDirectory) -> None:
        self._engine = engine
        self._directory = directory
        self._known: OrderedDict[int, set[int]] = OrderedDict()
        self._many: set[int] = set()
        self._members = 0
        self.dirty: set[int] = set()
        """Issues with many users that events came for: the sweep counts them."""

    def count(self, users: Mapping[int, Set[str]], before: Mapping[int, int]) -> dict[int, int]:
        """How many each issue has with these; those with many are left out. `before`: how many it had."""
        missing = [issue for issue in users if issue not in self._known and issue not in self._many]
        self._many.update(issue for issue in missing if before.get(issue, 0) > EXACT_MAX)
        self._load([issue for issue in missing if 0 < before.get(issue, 1) <= EXACT_MAX])
        counts = {}
        for issue, names in users.items():
            if issue in self._many:
                self.dirty.add(issue)
                continue
            members = self._known.setdefault(issue, set())
            self._known.move_to_end(issue)
            self._members -= len(members)
            members.update(map(hash, names))
            self._members += len(members)
            counts[issue] = len(members)
            if len(members) > EXACT_MAX:
                self._forget(issue)
                self._many.add(issue)
                self.dirty.add(issue)
        while self._known and (self._members > MEMBERS_MAX or len(self._known) > ISSUES_MAX):
            self._forget(next(iter(self._known)))
        return counts

    def forget(self, issues: Iterable[int]) -> None:
        """They are read again: merged, split, or not stored after all."""
        for issue in issues:
            self._forget(issue)
            self._many.discard(issue)

    def exact(self, project: int, hashes: Sequence[int]) -> int:
        """Over the whole table; for what a person asked for."""
        return int(self._engine.query_rows(_EXACT, {"project": project, "hashes": hashes})[0][0])

    def sketched(self) -> dict[int, int]:
        """The issues with many users that events came for, counted from the roll-up. Takes them off the list."""
        wanted, self.dirty = self.dirty, set()
        counts = {}
        for issue, (project, hashes) in self._directory.hashes_of(sorted(wanted)).items():
            counts[issue] = int(self._engine.query_rows(_SKETCH, {"project": project, "hashes": hashes})[0][0])
        return counts

    def _load(self, issues: Sequence[int]) -> None:
        by_project: dict[int, dict[int, int]] = {}
        for issue, (project, hashes) in self._directory.hashes_of(issues).items():
            by_project.setdefault(project, {}).update(dict.fromkeys(hashes, issue))
        for project, issue_of in by_project.items():
            sql = _USERS.replace("{limit}", str(EXACT_MAX + 1))
            rows = self._engine.query_rows(sql, {"project": project, "hashes": list(issue_of)})
            for hash_, names in rows:
                members = self._known.setdefault(issue_of[int(hash_)], set())
                before = len(members)
                members.update(map(hash, names))
                self._members += len(members) - before

    def _forget(self, issue: int) -> None:
        self._members -= len(self._known.pop(issue, ()))
