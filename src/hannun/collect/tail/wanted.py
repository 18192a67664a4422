"""Which files a job wants: what discovery found, through relabeling, to patterns, to paths with labels.

Blocking (it looks through folders); run in a thread of its own. Pure otherwise: what there is to say comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hannun.collect.tail import globs
from hannun.model.target import TargetGroup
from hannun.process.relabel import Relabeler

PATH, EXCLUDE, HOST = "__path__", "__path_exclude__", "__host__"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file that one job reads. `reader` tells its place apart: the job, numbered where it reads a file twice."""

    job: str
    path: Path
    labels: Pairs
    discovered: Pairs = ()
    reader: str = ""

    @property
    def key(self) -> str:
        return f"{self.path}\0{self.reader}" if self.reader else str(self.path)


@dataclass(frozen=True, slots=True)
class Left:
    """A target that gives nothing to read, and why, in Promtail's words."""

    job: str
    discovered: Pairs
    why: str


@dataclass(slots=True)
class Found:
    """`patterns`: (job, pattern) -> how many files; `instead`: pattern -> the one beside the configuration."""

    files: list[Wanted] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    patterns: dict[tuple[str, str], int] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    """Those that were looked through: when one of them changes, it is time to look again."""


@dataclass(frozen=True, slots=True)
class JobGroups:
    """What a job's discoveries tell now."""

    job: str
    relabeler: Relabeler
    groups: Sequence[TargetGroup]


def look(jobs: Sequence[JobGroups], *, host: str, folder: Path | None) -> Found:
    """Every file of every job. `folder` is the configuration's, beside which missing paths are tried."""
    found = Found()
    for job in jobs:
        seen: set[tuple[str, Pairs]] = set()
        readers: dict[str, int] = {}
        for labels, discovered in _targets(job, found, host):
            pattern = labels[PATH]
            named = tuple(sorted((name, value) for name, value in labels.items() if not name.startswith("__")))
            for path in _paths(job.job, pattern, labels.get(EXCLUDE, ""), folder, found):
                if (str(path), named) in seen:
                    continue
                seen.add((str(path), named))
                number = readers[str(path)] = readers.get(str(path), 0) + 1
                reader = job.job if number == 1 else f"{job.job}#{number}"
                found.files.append(Wanted(job.job, path, (*named, ("filename", str(path))), discovered, reader))
    return found


def _targets(job: JobGroups, found: Found, host: str) -> list[tuple[Mapping[str, str], Pairs]]:
    kept: list[tuple[Mapping[str, str], Pairs]] = []
    for group in job.groups:
        for target in group.targets or ({},):
            discovered = {**group.labels, **target}
            pairs = tuple(sorted(discovered.items()))
            labels = job.relabeler.apply(discovered)
            if labels is None:
                found.left.append(Left(job.job, pairs, "dropped by relabeling"))
            elif not labels.get(PATH):
                found.left.append(Left(job.job, pairs, "no path for target"))
            elif labels.get(HOST, host) != host:
                found.left.append(Left(job.job, pairs, f"ignoring target, wrong host ({labels[HOST]})"))
            else:
                kept.append((labels, pairs))
    return kept


def _paths(job: str, pattern: str, exclude: str, folder: Path | None, found: Found) -> list[Path]:
    try:
        paths = globs.files_of(pattern, found.folders) if pattern.startswith("/") else _relative(pattern, folder)
        if not paths and folder is not None and pattern.startswith("/"):
            instead, paths = globs.beside(pattern, folder)
            if paths:
                found.instead[pattern] = instead
    except globs.TooMany as err:
        found.troubles.append(f"job {job}: {err}")
        paths = []
    if exclude:
        paths = [path for path in paths if not globs.matches(exclude, str(path))]
    found.patterns[job, pattern] = found.patterns.get((job, pattern), 0) + len(paths)
    return paths


def _relative(pattern: str, folder: Path | None) -> list[Path]:
    """Below the working directory, as Promtail; else beside the configuration."""
    here = globs.files_of(str(Path.cwd() / pattern))
    return here or ([] if folder is None else globs.files_of(str(folder / pattern)))


def doubled(files: Sequence[Wanted]) -> dict[str, tuple[str, str]]:
    """Paths that two jobs read -> the names of both."""
    first: dict[str, str] = {}
    found: dict[str, tuple[str, str]] = {}
    for each in files:
        job = first.setdefault(str(each.path), each.job)
        if job != each.job:
            found.setdefault(str(each.path), (job, each.job))
    return found
