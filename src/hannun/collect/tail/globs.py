"""`__path__`: patterns of files as Promtail writes them (github.com/bmatcuk/doublestar): `*`, `?`, `[a-z]`, `{a,b}`,
`**` for any number of folders. Hidden files are files; `**` does not follow links to folders, so no circle ends it.

Blocking. What a folder does not show (no right to read it) is passed over.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

FILES_MAX = 10_000
FOLDERS_MAX = 50_000
ALTERNATIVES_MAX = 256
_MAGIC = re.compile(r"[*?\[{\\]")


class TooMany(Exception):
    """A pattern that names more files, folders or alternatives than anybody means."""


def files_of(pattern: str, folders: set[str] | None = None) -> list[Path]:
    """Regular files that an absolute pattern names now, sorted; `folders` gets those looked through. Raises TooMany."""
    found: set[str] = set()
    budget = _Budget(folders)
    for each in alternatives(pattern):
        parts = [part for part in each.split("/") if part]
        for path in _walk("/", parts, budget):
            found.add(path)
            if len(found) > FILES_MAX:
                raise TooMany(f"{pattern} names more than {FILES_MAX:,} files")
    return [Path(path) for path in sorted(found)]


def matches(pattern: str, path: str) -> bool:
    """Whether `path` is one that the pattern names (`__path_exclude__`)."""
    return any(_whole(each).fullmatch(path) is not None for each in alternatives(pattern))


def has_magic(pattern: str) -> bool:
    return _MAGIC.search(pattern) is not None


def alternatives(pattern: str) -> list[str]:
    """`{a,b}` written out. Raises TooMany."""
    out = [""]
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "{" and (end := _closing(pattern, at)) > 0:
            inner = [each for one in _split(pattern[at + 1 : end]) for each in alternatives(one)]
            out = [head + tail for head in out for tail in inner]
            at = end + 1
        elif letter == "\\" and at + 1 < len(pattern):
            out = [head + pattern[at : at + 2] for head in out]
            at += 2
        else:
            out = [head + letter for head in out]
            at += 1
        if len(out) > ALTERNATIVES_MAX:
            raise TooMany(f"{pattern} has more than {ALTERNATIVES_MAX} alternatives")
    return out


class _Budget:
    def __init__(self, folders: set[str] | None) -> None:
        self._seen = folders
        self._left = FOLDERS_MAX

    def folder(self, at: str) -> None:
        if self._seen is not None:
            self._seen.add(at)
        self._left -= 1
        if self._left < 0:
            raise TooMany(f"more than {FOLDERS_MAX:,} folders are looked through, the last is {at}")


def _walk(at: str, parts: list[str], budget: _Budget) -> Iterator[str]:
    if not parts:
        if _is_file(at):
            yield at
        return
    first, *rest = parts
    if first == "**":
        yield from _walk(at, rest or ["*"], budget)
        for entry in _entries(at, budget):
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, parts, budget)
        return
    if not has_magic(first):
        yield from _walk(os.path.join(at, first), rest, budget)
        return
    fits = _segment(first).fullmatch
    for entry in _entries(at, budget):
        if fits(entry.name) is None:
            continue
        if rest:
            if entry.is_dir():
                yield from _walk(entry.path, rest, budget)
        elif _is_file(entry.path):
            yield entry.path


def _entries(folder: str, budget: _Budget) -> list[os.DirEntry[str]]:
    budget.folder(folder)
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_file(path: str) -> bool:
    """A pipe would keep its reader waiting for ever."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=1024)
def _segment(pattern: str) -> re.Pattern[str]:
    return re.compile(_translated(pattern), re.DOTALL)


@lru_cache(maxsize=1024)
def _whole(pattern: str) -> re.Pattern[str]:
    # `/**/` is any folders or none.
    parts = pattern.split("/")
    out = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            out += ".*" if last else "(?:[^/]+/)*"
        else:
            out += _translated(part) + ("" if last else "/")
    return re.compile(out, re.DOTALL)


def _translated(pattern: str) -> str:
    """One part between slashes; a bracket that is not closed is itself."""
    out = ""
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        at += 1
        if letter == "*":
            out += "[^/]*"
            while pattern[at : at + 1] == "*":
                at += 1
        elif letter == "?":
            out += "[^/]"
        elif letter == "\\" and at < len(pattern):
            out += re.escape(pattern[at])
            at += 1
        elif letter == "[" and (end := pattern.find("]", at + 1)) > 0:
            inside = pattern[at:end]
            sign = "^" if inside[:1] in ("!", "^") else ""
            out += f"[{sign}{_class(inside[len(sign) :])}]"
            at = end + 1
        else:
            out += re.escape(letter)
    return out


def _class(inside: str) -> str:
    """The inside of a bracket; a range the wrong way round names nothing that could be meant, so it is letters."""
    escaped = (
        inside.replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^").replace("&", "\\&").replace("~", "\\~")
    )
    try:
        re.compile(f"[{escaped}]")
    except re.error:
        return re.escape(inside)
    return escaped


def _closing(pattern: str, at: int) -> int:
    depth = 0
    for index in range(at, len(pattern)):
        if pattern[index] == "{":
            depth += 1
        elif pattern[index] == "}":
            depth -= 1
            if not depth:
                return index
    return -1


def _split(inside: str) -> list[str]:
    """At the commas of the outermost braces."""
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(inside):
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
        elif letter == "," and not depth:
            parts.append(inside[start:index])
            start = index + 1
    return [*parts, inside[start:]]


def beside(pattern: str, folder: Path, find: Callable[[str], list[Path]] = files_of) -> tuple[str, list[Path]]:
    """A pattern of an absolute path that names nothing here, tried below `folder`, ever less of it: files written for
    containers work on a host. ("", []) where nothing is found."""
    parts = [part for part in pattern.split("/") if part]
    for first in range(len(parts)):
        tried = str(folder.joinpath(*parts[first:]))
        if parts[first] in ("**", "*") or (first == len(parts) - 1 and first):
            # The file's name alone would take up whatever lies beside the configuration.
            break
        if found := find(tried):
            return tried, found
    return "", []
