"""Any order of writing, rotating, reading, delivering, saving and dying: every line arrives, and once.

The store drops a repetition of (stream, time, line); so does the `Store` here. All runs in one thread, so a death
is an object that is let go of.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.collect.tail.files import Files
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.plan import Plan, of_config
from hannun.collect.tail.rounds import Rounds
from hannun.collect.tail.sender import Lane
from hannun.collect.tail.spool import Spool
from hannun.collect.tail.tailer import positions_of
from hannun.collect.tail.wanted import JobGroups, look
from hannun.config.promtail.load import load
from hannun.process.pipeline.meters import MeterStore
from hannun.wire.loki.plain import PlainDecoder

ACTS = ("write", "write", "round", "round", "deliver", "save", "die", "rename", "truncate", "sync", "half")
MULTILINE = """
    pipeline_stages: [{multiline: {firstline: '^line', max_wait_time: 1s}}]
"""


class Store:
    """What a log store would hold."""

    name = "store"

    def __init__(self) -> None:
        self.lines: set[tuple[str, int, str]] = set()

    def take(self, body: bytes) -> None:
        columns = PlainDecoder().decode(body)
        row = 0
        for stream, count in enumerate(columns.counts.tolist()):
            labels = str(dict(columns.pairs_of(stream)))
            for _ in range(count):
                self.lines.add((labels, int(columns.ts_ns[row]), columns.line(row).decode()))
                row += 1

    def texts(self) -> Counter[str]:
        return Counter(text for _, _, line in self.lines for text in line.split("\n"))


class Life:
    """One process, between two deaths."""

    clock_s = 0.0
    now_ns = 1_700_000_000_000_000_000

    def __init__(self, folder: Path, plan: Plan, metrics: TailMetrics) -> None:
        self.lane = Lane(Spool(folder / "spool", bytes_max=1 << 20), Store(), metrics)  # type: ignore[arg-type]
        positions = positions_of(folder, folder / "positions.yaml", [self.lane])
        self.rounds = Rounds(
            [self.lane], positions, metrics, plan.pace, now_ns=self.time_ns, monotonic_s=lambda: Life.clock_s
        )
        self.files = Files(self.rounds, plan, metrics)
        self.plan = plan
        self.sync()

    def time_ns(self) -> int:
        Life.now_ns += 1000
        return Life.now_ns

    def sync(self) -> None:
        groups = [
            JobGroups(job.name, job.relabeler, [*job.config.discoveries[0].groups])  # type: ignore[union-attr]
            for job in self.plan.jobs
        ]
        self.files.apply(look(groups, host="here", folder=None))

    def round(self) -> None:
        Life.clock_s += 1.5
        self.rounds.run()

    def deliver(self, store: Store, *, acknowledged: bool = True) -> bool:
        segment = self.lane.spool.first()
        if segment is None:
            return False
        for _, body in segment.parts():
            store.take(body)
        if acknowledged:
            self.lane.spool.done(segment)
        return True

    def die(self) -> None:
        for target in self.rounds.targets.values():
            target.close()


class Machine:
    """A program that writes its log, and what happens to the file."""

    def __init__(self, folder: Path, pattern: str, stages: str = "", more_lines: str = "") -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.log = self.logs / "app.log"
        self.more_lines = more_lines
        config = folder / "promtail.yml"
        config.write_text(
            f"positions: {{filename: {folder}/positions.yaml}}\n"
            "scrape_configs:\n  - job_name: app\n"
            f'    static_configs: [{{labels: {{job: app, __path__: "{self.logs}/{pattern}"}}}}]\n{stages}'
        )
        self.metrics = TailMetrics(MeterStore(lambda: 0.0))
        plan = of_config(load(config, {})[0], self.metrics)
        jobs = [replace(job, context=replace(job.context, monotonic_s=lambda: Life.clock_s)) for job in plan.jobs]
        self.plan = replace(plan, jobs=tuple(jobs))
        self.store = Store()
        self.written = 0
        self.rotations = 0
        self.write()
        self.life = Life(folder, self.plan, self.metrics)

    def write(self, *, whole: bool = True) -> None:
        with self.log.open("a") as file:
            file.write(f"line {self.written} of a program that says what it does\n{self.more_lines}")
            self.written += 1
            if not whole:
                file.write(f"line {self.written} is written ")
        if not whole:
            with self.log.open("a") as file:
                file.write("in two pieces\n")
            self.written += 1

    def act(self, act: str) -> None:
        match act:
            case "write":
                self.write()
            case "half":
                self.write(whole=False)
            case "rename":
                self.rotations += 1
                self.log.rename(self.logs / f"app.log.{self.rotations}")
                self.write()
            case "truncate":
                # Whoever copies and truncates while we are away takes lines with it; logrotate's manual says so.
                for _ in range(3):
                    self.life.round()
                self.rotations += 1
                shutil.copy(self.log, self.logs / f"app.log.{self.rotations}")
                os.truncate(self.log, 0)
                self.write()
                self.life.round()
            case "round":
                self.life.round()
            case "deliver":
                self.life.deliver(self.store, acknowledged=self.written % 3 != 0)
            case "save":
                self.life.rounds.save()
            case "sync":
                self.life.sync()
            case "die":
                self.life.die()
                self.life = Life(self.folder, self.plan, self.metrics)

    def settle(self) -> Counter[str]:
        """What the store has when everything came to rest."""
        for _ in range(2 * self.rotations + 6):
            self.life.sync()
            self.life.round()
        Life.clock_s += 60
        for _ in range(4):
            self.life.round()
        while self.life.deliver(self.store):
            pass
        return self.store.texts()


def numbers(texts: Counter[str]) -> Counter[int]:
    return Counter({int(text.split()[1]): times for text, times in texts.items() if text.startswith("line ")})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([act for act in ACTS if act != "truncate"]), max_size=40))
def test_renamed_logs_of_one_path(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    machine = Machine(tmp_path_factory.mktemp("one"), "app.log")
    for act in acts:
        machine.act(act)
    assert numbers(machine.settle()) == Counter(range(machine.written))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(ACTS), max_size=40))
def test_a_pattern_that_matches_rotated_logs_too(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    machine = Machine(tmp_path_factory.mktemp("all"), "*log*")
    for act in acts:
        machine.act(act)
    assert numbers(machine.settle()) == Counter(range(machine.written))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([act for act in ACTS if act != "truncate"]), max_size=30))
def test_lines_that_a_stage_keeps_back(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    """A trace that waits for its next line is read again after a death, and never half of it."""
    machine = Machine(tmp_path_factory.mktemp("multi"), "app.log", MULTILINE, "  with more\n  below it\n")
    for act in acts:
        machine.act(act)
    machine.settle()
    found = Counter(int(line.split()[1]) for _, _, line in machine.store.lines if line.startswith("line "))
    assert set(found) == set(range(machine.written))


def test_a_batch_that_was_delivered_and_not_crossed_off_is_no_repetition(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "app.log")
    for act in ("round", "round", "round"):
        machine.act(act)
    machine.life.deliver(machine.store, acknowledged=False)
    machine.act("die")
    assert numbers(machine.settle()) == Counter(range(machine.written))


def test_a_batch_that_was_crossed_off_before_positions_were_saved(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "app.log")
    for act in ("round", "round"):
        machine.act(act)
    assert machine.life.deliver(machine.store)
    machine.act("die")
    assert numbers(machine.settle()) == Counter(range(machine.written))


def test_a_full_spool_stops_reading_and_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(tmp_path, "app.log")
    machine.life.lane.spool._bytes_max = 700
    for _ in range(30):
        machine.act("write")
        machine.act("round")
    assert machine.life.rounds.stuck
    assert len(machine.life.lane.spool) <= 4
    machine.life.deliver(machine.store)
    machine.act("round")
    while machine.life.deliver(machine.store):
        machine.act("round")
    assert numbers(machine.settle()) == Counter(range(machine.written))
    assert machine.life.rounds.stuck == ""
