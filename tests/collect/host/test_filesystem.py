"""Mounts: which are shown, under which names, and what a silent one looks like."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from hannun.collect.host import Options, Roots
from hannun.collect.host import filesystem as module
from hannun.collect.host.filesystem import Filesystem, Mount, parse_mounts
from hannun.collect.host.statvfs import Space, StatvfsPool
from hannun.model.family import Family


@pytest.mark.parametrize(
    ("line", "mount"),
    [
        pytest.param("/dev/sda1 / ext4 rw,relatime 0 0", Mount("/dev/sda1", "/", "ext4", False), id="plain"),
        pytest.param("/dev/sr0 /cd iso9660 ro,nosuid 0 0", Mount("/dev/sr0", "/cd", "iso9660", True), id="read only"),
        pytest.param("/d /a\\040b\\011c ext4 rw 0 0", Mount("/d", "/a b\tc", "ext4", False), id="octal escapes"),
        pytest.param(
            "/d /\\134x ext4 errors=remount-ro 0 0", Mount("/d", "/\\x", "ext4", False), id="ro within a word"
        ),
        pytest.param("srv:/x /nfs nfs4 rw 0 0", Mount("srv:/x", "/nfs", "nfs4", False), id="NFS"),
    ],
)
def test_a_line_of_mounts(line: str, mount: Mount) -> None:
    assert parse_mounts(line + "\n") == [mount]


@pytest.mark.parametrize("text", ["", "\n\n", "one two\n", "a b c"])
def test_lines_that_are_no_mounts_are_left_out(text: str) -> None:
    assert parse_mounts(text) == []


def machine(folder: Path, mounts: str, process: str = "1") -> Roots:
    (folder / "proc" / process).mkdir(parents=True)
    (folder / "proc" / process / "mounts").write_text(mounts)
    return Roots.below(str(folder))


def points(families: list[Family], name: str = "node_filesystem_device_error") -> dict[str, float]:
    family = next((family for family in families if family.name == name), None)
    return {dict(sample.labels)["mountpoint"]: sample.value for sample in family.samples} if family else {}


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> dict[str, Space | OSError]:
    """{path: answer}; a path that is not there answers with a plain space."""
    answers: dict[str, Space | OSError] = {}

    def asked(path: str) -> Space:
        answer = answers.get(path, Space(100.0, 50.0, 40.0, 10.0, 5.0))
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(module, "StatvfsPool", lambda timeout_s: StatvfsPool(timeout_s, asked))
    return answers


def test_pseudo_filesystems_and_containers_are_left_out(tmp_path: Path, answering: object) -> None:
    roots = machine(
        tmp_path,
        "/dev/sda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\ntmpfs /run/lock tmpfs rw 0 0\n"
        "overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0\n/dev/loop1 /snap/x squashfs ro 0 0\n"
        "/dev/sdb1 /mnt/data ext4 rw 0 0\n/dev/sdc1 /running ext4 rw 0 0\n",
    )
    assert set(points(Filesystem(Options())(roots))) == {"/", "/mnt/data", "/running"}


def test_inside_a_container_the_overlay_at_the_root_is_shown(tmp_path: Path, answering: object) -> None:
    roots = machine(tmp_path, "overlay / overlay rw,lowerdir=/a 0 0\nproc /proc proc rw 0 0\n")
    assert set(points(Filesystem(Options())(roots))) == {"/"}


def test_without_process_1_our_own_mounts_are_read(tmp_path: Path, answering: object) -> None:
    roots = machine(tmp_path, "/dev/sda1 / ext4 rw 0 0\n", process="self")
    assert set(points(Filesystem(Options())(roots))) == {"/"}


def test_the_prefix_of_a_mounted_host_is_cut_off(tmp_path: Path, answering: dict[str, Space | OSError]) -> None:
    base = machine(tmp_path, "/dev/sda1 /rootfs ext4 rw 0 0\n/dev/sdb1 /rootfs/home ext4 rw 0 0\n")
    roots = Roots(base.procfs, base.sysfs, rootfs="/rootfs")
    answering["/rootfs/home"] = OSError(errno.EACCES, "no")
    assert points(Filesystem(Options())(roots)) == {"/": 0.0, "/home": 1.0}


def test_a_mount_that_cannot_be_asked_tells_its_error_and_nothing_else(
    tmp_path: Path, answering: dict[str, Space | OSError]
) -> None:
    roots = machine(tmp_path, "/dev/sda1 / ext4 rw 0 0\nsrv:/x /nfs nfs rw 0 0\n")
    answering[roots.root("/nfs")] = OSError(errno.ESTALE, "Stale file handle")
    families = Filesystem(Options())(roots)
    assert points(families) == {"/": 0.0, "/nfs": 1.0}
    assert points(families, "node_filesystem_size_bytes") == {"/": 100.0}
    assert points(families, "node_filesystem_readonly") == {"/": 0.0, "/nfs": 0.0}


def test_a_dead_nfs_mount_cannot_hang_the_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = machine(tmp_path, "srv:/x /nfs nfs rw 0 0\n/dev/sda1 / ext4 rw 0 0\n")
    back = threading.Event()

    def asked(path: str) -> Space:
        if path.endswith("/nfs"):
            back.wait(10)
        return Space(100.0, 50.0, 40.0, 10.0, 5.0)

    monkeypatch.setattr(module, "StatvfsPool", lambda timeout_s: StatvfsPool(timeout_s, asked))
    assert points(Filesystem(Options(statvfs_timeout_s=0.4))(roots)) == {"/nfs": 1.0, "/": 0.0}
    back.set()


def test_the_last_of_two_mounts_at_one_place_is_shown_once(tmp_path: Path, answering: object) -> None:
    roots = machine(tmp_path, "/dev/sda1 / ext4 ro 0 0\n/dev/sda1 / ext4 rw 0 0\n")
    assert points(Filesystem(Options())(roots), "node_filesystem_readonly") == {"/": 0.0}
