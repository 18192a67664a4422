"""One file through every way of being rotated: each line once, in order, and a place that survives us."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.collect.tail.follow import LINE_BYTES_MAX, Follower
from hannun.collect.tail.kinds import Kind, kind_of
from hannun.collect.tail.place import Place


def lines_of(follower: Follower, bytes_max: int = 1 << 16) -> list[str]:
    """Everything that can be had now."""
    found: list[str] = []
    idle = 0
    while idle < 2:
        taken = follower.take(bytes_max)
        idle = 0 if taken else idle + 1
        found += [line.decode() for line in taken.lines] if taken else []
    return found


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("one\ntwo\n")
    return path


def test_lines_come_as_they_are_written(log: Path) -> None:
    with Follower(log) as follower:
        assert lines_of(follower) == ["one", "two"]
        write(log, "thr")
        assert lines_of(follower) == [], "a line without its newline waits"
        write(log, "ee\r\n\n")
        assert lines_of(follower) == ["three", ""]


def test_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    with Follower(tmp_path / "later.log") as follower:
        assert follower.take() is None
        write(tmp_path / "later.log", "first\n")
        assert lines_of(follower) == ["first"]


def test_rotation_by_rename_reads_the_old_file_to_its_end(log: Path) -> None:
    with Follower(log) as follower, log.open("a") as writer:
        assert lines_of(follower) == ["one", "two"]
        log.rename(log.with_suffix(".1"))
        writer.write("three\n")
        writer.flush()
        assert lines_of(follower) == ["three"], "its writer has not been told yet"
        log.write_text("four\n")
        writer.write("late\n")
        writer.flush()
        assert lines_of(follower) == ["late", "four"]


def test_the_last_line_of_a_rotated_file_needs_no_newline(log: Path) -> None:
    with Follower(log) as follower:
        write(log, "torn")
        assert lines_of(follower) == ["one", "two"]
        log.rename(log.with_suffix(".1"))
        log.write_text("new\n")
        assert lines_of(follower) == ["torn", "new"]


def test_rotation_by_copy_and_truncate(log: Path) -> None:
    with Follower(log) as follower:
        assert lines_of(follower) == ["one", "two"]
        shutil.copy(log, log.with_suffix(".1"))
        os.truncate(log, 0)
        write(log, "a\n")
        assert lines_of(follower) == ["a"]


def test_a_file_that_was_truncated_and_grew_beyond_our_place(log: Path) -> None:
    with Follower(log) as follower:
        assert lines_of(follower) == ["one", "two"]
        os.truncate(log, 0)
        write(log, "other\nlines, and more of them\n")
        assert lines_of(follower) == ["other", "lines, and more of them"]


def test_a_place_goes_on_where_it_was_left(log: Path) -> None:
    with Follower(log) as follower:
        write(log, "half")
        lines_of(follower)
        place = follower.place
    assert place is not None
    assert place.offset == len("one\ntwo\n")
    write(log, " whole\nnext\n")
    with Follower(log, Place.from_json(place.as_json())) as follower:
        assert lines_of(follower) == ["half whole", "next"]


def test_a_place_in_another_file_is_none(log: Path) -> None:
    with Follower(log) as follower:
        lines_of(follower)
        place = follower.place
    log.unlink()
    log.write_text("other file, maybe with the same inode\n")
    with Follower(log, place) as follower:
        assert lines_of(follower) == ["other file, maybe with the same inode"]


def test_a_place_that_only_knows_its_offset(log: Path) -> None:
    """Promtail's positions."""
    with Follower(log, Place(str(log), 4)) as follower:
        assert lines_of(follower) == ["two"]
    with Follower(log, Place(str(log), 4000)) as follower:
        assert lines_of(follower) == ["one", "two"], "beyond the end: rotated while nobody looked"


def test_a_line_that_is_too_long_is_cut_and_counted(log: Path) -> None:
    write(log, "x" * (3 * LINE_BYTES_MAX) + "\nafter\n")
    with Follower(log) as follower:
        skipped, lines = 0, []
        while taken := follower.take():
            skipped += taken.skipped
            lines += taken.lines
    assert [len(line) for line in lines] == [3, 3, LINE_BYTES_MAX, 5]
    assert skipped == 2 * LINE_BYTES_MAX


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab\r\n한", max_size=12), max_size=12), st.integers(1, 9))
def test_however_it_is_cut_into_reads_the_lines_are_the_same(tmp_path_factory, pieces: list[str], size: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "x.log"
    path.touch()
    found: list[str] = []
    starts: list[int] = []
    with Follower(path) as follower:
        for piece in pieces:
            with path.open("ab") as file:
                file.write(piece.encode())
            while taken := follower.take(size):
                found += [line.decode() for line in taken.lines]
                starts += taken.starts
    text = "".join(pieces)
    assert starts == [at for at in range(len(text.encode())) if at == 0 or text.encode()[at - 1] == 10][: len(found)]
    assert found == [line.removesuffix("\r") for line in text.split("\n")[:-1]]


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("app.log", b"2026-11-20 ok\n", Kind.TEXT),
        ("empty", b"", Kind.TEXT),
        ("app.log.1.gz", b"\x1f\x8b\x08\x00", Kind.GZIP),
        ("app.log.zst", b"\x28\xb5\x2f\xfd", Kind.ZSTD),
        ("wtmp", b"\x07\x00\x00\x00", Kind.BINARY),
        ("lastlog", b"", Kind.BINARY),
        ("btmp.1", b"\x06\x00", Kind.BINARY),
        ("system.journal", b"LPKSHHRH", Kind.BINARY),
        ("odd.log", bytes(512), Kind.BINARY),
        ("torn.log", b"ok\n" + bytes(4) + b"more\n", Kind.TEXT),
        ("windows.log", b"\xff\xfeh\x00i\x00", Kind.UTF16),
    ],
)
def test_kinds(tmp_path: Path, name: str, head: bytes, kind: Kind) -> None:
    path = tmp_path / name
    path.write_bytes(head)
    assert kind_of(path, head, path.stat()) is kind


def test_a_file_with_nothing_on_the_disk_is_sparse(tmp_path: Path) -> None:
    path = tmp_path / "faults"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    assert kind_of(path, b"", path.stat()) is Kind.SPARSE
    with Follower(path) as follower:
        assert follower.take() is None
