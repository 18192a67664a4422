"""Files that a configuration names: where they are, also when the file was written for a container.

`/etc/prometheus/rules/*.yml` says nothing on a host. What leads nowhere is tried beside the configuration file, by
the longest tail of the path that leads somewhere, and one warning says which path is used instead.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hannun.config import yaml
from hannun.config.complaint import Refused, quote

if TYPE_CHECKING:
    from hannun.config.prometheus.section import Source

FILES_MAX = 1000
"""Files that one glob may name."""
PATTERNS_MAX = 5000
"""Globs of one configuration: each of them looks into a folder."""
PATH_MAX = 4096
OPENED_MAX = 5000
SHOWN_CHARS_MAX = 400
"""YAML files that one configuration may be made of."""


def absolute(words: str, base: Path) -> Path:
    return Path(os.path.normpath(base.absolute() / words))


def existing(words: str, source: Source, line: int, key: str) -> Path:
    """The file that `words` name. One that is nowhere stays where it was named: it may come later."""
    path = absolute(words, source.base)
    if _is_unusable(words):
        source.refuse(line, f"`{key}`: {quote(words)} is no path", f"`{key}`: {quote(words)} 경로가 아닙니다")
    elif Path(words).is_absolute() and not source.notes.strict and not _exists(path):
        for beside in _beside(words, source.base):
            if _exists(beside):
                _say_instead(source, line, words, source.shown(beside))
                return beside
    if not _is_unusable(words) and not _exists(path):
        source.warn(
            line,
            f"`{key}`: {quote(words)} is not there now; it is read at each use",
            f"`{key}`: {quote(words)} 파일이 지금은 없습니다. 쓸 때마다 다시 읽습니다",
        )
    return path


def to_write(words: str, source: Source, line: int, key: str) -> Path | None:
    """The file that `words` name, which is made when something is written; None where that is no path."""
    path = absolute(words, source.base)
    if _is_unusable(words):
        source.refuse(line, f"`{key}`: {quote(words)} is no path", f"`{key}`: {quote(words)} 경로가 아닙니다")
        return None
    if not _exists(path.parent):
        source.warn(
            line,
            f"`{key}`: the folder of {quote(words)} is not there, so nothing is written until it is",
            f"`{key}`: {quote(words)} 파일의 폴더가 없습니다. 생길 때까지 기록하지 않습니다",
        )
    return path


def matching(
    words: str, source: Source, line: int, *, accepts: Callable[[Path], bool] = lambda path: True
) -> tuple[str, list[Path]]:
    """The pattern that is used and the files it names now, sorted.

    `accepts` sorts out neighbours when a bare `*.yml` is tried beside the configuration file.
    """
    if _is_unusable(words):
        source.refuse(line, f"{quote(words)} is no path", f"{quote(words)}: 경로가 아닙니다")
        return words[:PATH_MAX], []
    pattern = str(absolute(words, source.base))
    source.notes.patterns += 1
    if source.notes.patterns > PATTERNS_MAX:
        source.refuse(
            line,
            f"more than {PATTERNS_MAX} file patterns in one configuration",
            f"한 설정에 파일 패턴이 {PATTERNS_MAX}개를 넘습니다",
        )
        return pattern, []
    found = _glob(pattern)
    if not found and Path(words).is_absolute() and not source.notes.strict:
        for beside in _beside(words, source.base):
            near = [path for path in _glob(str(beside))[:FILES_MAX] if accepts(path)]
            if near:
                _say_instead(source, line, words, source.shown(beside))
                return str(beside), _bounded(near, source, line, words)
    return pattern, _bounded(found, source, line, words)


def read(path: Path) -> bytes:
    """A regular file of at most YAML's bound, and a byte more so that its reader can refuse. Raises OSError."""
    # A pipe would keep us waiting for ever, and /dev/zero is large.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "not a regular file")
    with path.open("rb") as opened:
        return opened.read(yaml.BYTES_MAX + 1)


def open_yaml(path: Path, source: Source) -> yaml.Document | None:
    """The document, its warnings noted; None with a fatal note when it cannot be read."""
    source.notes.opened += 1
    if source.notes.opened > OPENED_MAX:
        source.refuse(
            0,
            f"more than {OPENED_MAX} files in one configuration",
            f"한 설정에 파일이 {OPENED_MAX}개를 넘습니다",
        )
        return None
    try:
        document = yaml.load(read(path), source.file)
    except (OSError, ValueError) as err:
        why = (err.strerror if isinstance(err, OSError) else None) or str(err)
        source.refuse(0, f"cannot be read: {why}", f"읽을 수 없습니다: {why}")
        return None
    except Refused as err:
        for complaint in err.complaints:
            source.notes.add(complaint)
        return None
    for complaint in document.warnings:
        if "twice" in complaint.text.en or "no text" in complaint.text.en:
            source.odd(complaint.line, complaint.text.en, complaint.text.ko)
        else:
            source.notes.add(complaint)
    return document


def _is_unusable(words: str) -> bool:
    return len(words) > PATH_MAX or "\0" in words or not words.isprintable()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _glob(pattern: str) -> list[Path]:
    # As Go's filepath.Glob: `**` is one star, and hidden files are files.
    return sorted(Path(found) for found in glob.glob(pattern, include_hidden=True))


def _beside(words: str, base: Path) -> Iterator[Path]:
    """`/etc/prometheus/rules/*.yml` -> `prometheus/rules/*.yml`, `rules/*.yml`, `*.yml` below `base`."""
    parts = PurePosixPath(words).parts[1:]
    for first in range(1, len(parts)):
        yield absolute("/".join(parts[first:]), base)
    if len(parts) == 1:
        yield absolute(parts[0], base)


def _say_instead(source: Source, line: int, words: str, used: str) -> None:
    # Whole, because its end is what tells one file from another.
    said, instead = quote(words, most=SHOWN_CHARS_MAX), quote(used, most=SHOWN_CHARS_MAX)
    source.warn(
        line,
        f"{said} matches nothing on this machine; {instead} is used instead",
        f"{said}: 이 컴퓨터에는 없어 {instead} 경로를 대신 씁니다",
    )


def _bounded(found: list[Path], source: Source, line: int, words: str) -> list[Path]:
    if len(found) > FILES_MAX:
        source.refuse(
            line,
            f"{quote(words)} matches {len(found)} files; at most {FILES_MAX} are read",
            f"{quote(words)}: 파일 {len(found)}개와 일치합니다. {FILES_MAX}개까지만 읽습니다",
        )
        return found[:FILES_MAX]
    return found
