"""One watch for every folder that any file discovery looks into: tells at once that something in it changed.

One for the whole process, because the kernel gives a user few inotify instances (128) and each would take threads of
its own. A watch is a convenience: where the system gives none, the discoveries still re-read on their interval.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger("hannun.collect.discovery")
STEP_MS = 250
"""A change is told when nothing more happened for this long; a watch that was stopped ends after as long."""
DEBOUNCE_MS = 2_000


@dataclass(eq=False, slots=True)
class _Interest:
    folders: frozenset[Path]
    loop: asyncio.AbstractEventLoop
    changed: asyncio.Event

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # The loop has closed: nobody waits any more.
            self.loop.call_soon_threadsafe(self.changed.set)


class FolderWatch:
    """Asked on event loops; a daemon thread watches while somebody is interested."""

    def __init__(self) -> None:
        self._interests: set[_Interest] = set()
        self._watched: frozenset[Path] = frozenset()
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def changes(self, folders: Iterable[Path]) -> Iterator[asyncio.Event]:
        """An event that is set when something directly in one of `folders` changed, and when a new watch stands.

        The second, because a change between the reader's first look and the start of the watch would be lost.
        Folders must exist; the caller clears the event.
        """
        interest = _Interest(frozenset(folders), asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._interests.add(interest)
            self._follow()
        try:
            yield interest.changed
        finally:
            with self._lock:
                self._interests.discard(interest)
                self._follow()

    def _follow(self) -> None:
        """The native watch takes its folders once and for all, so that other folders are a new watch."""
        wanted = frozenset(folder for interest in self._interests for folder in interest.folders)
        if wanted == self._watched:
            return
        self._watched = wanted
        self._stop.set()
        if wanted:
            self._stop = threading.Event()
            threading.Thread(
                target=self._watch, args=(wanted, self._stop), name="hannun-folder-watch", daemon=True
            ).start()

    def _watch(self, folders: frozenset[Path], stop: threading.Event) -> None:
        from watchfiles import watch

        logging.getLogger("watchfiles").setLevel(logging.WARNING)  # It tells every change; we do what it asks for.
        rounds = watch(
            *folders,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=stop,
            rust_timeout=STEP_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        )
        try:
            next(rounds, None)  # However this round ended, the watch stands now.
            self._wake(folders)
            for changes in rounds:
                if changes:
                    paths = {Path(path) for _, path in changes}
                    self._wake(frozenset(paths | {path.parent for path in paths}))
        except (OSError, RuntimeError) as err:
            # Out of watches, or a folder that is gone again: nobody is worse off than without a watch.
            _log.warning("watching %s: %s; files there are re-read on their interval only", _shown(folders), err)

    def _wake(self, folders: frozenset[Path]) -> None:
        with self._lock:
            interests = tuple(self._interests)
        for interest in interests:
            if interest.folders & folders:
                interest.wake()


def _shown(folders: frozenset[Path]) -> str:
    first, *rest = sorted(map(str, folders))
    return f"{first} and {len(rest)} more" if rest else first


FOLDERS = FolderWatch()
