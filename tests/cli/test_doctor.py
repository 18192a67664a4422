"""`hannun doctor`: each trouble is found, said plainly, and leaves the machine as it was."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from hannun.cli.doctor import checks
from hannun.cli.doctor.finding import Finding, Grade
from hannun.config.load import load
from hannun.config.machine import Machine
from hannun.config.settings import Settings
from hannun.store.data_dir import DataDir

GIB = 1 << 30


def settings(tmp_path: Path, **flags: str) -> Settings:
    return load(flags, {}, cwd=tmp_path, machine=Machine(8 * GIB))[0]


def worst(found: list[Finding]) -> Grade:
    return max((finding.grade for finding in found), key=list(Grade).index)


def test_a_healthy_machine(cli: Any, tmp_path: Path) -> None:
    result = cli("doctor", "--listen", "127.0.0.1:0", "--disk-reserve", "1MiB", "--memory", "256MiB")
    assert "The engine opens" in result.out, result.out
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"
    # A checkout whose page is not built yet is a trouble that the next test knows.
    assert [line for line in result.out.splitlines() if line.startswith("BAD") and "page" not in line] == []


def test_trouble_is_exit_1_in_both_languages(cli: Any) -> None:
    assert cli("doctor", "--listen", "banana").code == 1
    korean = cli("doctor", "--listen", "banana", "--lang", "ko")
    assert korean.code == 1
    assert "문제  --listen" in korean.out


def test_warnings_of_the_settings_are_shown(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "hannun.yml").write_text("retenton: 1d\n")
    assert "note  hannun.yml:1: unknown key `retenton`" in cli("doctor", "--listen", "127.0.0.1:0").out


@pytest.mark.parametrize(
    ("version", "bits", "grade"),
    [((3, 11, 0), 64, Grade.OK), ((3, 10, 9), 64, Grade.BAD), ((3, 13, 1), 32, Grade.BAD)],
)
def test_python(version: tuple[int, ...], bits: int, grade: Grade) -> None:
    assert [finding.grade for finding in checks.python(version, bits)] == [grade]


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert worst(list(checks.data_folder(settings(tmp_path)))) is Grade.BAD


@pytest.mark.parametrize(
    ("free", "grade"), [(GIB // 2, Grade.BAD), (GIB * 3 // 2, Grade.WARN), (GIB * 5, Grade.OK)], ids=str
)
def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, grade: Grade) -> None:
    reserve = settings(tmp_path, disk_reserve="1GiB")
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": free})())
    assert next(checks.disk(reserve)).grade is grade


@pytest.mark.parametrize(("has", "grade"), [(GIB, Grade.WARN), (4 * GIB, Grade.OK)], ids=str)
def test_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has: int, grade: Grade) -> None:
    monkeypatch.setattr(checks.machine, "memory_bytes", lambda: has)
    assert worst(list(checks.memory(settings(tmp_path, memory="1GiB")))) is grade


def test_few_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.resource, "getrlimit", lambda _which: (256, 4096))
    assert worst(list(checks.open_files(settings(tmp_path)))) is Grade.WARN


@pytest.mark.parametrize(
    ("seconds", "synchronised", "grades"),
    [
        pytest.param(0.0, True, [Grade.BAD], id="1970"),
        pytest.param(1.9e9, False, [Grade.WARN], id="not synchronised"),
        pytest.param(1.9e9, True, [Grade.OK], id="synchronised"),
        pytest.param(1.9e9, None, [], id="nobody knows"),
    ],
)
def test_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, synchronised: bool | None, grades: list[Grade]
) -> None:
    monkeypatch.setattr(checks.time, "time", lambda: seconds)
    monkeypatch.setattr(checks, "_is_synchronised", lambda: synchronised)
    assert [finding.grade for finding in checks.clock(settings(tmp_path))] == grades


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        (found,) = checks.port(settings(tmp_path, listen=listen))
    assert found.grade is Grade.BAD
    assert listen in found.what.en


def test_a_server_that_runs_here_is_no_trouble(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        held = DataDir.open(tmp_path / "data")
        (found,) = checks.port(settings(tmp_path, listen=f"127.0.0.1:{taken.getsockname()[1]}"))
        held.close()
    assert found.grade is Grade.OK
    assert "A server runs" in found.what.en


def test_an_engine_that_does_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hannun.store.engine as engine

    def refuse(*_words: object, **_more: object) -> None:
        raise ImportError("GLIBC_2.99 not found")

    monkeypatch.setattr(engine.ChdbEngine, "open", refuse)
    (found,) = checks.engine(settings(tmp_path))
    assert found.grade is Grade.BAD
    assert "GLIBC_2.99" in found.what.en
