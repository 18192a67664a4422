"""Releases as Sentry writes them: `package@1.2.3-rc.1+build`, and which of two is the later one.

The version is semver-like: up to four numbers, a prerelease after `-` (or glued on: `1.0rc1`), a build after `+`.
Inside a package releases are ordered by (numbers, prerelease, build). What does not read as a version has no order
here: whoever asks goes by the dates of the releases. `unknown` and the like are no releases and order nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = "[0-9]{1,18}"
_VERSION = re.compile(
    rf"v?({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?"
    r"(?:(-?(?:[0-9]*[a-zA-Z-][0-9a-zA-Z-]*|(?<=-)[0-9]+)(?:\.[0-9a-zA-Z-]+)*))?"
    r"(?:\+([0-9a-zA-Z.-]+))?"
)
_NOTHING = frozenset(("", "unknown", "undefined", "null", "none", "n/a", "latest", "dev", "development", "local"))
_FORBIDDEN = re.compile(r"[\n\t\r\f\v/\\]")
LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Version:
    """`numbers` are always four. `prerelease` "" is later than any other."""

    package: str
    numbers: tuple[int, int, int, int]
    prerelease: str
    build: str

    @property
    def key(self) -> tuple[object, ...]:
        """Sorts versions of one package from the earliest."""
        return self.numbers, _prerelease_key(self.prerelease), _identifiers(self.build)


def is_release(text: str) -> bool:
    """Whether this names a release at all: Sentry's rules, and no placeholder."""
    return (
        0 < len(text) <= LENGTH_MAX
        and text.strip() not in (".", "..")
        and not _FORBIDDEN.search(text)
        and text.strip().lower() not in _NOTHING
        and text.rpartition("@")[2].strip().lower() not in _NOTHING
    )


def parse(text: str) -> Version | None:
    """None: it names no release, or its version is not semver-like (a commit, a date, a word)."""
    if not is_release(text):
        return None
    package, _, version = text.strip().rpartition("@")
    found = _VERSION.fullmatch(version)
    if found is None:
        return None
    major, minor, patch, revision, prerelease, build = found.groups()
    if minor is None and (not package or (prerelease and prerelease[0] != "-")):
        return None  # A bare number may be a date, a counter or the start of a commit.
    numbers = (int(major), int(minor or 0), int(patch or 0), int(revision or 0))
    return Version(package, numbers, (prerelease or "").removeprefix("-"), build or "")


def compare(a: str, b: str) -> int | None:
    """-1, 0, 1 as `a` is earlier than, the same as or later than `b`; None: the names alone do not tell."""
    if a == b:
        return 0 if is_release(a) else None
    first, second = parse(a), parse(b)
    if first is None or second is None or first.package != second.package:
        return None
    if first.key == second.key:
        return 0
    return -1 if first.key < second.key else 1


def _prerelease_key(prerelease: str) -> tuple[object, ...]:
    return (1,) if not prerelease else (0, *_identifiers(prerelease))


def _identifiers(text: str) -> tuple[tuple[int, int, str], ...]:
    """Semver's order of dotted identifiers: numbers by value and before words."""
    parts = text.split(".") if text else []
    return tuple([(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts])
