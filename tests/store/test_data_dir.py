"""One process at a time, one format, writable: each refusal is one clear line."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hannun.model.errors import StoreLocked, StoreUnavailable
from hannun.store.data_dir import FORMAT, DataDir


def test_a_new_directory_is_private_and_numbered(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "a" / "b")
    assert stat.S_IMODE(data.path.stat().st_mode) == 0o700
    assert (data.path / "data-format").read_text() == f"{FORMAT}\n"
    assert data.engine_path.parent == data.meta_path.parent == data.path
    data.close()


def test_a_second_holder_is_told_who_holds_it(tmp_path: Path) -> None:
    first = DataDir.open(tmp_path)
    with pytest.raises(StoreLocked) as refused:
        DataDir.open(tmp_path)
    assert f"pid {os.getpid()}" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(os.getpid()) in refused.value.say("ko")
    first.close()
    DataDir.open(tmp_path).close()


def test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "from hannun.store.data_dir import DataDir\n"
        f"held = DataDir.open({str(tmp_path)!r})\nprint('held', flush=True)\ninput()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StoreLocked, match=f"pid {holder.pid}"):
        DataDir.open(tmp_path)
    holder.kill()
    holder.wait()
    DataDir.open(tmp_path).close()
    holder.communicate()


def test_a_directory_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "data-format").write_text(f"{FORMAT + 1}\n")
    with pytest.raises(StoreLocked, match="newer"):
        DataDir.open(tmp_path)
    assert (tmp_path / "data-format").read_text() == f"{FORMAT + 1}\n"


@pytest.mark.parametrize("text", ["", "one", "-1", "9" * 40, "\x00\xff"])
def test_a_damaged_format_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "data-format").write_text(text, encoding="latin-1")
    with pytest.raises(StoreLocked, match="data format number"):
        DataDir.open(tmp_path)


def test_a_path_that_is_a_file_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        DataDir.open(tmp_path / "file")


def test_a_read_only_mount_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a faked error: root, whom containers run as, may write where a mode forbids it."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreUnavailable, match="read-only file system") as refused:
        DataDir.open(tmp_path)
    assert str(tmp_path) in refused.value.say("ko")
