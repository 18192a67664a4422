"""Which control groups are containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from hannun.collect.containers.tree import DEPTH_MAX, FOLDERS_MAX, Tree, container_of
from hannun.collect.host import Roots

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("path", "container"),
    [
        pytest.param(f"/docker/{ID}", ID, id="docker, cgroupfs"),
        pytest.param(f"/system.slice/docker-{ID}.scope", ID, id="docker, systemd"),
        pytest.param(f"/machine.slice/libpod-{ID}.scope", ID, id="podman, root"),
        pytest.param(
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", ID, id="podman, user"
        ),
        pytest.param(f"/libpod_parent/libpod-{ID}", ID, id="podman, cgroupfs"),
        pytest.param(f"/machine.slice/libpod-conmon-{ID}.scope", "", id="podman's monitor"),
        pytest.param(f"/kubepods.slice/x.slice/cri-containerd-{ID}.scope", ID, id="containerd in a pod"),
        pytest.param(f"/kubepods/burstable/pod1-2/{ID}", ID, id="kubernetes, cgroupfs"),
        pytest.param(f"/kubepods.slice/x.slice/crio-{ID}.scope", ID, id="CRI-O"),
        pytest.param(f"/kubepods.slice/x.slice/crio-conmon-{ID}.scope", "", id="CRI-O's monitor"),
        pytest.param(f"/system.slice/nerdctl-{ID}.scope", ID, id="nerdctl"),
        pytest.param("/lxc/web", "web", id="LXC"),
        pytest.param("/lxc.payload.web", "web", id="LXC 4"),
        pytest.param("/machine.slice/machine-qemu\\x2d1\\x2ddb.scope", "qemu-1-db", id="a virtual machine"),
        pytest.param("/system.slice/ssh.service", "", id="a service"),
        pytest.param("/kubepods.slice", "", id="a slice"),
        pytest.param("/docker", "", id="docker's own"),
        pytest.param("/", "", id="the root"),
    ],
)
def test_a_container_is_known_by_its_path(path: str, container: str) -> None:
    assert container_of(path) == container


def test_folders_without_end_are_walked_up_to_a_bound(tmp_path: Path) -> None:
    base = tmp_path / "sys/fs/cgroup"
    deep = base.joinpath(*["d"] * (DEPTH_MAX + 5))
    deep.mkdir(parents=True)
    (base / "cgroup.controllers").touch()
    for number in range(FOLDERS_MAX + 100):
        (base / f"s{number}.slice").mkdir()
    groups = list(Tree(Roots.below(str(tmp_path))).groups())
    assert len(groups) == FOLDERS_MAX
    assert max(group.depth for group in groups) == DEPTH_MAX


def test_controllers_that_share_a_folder_are_found(tmp_path: Path) -> None:
    for name in ("cpu,cpuacct", "memory", "systemd"):
        (tmp_path / "sys/fs/cgroup" / name).mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage").write_text("1000000000\n")
    tree = Tree(Roots.below(str(tmp_path)))
    (root,) = tree.groups()
    assert tree.version == 1
    assert tree.usage(root).cpu_s == {"total": 1.0}
