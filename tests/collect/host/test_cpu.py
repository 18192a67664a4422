"""CPU times: columns of every kernel's age, and counters that stand when the kernel's fall."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.collect.host import Options, Roots
from hannun.collect.host.cpu import Cpu, parse_cpu_list, parse_cpu_times, steady


def times(**values: float) -> tuple[float, ...]:
    base = dict.fromkeys(
        ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "gnice"), 10.0
    )
    return tuple({**base, **values}.values())


@pytest.mark.parametrize(
    ("line", "cpu", "seconds"),
    [
        pytest.param(
            "cpu0 100 200 300 400 5 6 7 8 9 10", "0", (1, 2, 3, 4, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1), id="now"
        ),
        pytest.param("cpu12 100 200 300 400", "12", (1, 2, 3, 4, 0, 0, 0, 0, 0, 0), id="four columns of old kernels"),
        pytest.param(
            "cpu1 1 2 3 4 5 6 7 8 9 10 11 12", "1", tuple(n / 100 for n in range(1, 11)), id="a future column"
        ),
    ],
)
def test_a_line_of_stat(line: str, cpu: str, seconds: tuple[float, ...]) -> None:
    assert parse_cpu_times(f"cpu  1 2 3 4\n{line}\nintr 1\ncpu9 9\n") == {cpu: seconds}


@pytest.mark.parametrize(
    ("text", "cpus"), [("", []), ("3", [3]), ("0-2,5", [0, 1, 2, 5]), ("0-3,8-9\n", [0, 1, 2, 3, 8, 9]), ("5-2", [])]
)
def test_a_list_of_cpus(text: str, cpus: list[int]) -> None:
    assert parse_cpu_list(text) == cpus


def test_a_list_of_cpus_is_bounded() -> None:
    assert len(parse_cpu_list("0-99999999999")) == 65536


def test_idle_and_iowait_that_fall_a_little_stand_still() -> None:
    assert steady(times(), times(idle=9.9, iowait=9.5, user=11.0)) == times(user=11.0)


def test_a_cpu_that_came_back_begins_anew() -> None:
    again = times(user=0.0, idle=0.1)
    assert steady(times(), again) == again


def test_a_counter_does_not_fall_between_rounds(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    collector, roots = Cpu(Options()), Roots.below(str(tmp_path))

    def idle(ticks: int) -> float:
        (tmp_path / "proc/stat").write_text(f"cpu  0\ncpu0 1 2 3 {ticks} 5 6 7 8 9 10\n")
        family = next(family for family in collector(roots) if family.name == "node_cpu_seconds_total")
        return next(sample.value for sample in family.samples if ("mode", "idle") in sample.labels)

    assert [idle(1000), idle(999), idle(1001), idle(100), idle(101)] == [10.0, 10.0, 10.01, 1.0, 1.01]
