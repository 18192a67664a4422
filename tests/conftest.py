"""What every test may use, where their data lies, and which files begin.

Golden files are rewritten by `pytest --update-golden`, for review in the diff.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from hannun.config.machine import memory_bytes

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"

MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN, FREE_BYTES_MIN = 8 << 30, 4 << 30
"""What the machine has, and what is free in that folder, before tests use it: all of them leave about a gigabyte."""

LONGEST_FIRST = (
    "browser/test_walks.py",
    "faults/test_api_fuzz.py",
    "faults/test_logs.py",
    "clients/test_prometheus_remote_write.py",
    "clients/test_promql_scripts_over_http.py",
    "docs/test_walks.py",
    "faults/test_environment.py",
    "faults/test_reload.py",
    "faults/test_hostile_bodies.py",
    "store/metrics/test_delete.py",
    "query/test_scripts_on_store.py",
    "store/metrics/test_recent.py",
    "store/logs/test_erase.py",
    "clients/test_log_readers.py",
    "clients/test_prometheus_reads_from_us.py",
    "clients/test_native_histograms.py",
    "wire/test_tsdb_histograms.py",
    "query/promql/histograms/test_algebra.py",
    "docs/test_troubleshooting.py",
    "faults/test_logs_kill.py",
)
"""The files that take longest. Workers get whole files; one that begins last is waited for by an idle worker."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files with what the tests see")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Otherwise the files with most tests come first, and those are the quickest.
    config.option.loadscopereorder = False
    if not hasattr(config, "workerinput") and config.option.basetemp is None and _has_room(MEMORY):
        config.option.basetemp = _in_memory(config)


def _has_room(folder: Path) -> bool:
    """A file system in memory that has room and runs programs."""
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < FREE_BYTES_MIN:
        return False
    if memory_bytes() < MEMORY_BYTES_MIN:
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC


def _in_memory(config: pytest.Config) -> str:
    """A folder for this run. Hundreds of stores wait for the disk at each commit; no test can tell which disk it was.

    It goes when the run ends; `--basetemp` names a folder that stays.
    """
    for left in MEMORY.glob("hannun-tests-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    made = tempfile.mkdtemp(prefix=f"hannun-tests-{os.getpid()}-", dir=MEMORY)
    config.add_cleanup(lambda: shutil.rmtree(made, ignore_errors=True))
    return made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stable: within a file, and among the other files, all stays as it was."""
    places = {HERE / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("cli/help.en.txt", text)`: the text is what `tests/golden/cli/help.en.txt` holds."""
    update = request.config.getoption("--update-golden")

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{name} is missing; run pytest --update-golden and review it"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; if that is meant, pytest --update-golden"

    return compare


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed travels between processes as UTF-8; tests of hostile text print what is none."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode("utf-8")) for name, text in report.sections
    ]
    return report
