"""The reading thread's work: look at every source, take lines, fill a batch, put it on the disk. Blocking; one thread.

A batch is handed to the lanes (one per client) and only then does anything count as read. While no lane has room,
nothing is read: files are a buffer of their own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hannun.collect.tail.batch import Batch, LabelLimits, Stamps
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.place import Place
from hannun.collect.tail.positions import Positions
from hannun.collect.tail.sender import Lane
from hannun.collect.tail.spool import SpoolFull
from hannun.collect.tail.target import NOTHING, FileTarget, Inlet, Mark, Read, Target
from hannun.process.pipeline.entry import Entry

_log = logging.getLogger("hannun.collect.tail")
ROUND_BYTES = 4 << 20
ROUND_S = 0.1
OPEN_MAX = 256
CLOSE_QUIET_S = 60.0
_SLOWEST_LOOK_S = 2.0
_FAILED_LOOK_S = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """`poll_s`: how often files are looked at that change; those that do not are looked at less often."""

    poll_s: float = 0.25
    batch_bytes: int = 1 << 20
    batch_wait_s: float = 1.0
    lines_per_s: float = 0.0
    lines_burst: int = 0
    drop_beyond: bool = True
    limits: LabelLimits = field(default_factory=LabelLimits)


class Rounds:
    def __init__(
        self,
        lanes: Sequence[Lane],
        positions: Positions,
        metrics: TailMetrics,
        pace: Pace,
        *,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lanes = tuple(lanes)
        self.positions = positions
        self._metrics = metrics
        self._pace = pace
        self.now_s = monotonic_s
        self._stamps = Stamps(now_ns)
        self._batch = Batch(pace.limits, self._dropped)
        self._since_s = 0.0
        self.targets: dict[str, Target] = {}
        self._touched: set[str] = set()
        self._retired: dict[str, Mark | None] = {}
        self._unsaved: dict[str, Mark] = {}
        self._finished: list[Place] = []
        self._unsaved_finished: list[Place] = []
        self._stuck = ""
        self._tokens = float(pace.lines_burst)
        self._tokens_at_s = monotonic_s()
        self.leaving = False

    # --- sources ------------------------------------------------------------------------------------------------------

    def add(self, target: Target) -> None:
        self.targets[target.key] = target

    def remove(self, key: str, *, gone: bool) -> None:
        """`gone`: the source itself is no more, so its place is forgotten once all of it is through."""
        target = self.targets.pop(key, None)
        if target is None:
            return
        try:
            if isinstance(target, FileTarget) and gone:
                while target.read(self._put, self._stamps.next, self._allow).again and not self.leaving:
                    self._ship_when_full()
                self._count(target, target.end(self._put, self._stamps.next, self._allow))
            else:
                if isinstance(target, Inlet):
                    while target.read(self._put, self._stamps.next, self._allow) is not NOTHING:
                        pass
                target.flush(self._put, everything=True)
        except OSError as err:
            _log.info("%s: %s", key, err)
        target.close()
        mark = target.mark()
        self._retired[key] = mark if isinstance(mark, str) or not gone else None

    # --- reading ------------------------------------------------------------------------------------------------------

    def run(self) -> bool:
        """One look at all that is due. True: more is there, come back at once."""
        now_s = self.now_s()
        until_s = now_s + ROUND_S
        again = False
        size = 0
        if not self._ship_when_full():
            return False
        # Whoever came last is looked at first next time, so that one busy source starves nobody.
        for key, target in list(self.targets.items()):
            if size >= ROUND_BYTES or self.now_s() > until_s or self.leaving:
                again = True
                break
            read = self._look(target, now_s)
            if read is NOTHING:
                continue
            size += read.size_bytes
            again = again or read.again
            self.targets.pop(key)
            self.targets[key] = target
            if not self._ship_when_full():
                return False
        self._flush_waiting()
        if (self._touched or self._retired) and not self._batch:
            self._adopt(self._marks())
        elif self._batch and self.now_s() - self._since_s >= self._pace.batch_wait_s:
            self.ship()
        self._close_quiet(now_s)
        return again and not self.leaving

    def ship(self) -> bool:
        """The batch onto the disk, with where reading goes on. False: there is no room, it waits."""
        if not self._batch:
            return True
        marks = self._marks()
        changed = {**self._unsaved, **marks}
        places = [mark for mark in changed.values() if isinstance(mark, Place)]
        cursors = {key: mark for key, mark in changed.items() if isinstance(mark, str)}
        full: list[Lane] = []
        why = ""
        for lane in self._lanes:
            try:
                lane.put(self._batch, places, cursors, [*self._unsaved_finished, *self._finished])
            except SpoolFull as err:
                full.append(lane)
                why = str(err)
            except OSError as err:
                return self._is_stuck(f"the disk does not take them: {err}")
        if len(full) == len(self._lanes):
            return self._is_stuck(why)
        # While one client takes lines, another one that does not must not keep them from it.
        for lane in full:
            lane.dropped(self._batch, "spool_full")
        if self._stuck:
            _log.info("log lines are read again")
            self._stuck = ""
        self._batch.clear()
        self._adopt(marks)
        return True

    def save(self) -> bool:
        """Positions onto the disk."""
        for target in self.targets.values():
            if isinstance(target, FileTarget) and isinstance(mark := self._done_with(target), Place):
                self.positions.places[target.key] = mark
        self.positions.settle()
        if not self.positions.save():
            return False
        self._unsaved, self._unsaved_finished = {}, []
        for lane in self._lanes:
            lane.spool.saved()
        return True

    def close(self) -> None:
        """Everything that waits comes out and is spooled, positions are saved. Best effort within what disks take."""
        self.leaving = True
        for target in self.targets.values():
            self._touched.add(target.key)
            # A line that waits for its trace is read again by the next life; entries of other sources cannot be.
            if isinstance(target, Inlet):
                while target.read(self._put, self._stamps.next, self._allow) is not NOTHING:
                    pass
                target.flush(self._put, everything=True)
        if not self._batch:
            self._adopt(self._marks())
        elif not self.ship():
            _log.warning("a batch of %d log lines could not be kept; it is read again", self._batch.lines)
        self.save()
        for target in self.targets.values():
            target.close()

    # --- pieces -------------------------------------------------------------------------------------------------------

    def _look(self, target: Target, now_s: float) -> Read:
        if isinstance(target, FileTarget):
            if now_s < target.look_at_s:
                return NOTHING
            if target.reader.is_quiet():
                self._slow_down(target, now_s)
                return NOTHING
        try:
            read = target.read(self._put, self._stamps.next, self._allow)
        except OSError as err:
            self._failed(target, err, now_s)
            return NOTHING
        except Exception:  # noqa: BLE001 - one line that a stage cannot bear must not keep all other files from being read
            _log.exception("%s: a line could not be processed; what was read with it is left out", target.key)
            return Read(again=True)
        if isinstance(target, FileTarget):
            target.failing = ""
            for place in target.reader.finished():
                self._finished.append(place)
            if read is NOTHING:
                self._slow_down(target, now_s)
            else:
                target.quiet_since_s = target.look_at_s = now_s
        if read is not NOTHING:
            self._touched.add(target.key)
            self._count(target, read)
        return read

    def _slow_down(self, target: FileTarget, now_s: float) -> None:
        """A file that said nothing for a while is looked at less often, every two seconds at last."""
        quiet_s = now_s - target.quiet_since_s
        target.look_at_s = now_s + min(_SLOWEST_LOOK_S, max(0.0, quiet_s / 30)) if quiet_s > 5 else now_s

    def _failed(self, target: Target, err: OSError, now_s: float) -> None:
        why = err.strerror or str(err)
        if isinstance(target, FileTarget):
            if target.failing != why:
                _log.warning("%s cannot be read: %s", target.wanted.path, why)
            target.failing = why
            target.look_at_s = now_s + _FAILED_LOOK_S
            target.reader.release()

    def _flush_waiting(self) -> None:
        for target in self.targets.values():
            if target.flush(self._put):
                self._touched.add(target.key)

    def _marks(self) -> dict[str, Mark]:
        marks: dict[str, Mark] = {}
        for key in self._touched:
            target = self.targets.get(key)
            if target is not None and (mark := target.mark()) is not None:
                marks[key] = mark
        return marks

    def _adopt(self, marks: dict[str, Mark]) -> None:
        """Lines up to here are on the disk, or were dropped on purpose."""
        self._touched = set()
        for key, retired in self._retired.items():
            if retired is None:
                self.positions.forget(key)
                self._unsaved.pop(key, None)
            else:
                marks[key] = retired
        self._retired = {}
        for place in self._finished:
            self.positions.finish(place)
        self._unsaved_finished += self._finished
        self._finished = []
        for key, mark in marks.items():
            self._unsaved[key] = mark
            if isinstance(mark, Place):
                self.positions.places[key] = mark
            else:
                self.positions.cursors[key] = mark

    def _done_with(self, target: FileTarget) -> Mark | None:
        """The place of a file of which nothing is in the batch; None: another time."""
        return None if target.key in self._touched else target.mark()

    def _put(self, entry: Entry, source: str, timed: bool) -> None:
        if not self._batch:
            self._since_s = self.now_s()
        self._batch.add(entry, source, timed=timed)

    def _ship_when_full(self) -> bool:
        return self._batch.size_bytes < self._pace.batch_bytes or self.ship()

    def _is_stuck(self, why: str) -> bool:
        if not self._stuck:
            _log.warning("log lines are not read on until what was read can be kept: %s", why)
        self._stuck = why
        return False

    @property
    def finished(self) -> list[Place]:
        """Where files were left whose last lines are not on the disk yet."""
        return self._finished

    @property
    def stuck(self) -> str:
        return self._stuck

    def _allow(self, wanted: int) -> int:
        """`readline_rate`: of all files together."""
        rate = self._pace.lines_per_s
        if not rate:
            return wanted
        while True:
            now_s = self.now_s()
            self._tokens = min(float(self._pace.lines_burst), self._tokens + (now_s - self._tokens_at_s) * rate)
            self._tokens_at_s = now_s
            if self._tokens >= wanted or self._pace.drop_beyond or self.leaving:
                break
            if wanted > self._pace.lines_burst and self._tokens >= self._pace.lines_burst:
                break  # More at once than the burst: paid for afterwards.
            time.sleep(min(0.05, (wanted - self._tokens) / rate))
        if not self._pace.drop_beyond:
            self._tokens -= wanted
            return wanted
        allowed = min(wanted, int(self._tokens))
        self._tokens -= allowed
        if allowed < wanted:
            self._dropped("rate_limited", wanted - allowed)
        return allowed

    def _close_quiet(self, now_s: float) -> None:
        opened = [
            target for target in self.targets.values() if isinstance(target, FileTarget) and target.reader.is_open
        ]
        if len(opened) > OPEN_MAX:
            opened.sort(key=lambda target: target.quiet_since_s)
            for target in opened[: len(opened) - OPEN_MAX]:
                target.reader.release()
        for target in opened:
            if now_s - target.quiet_since_s > CLOSE_QUIET_S and target.reader.is_quiet():
                target.reader.release()

    def _count(self, target: Target, read: Read) -> None:
        metrics = self._metrics
        if isinstance(target, FileTarget):
            path = str(target.wanted.path)
            metrics.add("promtail_read_lines_total", read.lines, path=path)
            place = target.reader.place
            metrics.set("promtail_read_bytes_total", 0 if place is None else place.offset, path=path)
            metrics.set("promtail_file_bytes_total", target.reader.size_bytes, path=path)
        if read.skipped_bytes:
            metrics.add("promtail_skipped_bytes_total", read.skipped_bytes)

    def _dropped(self, reason: str, count: int) -> None:
        self._metrics.add("promtail_dropped_entries_total", count, reason=reason)


def overlay(positions: Positions, lanes: Iterable[Lane]) -> None:
    """What the segments that wait know is newer than what was saved."""
    segments = sorted((segment for lane in lanes for segment in lane.spool.newest()), key=lambda each: each.written_ns)
    for segment in segments:
        for place in segment.places:
            positions.places[place.key] = place
        positions.cursors.update(segment.cursors)
        for place in segment.finished:
            if place not in positions.finished.get(place.path, ()):
                positions.finish(place)
