"""file_sd_configs: target groups in JSON and YAML files, read again as soon as one of them changes.

A file that cannot be read (half written, a typo) keeps the targets it had, and `failing` says which and why. A file
that is gone takes its targets with it.
"""

from __future__ import annotations

import asyncio
import glob
import itertools
import logging
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hannun.collect.discovery import groups
from hannun.collect.discovery.folders import FOLDERS, FolderWatch
from hannun.collect.discovery.registry import Publish, discoverer
from hannun.config.prometheus.model import FileSd
from hannun.model.errors import WireError
from hannun.model.target import TargetGroup

_log = logging.getLogger("hannun.collect.discovery")
FILES_MAX = 10_000
META = "__meta_filepath"


@discoverer(FileSd)
class FileDiscovery:
    def __init__(self, config: FileSd, watch: FolderWatch = FOLDERS) -> None:
        self._globs = config.files
        self._refresh_s = config.refresh_ms / 1000
        self._watch = watch
        self._known: dict[str, tuple[TargetGroup, ...]] = {}
        self.failing = ""

    async def run(self, publish: Publish) -> None:
        published: list[TargetGroup] | None = None
        while True:
            folders = await asyncio.to_thread(self._folders)
            with self._watch.changes(folders) as changed:
                # A folder that comes or goes while we look needs another watch.
                while True:
                    changed.clear()
                    self.failing = await asyncio.to_thread(self._read)
                    found = [group for path in sorted(self._known) for group in self._known[path]]
                    if found != published:
                        publish(found)
                        published = found
                    with suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), self._refresh_s)
                    if await asyncio.to_thread(self._folders) != folders:
                        break

    def _folders(self) -> frozenset[Path]:
        """Existing folders in which a change may matter: those named before any wildcard, and those of the matches."""
        named = {
            Path(os.path.dirname(pattern)) for pattern in self._globs if not glob.has_magic(os.path.dirname(pattern))
        }
        matched = {Path(path).parent for path in self._paths()}
        return frozenset(folder for folder in named | matched if folder.is_dir())

    def _paths(self) -> Iterable[str]:
        matches = itertools.chain.from_iterable(glob.iglob(pattern) for pattern in self._globs)
        return sorted(set(itertools.islice(matches, FILES_MAX)))

    def _read(self) -> str:
        """Brings `_known` up to date; returns what went wrong with the first bad file."""
        failures: list[str] = []
        now: dict[str, tuple[TargetGroup, ...]] = {}
        for path in self._paths():
            try:
                now[path] = tuple(read_file(path))
            except (OSError, WireError) as err:
                why = err.strerror or str(err) if isinstance(err, OSError) else str(err)
                failures.append(f"{path}: {why}")
                now[path] = self._known.get(path, ())
        self._known = now
        more = f" (and {len(failures) - 1} more files)" if len(failures) > 1 else ""
        failing = failures[0] + more if failures else ""
        if failing and failing != self.failing:
            _log.warning("file discovery keeps the old targets: %s", failing)
        return failing


def read_file(path: str) -> list[TargetGroup]:
    """The groups of one file, each with `__meta_filepath`. Raises OSError, WireError."""
    with open(path, "rb", opener=_open_regular) as file:
        body = file.read(groups.BODY_BYTES_MAX + 1)
    read = groups.from_json if path.lower().endswith(".json") else groups.from_yaml
    return read(body, path, {META: path})


def _open_regular(path: str, flags: int) -> int:
    """Without waiting for a writer when the path is a pipe, which a file discovery must never read."""
    fd = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(0, "not a regular file", path)
    return fd
