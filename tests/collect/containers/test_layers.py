"""Writable layers: found by the overlay that a process stands on, added up beside the readings, never waited for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hannun.collect.containers.filesystems import Filesystems
from hannun.collect.containers.layers import BLOCK_BYTES, Layer, Layers, disks_by_number, layer_of, size_of
from hannun.collect.host import Roots
from hannun.collect.host.builder import Builder

OWN = (("id", "/docker/a"), ("name", "web"))


def overlay(upper: str, kind: str = "overlay") -> str:
    return (
        "600 500 0:50 / /proc rw - proc proc rw\n"
        f"601 500 0:51 / / rw,relatime master:1 - {kind} {kind} rw,lowerdir=/a:/b,upperdir={upper},workdir=/w\n"
    )


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Roots]:
    """`machine(mountinfo)`: a machine whose process 7 sees these mounts, and whose disk is that of the test."""

    def make(mountinfo: str) -> Roots:
        device = os.lstat(tmp_path).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        for path, text in {
            "proc/7/mountinfo": mountinfo,
            "proc/1/mountinfo": f"1 0 {number} / / rw - ext4 /dev/sda1 rw\n2 0 {number} / /mnt rw - ext4 /dev/sdz rw\n",
            "proc/1/mounts": "/dev/sda1 / ext4 rw 0 0\n",
            "proc/diskstats": "8 1 sda1 10 20 30 4000 50 60 70 8000 9 10000 11000\n8 2 sdb 1 1 1 1 1 1 1 1 1 1 1\n",
        }.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        (tmp_path / "root/var/lib/layer one").mkdir(parents=True, exist_ok=True)
        return Roots.below(str(tmp_path))

    return make


def filled(folder: Path) -> int:
    """Bytes on disk of a little layer: two folders, a file in each, one of them under two names."""
    (folder / "etc").mkdir()
    (folder / "etc" / "one").write_bytes(b"x" * 10_000)
    os.link(folder / "etc" / "one", folder / "two")
    (folder / "link").symlink_to("/nowhere")
    entries = (folder / "etc", folder / "etc" / "one", folder / "link")
    return sum(os.lstat(path).st_blocks for path in entries) * BLOCK_BYTES


def walked(layers: Layers, *wanted: Layer) -> dict[str, float]:
    """Sizes once the walker has been through."""
    layers.sizes(wanted)
    for thread in threading.enumerate():
        if thread.name == "hannun-layers":
            thread.join(10)
    return dict(layers.sizes(wanted))


@pytest.mark.parametrize(
    ("mountinfo", "found"),
    [
        pytest.param(overlay(r"/var/lib/layer\040one"), True, id="an overlay, its path escaped"),
        pytest.param(overlay("/var/lib/layer\\040one", "fuse.fuse-overlayfs"), True, id="rootless Podman's"),
        pytest.param(overlay("/var/lib/none"), False, id="a folder that we cannot see"),
        pytest.param(overlay("relative"), False, id="a path that leads nowhere"),
        pytest.param("601 500 8:1 / / rw - ext4 /dev/sda1 rw,upperdir=/etc\n", False, id="another filesystem"),
        pytest.param("", False, id="no mounts"),
        pytest.param("601 500\n- - -\n / / - overlay\n", False, id="lines of another shape"),
    ],
)
def test_a_layer_is_found_by_the_overlay_that_a_process_stands_on(
    machine: Callable[..., Roots], tmp_path: Path, mountinfo: str, found: bool
) -> None:
    layer = layer_of(machine(mountinfo), 7)
    assert (layer is not None) == found
    if layer is not None:
        assert layer.path == str(tmp_path / "root/var/lib/layer one")
    assert layer_of(machine(mountinfo), 8) is None


def test_everything_below_is_counted_once_as_it_lies_on_the_disk(tmp_path: Path) -> None:
    expected = filled(tmp_path)
    assert size_of(str(tmp_path)) == expected


def test_a_layer_that_is_too_large_or_closed_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)
    assert size_of(str(tmp_path), files_max=3) is None
    assert size_of(str(tmp_path / "none")) is None

    def closed(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", closed)
    assert size_of(str(tmp_path)) is None


def test_a_walk_rests_four_times_as_long_as_it_works(tmp_path: Path) -> None:
    for number in range(1_200):
        (tmp_path / str(number)).touch()
    rests: list[float] = []
    size_of(str(tmp_path), rests.append)
    assert len(rests) == 2
    assert all(rest > 0 for rest in rests)


def test_a_reading_never_waits_and_a_layer_is_walked_again_in_time(tmp_path: Path) -> None:
    now = [0.0]
    layers = Layers(now_s=lambda: now[0])
    layer = Layer(str(tmp_path), "8:1")
    assert layers.sizes([layer]) == {}
    first = walked(layers, layer)
    filled(tmp_path)
    assert walked(layers, layer) == first
    now[0] = 301.0
    assert walked(layers, layer)[str(tmp_path)] > first[str(tmp_path)]
    assert walked(layers) == {}
    assert layers.sizes([layer]) == {}, "one that is gone is forgotten"
    walked(layers, layer)


def test_a_container_s_layer_is_told_with_its_disk(machine: Callable[..., Roots], tmp_path: Path) -> None:
    roots = machine(overlay(r"/var/lib/layer\040one"))
    expected = filled(tmp_path / "root/var/lib/layer one")
    layer = layer_of(roots, 7)
    assert layer is not None
    assert disks_by_number(roots)[layer.number] == "/dev/sda1"
    layers = Layers()
    walked(layers, layer)
    out = Builder()
    Filesystems(layers=layers).tell(out, roots, (("id", "/"),), {OWN: layer})
    told = {(sample.name, sample.labels): sample.value for family in out.families() for sample in family.samples}
    own = (("device", "/dev/sda1"), *OWN)
    assert told["container_fs_usage_bytes", own] == expected
    of_the_disk = (("device", "/dev/sda1"), ("id", "/"))
    assert told["container_fs_limit_bytes", own] == told["container_fs_limit_bytes", of_the_disk]
    assert {name: value for (name, labels), value in told.items() if labels == of_the_disk and "inodes" not in name} | {
        "container_fs_limit_bytes": 0,
        "container_fs_usage_bytes": 0,
    } == {
        "container_fs_limit_bytes": 0,
        "container_fs_usage_bytes": 0,
        "container_fs_reads_merged_total": 20,
        "container_fs_sector_reads_total": 30,
        "container_fs_read_seconds_total": 4,
        "container_fs_writes_merged_total": 60,
        "container_fs_sector_writes_total": 70,
        "container_fs_write_seconds_total": 8,
        "container_fs_io_current": 9,
        "container_fs_io_time_seconds_total": 10,
        "container_fs_io_time_weighted_seconds_total": 11,
    }
