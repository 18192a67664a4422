"""Listing, removing and cleaning up: plain folders, beside a running server or without one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hannun.model.errors import NotFound, StoreUnavailable
from hannun.store.snapshot import clear_leftovers, kept, remove
from hannun.store.snapshot.kept import held_bytes

FIRST, SECOND = "20261119T080000Z-0a", "20261121T001903Z-0123456789abcdef"
PAGE = 4096


def laid(data: Path, name: str, *originals: str) -> Path:
    """A snapshot that holds a page of its own and links to `originals`."""
    folder = data / "snapshots" / name / "engine"
    folder.mkdir(parents=True)
    (folder / "own").write_bytes(b"x" * PAGE)
    for original in originals:
        if not (data / original).exists():
            (data / original).write_bytes(b"y" * PAGE)
        os.link(data / original, folder / original)
    return folder.parent


def test_none_and_others_folders_are_no_snapshots(tmp_path: Path) -> None:
    assert kept(tmp_path) == []
    laid(tmp_path, SECOND)
    for other in ("mine", f"{FIRST}.partial", ".", "20261119-0a"):
        (tmp_path / "snapshots" / other).mkdir(exist_ok=True)
    (tmp_path / "snapshots" / FIRST).symlink_to(tmp_path)
    assert [one.name for one in kept(tmp_path)] == [SECOND]


def test_each_tells_its_time_its_size_and_what_its_removal_frees(tmp_path: Path) -> None:
    laid(tmp_path, SECOND, "part")
    laid(tmp_path, FIRST, "part")
    oldest, newest = kept(tmp_path)
    assert (oldest.name, newest.name) == (FIRST, SECOND)
    assert newest.made_ms == 1_795_220_343_000
    assert [(one.bytes, one.freed_bytes) for one in (oldest, newest)] == [(2 * PAGE, PAGE)] * 2
    assert held_bytes(tmp_path) == 2 * PAGE
    (tmp_path / "part").unlink()
    assert [one.freed_bytes for one in kept(tmp_path)] == [PAGE, PAGE], "each shares it with the other"
    assert held_bytes(tmp_path) == 3 * PAGE
    remove(tmp_path, SECOND)
    assert [one.freed_bytes for one in kept(tmp_path)] == [2 * PAGE]


@pytest.mark.parametrize("name", ["", "..", "../engine", SECOND, f"{FIRST}.partial", "/etc"])
def test_only_what_is_listed_can_be_removed(tmp_path: Path, name: str) -> None:
    laid(tmp_path, FIRST)
    with pytest.raises(NotFound, match="hannun snapshot list") as refused:
        remove(tmp_path, name)
    assert "스냅샷이 없습니다" in refused.value.say("ko")
    assert len(kept(tmp_path)) == 1


def test_one_that_cannot_be_removed_is_no_longer_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    laid(tmp_path, FIRST)
    monkeypatch.setattr("shutil.rmtree", fail)
    with pytest.raises(StoreUnavailable, match="Permission denied"):
        remove(tmp_path, FIRST)
    assert kept(tmp_path) == []


def test_a_start_clears_what_was_left_half_made(tmp_path: Path) -> None:
    laid(tmp_path, SECOND)
    laid(tmp_path, f"{FIRST}.partial")
    shadow = tmp_path / "engine" / "shadow"
    for name in ("hannun_20261119T080000Z_0a", "by-hand"):
        (shadow / name / "store").mkdir(parents=True)
    clear_leftovers(tmp_path, tmp_path / "engine")
    assert os.listdir(tmp_path / "snapshots") == [SECOND]
    assert os.listdir(shadow) == ["by-hand"], "what an administrator froze is theirs"
