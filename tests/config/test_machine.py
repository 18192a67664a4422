"""What the machine offers, read from made-up /proc and /sys trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.config import machine

GIB = 1 << 30
KIB = 1024


def tree(root: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root / "proc", root / "cg"


MEMINFO = f"MemTotal:       {8 * GIB // KIB} kB\nMemFree: 1 kB\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"proc/meminfo": MEMINFO}, 8 * GIB, id="the machine's own"),
        pytest.param(
            {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/a/b\n", "cg/a/b/memory.max": f"{GIB}\n"},
            GIB,
            id="cgroup 2",
        ),
        pytest.param(
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "0::/a/b\n",
                "cg/a/b/memory.max": "max\n",
                "cg/a/memory.max": f"{2 * GIB}\n",
            },
            2 * GIB,
            id="a limit further up",
        ),
        pytest.param(
            {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/../../seen/by/host\n", "cg/memory.max": f"{GIB}"},
            GIB,
            id="the group of a container is the root of what it sees",
        ),
        pytest.param(
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "4:cpu,memory:/x\n",
                "cg/memory/x/memory.limit_in_bytes": f"{GIB}",
            },
            GIB,
            id="cgroup 1",
        ),
        pytest.param(
            {
                "proc/meminfo": MEMINFO,
                "proc/self/cgroup": "4:memory:/\n",
                "cg/memory/memory.limit_in_bytes": "9223372036854771712",
            },
            8 * GIB,
            id="cgroup 1 without a limit",
        ),
        pytest.param({"proc/meminfo": "rubbish\nMemTotal: x\n"}, GIB, id="nothing tells"),
        pytest.param({}, GIB, id="no /proc"),
    ],
)
def test_memory(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    assert machine.memory_bytes(*tree(tmp_path, files)) == expected


def test_the_time_zone_is_the_one_that_localtime_links_to(tmp_path: Path) -> None:
    zone = tmp_path / "zoneinfo" / "Asia" / "Seoul"
    zone.parent.mkdir(parents=True)
    zone.write_text("")
    link = tmp_path / "localtime"
    link.symlink_to(zone)
    assert machine.timezone(link, {}) == "Asia/Seoul"


@pytest.mark.parametrize(
    ("tz", "expected"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Asia/Seoul", "Asia/Seoul"),
        ("KST-9", "UTC"),
        ("Etc/UTC", "UTC"),
        ("", "UTC"),
    ],
)
def test_the_time_zone_by_tz(tmp_path: Path, tz: str, expected: str) -> None:
    assert machine.timezone(tmp_path / "none", {"TZ": tz}) == expected


def test_a_disk_is_found_before_its_folder_is_made(tmp_path: Path) -> None:
    made = machine.Machine(GIB)
    assert made.disk_bytes(tmp_path / "not" / "yet") == made.disk_bytes(tmp_path) > 0
