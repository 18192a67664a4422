"""The top consumers over many rounds: bounded names, sums that add up, counters that never fall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.collect.host import Options, Roots
from hannun.collect.host.processes import printable
from hannun.collect.host.top import KEPT_ROUNDS, KERNEL, REST, Group, Processes, TopNames, Used
from hannun.model.family import Family


def group(cpu_ticks: int = 0, resident: float = 0.0) -> Group:
    return Group(Used(cpu_ticks), resident, 1, 1)


def shown(names: TopNames, **groups: Group) -> dict[str, int]:
    return {name: sums.cpu_ticks for name, sums, _ in names.round(groups)}


def test_the_largest_by_cpu_and_by_memory_are_shown_and_the_rest_is_summed() -> None:
    rows = shown(TopNames(1), busy=group(9, 1), big=group(1, 900), small=group(2, 3), tiny=group(3, 2))
    assert rows == {"busy": 9, "big": 1, REST: 5}


def test_a_name_stays_shown_for_a_while_after_it_was_among_the_first() -> None:
    """By memory, so that the score of the CPU does not play in."""
    names = TopNames(1)
    shown(names, once=group(0, 900), always=group(50, 1))
    for _ in range(KEPT_ROUNDS - 1):
        assert "once" in shown(names, once=group(0, 0), always=group(50, 900))
    assert "once" not in shown(names, once=group(0, 0), always=group(50, 900))


def test_a_name_that_comes_back_goes_on_from_its_old_sum() -> None:
    names = TopNames(1)
    shown(names, a=group(100), b=group(1, 900))
    for _ in range(4 * KEPT_ROUNDS):
        shown(names, a=group(0), b=group(50, 900))
    assert shown(names, a=group(1000), b=group(1, 900))["a"] == 1100


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([f"name{number}" for number in range(30)]),
            st.tuples(st.integers(0, 100), st.integers(0, 1000)),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_nothing_is_lost_or_counted_twice_and_no_counter_falls(rounds: list[dict[str, tuple[int, int]]]) -> None:
    names = TopNames(2)
    total = 0
    before: dict[str, int] = {}
    for told in rounds:
        total += sum(cpu for cpu, _ in told.values())
        rows = shown(names, **{name: group(cpu, resident) for name, (cpu, resident) in told.items()})
        assert len(rows) <= 4 * 2 + 1
        assert all(rows[name] >= before.get(name, 0) for name in rows)
        before.update(rows)
        assert sum(before.values()) == total


@pytest.mark.parametrize(
    ("comm", "name"),
    [
        pytest.param(b"python3", "python3", id="plain"),
        pytest.param("한눈이".encode(), "한눈이", id="Korean"),
        pytest.param("관측서버프로세스".encode()[:15], "관측서버프", id="Korean that ends with a whole character"),
        pytest.param("a관측서버프로".encode()[:15], "a관측서버", id="Korean cut within a character"),
        pytest.param(b"\xff\xfe\x00x", "\ufffd\ufffd\ufffdx", id="no UTF-8 at all"),
        pytest.param(b"a\nb\x1b[31m", "a\ufffdb\ufffd[31m", id="control characters"),
        pytest.param(b"  ", "(unnamed)", id="blank"),
        pytest.param("\u202eevil".encode(), "\ufffdevil", id="direction marks"),
    ],
)
def test_names_become_labels_that_are_safe_to_show(comm: bytes, name: str) -> None:
    assert printable(comm) == name


@given(st.binary(max_size=16))
def test_any_bytes_become_a_printable_name(comm: bytes) -> None:
    assert printable(comm).isprintable()
    assert printable(comm)


class FakeProc:
    """A /proc that a test writes: processes come, work and go."""

    def __init__(self, folder: Path) -> None:
        self.roots = Roots.below(str(folder))
        self._proc = folder / "proc"
        (self._proc / "sys/kernel").mkdir(parents=True)
        (self._proc / "sys/kernel/pid_max").write_text("4194304\n")
        (self._proc / "sys/kernel/threads-max").write_text("1000\n")

    def run(self, pid: int, comm: bytes, ticks: int, *, start: int = 5, pages: int = 10, kernel: bool = False) -> None:
        place = self._proc / str(pid)
        (place / "fd").mkdir(parents=True, exist_ok=True)
        flags = 0x00200000 if kernel else 0x400000
        tail = f"S 1 1 1 0 -1 {flags} 0 0 0 0 {ticks} 0 0 0 20 0 1 0 {start} 1000 {pages} 0 0".encode()
        (place / "stat").write_bytes(str(pid).encode() + b" (" + comm + b") " + tail + b"\n")
        (place / "io").write_text(f"rchar: 1\nread_bytes: {ticks * 10}\nwrite_bytes: {ticks * 20}\n")

    def end(self, pid: int) -> None:
        place = self._proc / str(pid)
        for file in ("stat", "io"):
            (place / file).unlink()
        (place / "fd").rmdir()
        place.rmdir()


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


def value(families: list[Family], metric: str, name: str) -> float:
    family = next(family for family in families if family.name == metric)
    return next(sample.value for sample in family.samples if sample.labels == (("name", name),))


CPU = "hannun_process_cpu_seconds_total"


@pytest.fixture
def read(proc: FakeProc) -> Callable[[], list[Family]]:
    collector = Processes(Options())
    return lambda: collector(proc.roots)


def test_processes_of_one_name_are_one_row(proc: FakeProc, read: Callable[[], list[Family]]) -> None:
    proc.run(10, b"postgres", 100)
    proc.run(11, b"postgres", 200)
    told = read()
    assert value(told, CPU, "postgres") == 3.0
    assert value(told, "hannun_process_count", "postgres") == 2
    assert value(told, "hannun_process_read_bytes_total", "postgres") == 3000
    assert value(told, "hannun_process_written_bytes_total", "postgres") == 6000


def test_a_counter_does_not_fall_when_a_process_ends(proc: FakeProc, read: Callable[[], list[Family]]) -> None:
    proc.run(10, b"worker", 500)
    proc.run(11, b"worker", 100)
    assert value(read(), CPU, "worker") == 6.0
    proc.end(10)
    proc.run(11, b"worker", 150)
    assert value(read(), CPU, "worker") == 6.5


def test_a_pid_that_is_used_again_is_another_process(proc: FakeProc, read: Callable[[], list[Family]]) -> None:
    proc.run(10, b"worker", 500, start=1)
    read()
    proc.run(10, b"worker", 30, start=2)
    assert value(read(), CPU, "worker") == 5.3


def test_a_process_that_execs_counts_on_under_its_new_name(proc: FakeProc, read: Callable[[], list[Family]]) -> None:
    proc.run(10, b"sh", 100)
    read()
    proc.run(10, b"java", 300)
    told = read()
    assert value(told, CPU, "java") == 2.0
    assert value(told, CPU, REST) == 0.0


def test_kernel_threads_are_one_row(proc: FakeProc, read: Callable[[], list[Family]]) -> None:
    proc.run(2, b"kworker/0:1", 100, kernel=True)
    proc.run(3, b"ksoftirqd/0", 200, kernel=True)
    assert value(read(), CPU, KERNEL) == 3.0


def test_a_process_cannot_pose_as_the_rest(proc: FakeProc, read: Callable[[], list[Family]]) -> None:
    proc.run(10, b"(rest)", 100)
    told = read()
    assert value(told, CPU, REST) == 0.0
    assert value(told, CPU, "(rest) (process)") == 1.0


@pytest.mark.parametrize(
    "stat", [b"", b"1", b"1 (a", b"1 (a)", b"1 (a) S", b"x (a) S" + b" x" * 30, b")(", b"\xff" * 99]
)
def test_a_broken_stat_costs_its_process_only(proc: FakeProc, read: Callable[[], list[Family]], stat: bytes) -> None:
    proc.run(10, b"good", 100)
    proc.run(11, b"bad", 100)
    (Path(proc.roots.procfs) / "11/stat").write_bytes(stat)
    assert value(read(), CPU, "good") == 1.0


def test_rows_stay_bounded_however_many_names_come(proc: FakeProc, read: Callable[[], list[Family]]) -> None:
    for pid in range(10, 200):
        proc.run(pid, f"burst-{pid}".encode(), pid)
    family = next(family for family in read() if family.name == CPU)
    assert len(family.samples) <= 4 * Options().top + 1
