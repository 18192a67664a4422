"""Recorded trees of control groups against the pages that they make, and what bounds a reading."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hannun.collect.containers import ContainerCollector, ContainerLimits
from hannun.collect.containers.docker import Runtimes
from hannun.collect.host import Roots
from hannun.model.family import Family
from hannun.wire.exposition import encode_text

WEB = "4f1c" + "ab12" * 15
HOST_NET = "9d0e" + "cd34" * 15
NOW_S = 1_700_009_999.9
CONTAINERS = [
    {
        "Id": WEB,
        "Names": ["/shop-web-1"],
        "Image": "nginx:1.27",
        "Status": "Up 3 hours (healthy)",
        "Labels": {"com.docker.compose.service": "web", "com.docker.compose.project": "shop", "empty": ""},
    },
    {"Id": HOST_NET, "Names": ["/exporter"], "Image": "exporter", "Status": "Up 3 hours", "Labels": None},
]


def answers(_socket: str, target: str) -> bytes:
    return json.dumps(CONTAINERS if target == "/containers/json" else {"Version": "27.3.1"}).encode()


def silent(_socket: str, _target: str) -> bytes:
    raise FileNotFoundError("no such socket")


def collector(roots: Roots, *, api: bool = True, limits: ContainerLimits | None = None) -> ContainerCollector:
    runtimes = Runtimes(["docker.sock"], answers if api else silent)
    return ContainerCollector(roots, limits=limits, runtimes=runtimes, now_s=lambda: NOW_S)


def values(families: list[Family], metric: str, /, **wanted: str) -> dict[tuple[tuple[str, str], ...], float]:
    """Label pairs beside the identity -> value, of the series that have `wanted`."""
    return {
        tuple(
            pair
            for pair in sample.labels
            if pair[0] not in ("id", "image", "name") and "container_label" not in pair[0]
        ): sample.value
        for family in families
        for sample in family.samples
        if sample.name == metric and wanted.items() <= dict(sample.labels).items()
    }


@pytest.mark.parametrize("name", ["docker-v2", "docker-v1", "kubernetes-v2"])
def test_a_recorded_machine_makes_its_page(
    name: str, host: Callable[[str], Roots], golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.uname", lambda: type("Uname", (), {"release": "6.1.0"})())
    monkeypatch.setattr("hannun.collect.containers.machine.__version__", "0")
    page = encode_text(collector(host(name)).collect()).decode()
    golden(f"collect/containers-{name}.prom", page)
    assert list(text_string_to_metric_families(page))


@pytest.mark.parametrize("name", ["docker-v2", "docker-v1"])
def test_both_versions_of_cgroups_tell_the_same_container(name: str, host: Callable[[str], Roots]) -> None:
    found = collector(host(name)).collect()

    def one(metric: str, **labels: str) -> float:
        (value,) = values(found, metric, name="shop-web-1", **labels).values()
        return value

    assert one("container_memory_usage_bytes") == 536_870_912
    assert one("container_memory_working_set_bytes") == 536_870_912 * 7 / 8
    assert one("container_memory_rss") == 536_870_912 / 2
    assert one("container_spec_memory_limit_bytes") == 1_073_741_824
    assert one("container_spec_memory_swap_limit_bytes") == 0
    assert one("container_network_receive_bytes_total", interface="eth0") == 5_000_000
    assert one("container_fs_writes_total", device="/dev/sda") in (2, 4)
    assert one("container_start_time_seconds") == 1_700_000_500
    assert one("container_health_state") == 1
    assert one("container_file_descriptors") % 3 == 0


def test_names_images_and_labels_come_from_the_docker_api(host: Callable[[str], Roots]) -> None:
    found = collector(host("docker-v2")).collect()
    (sample,) = (
        sample
        for family in found
        for sample in family.samples
        if sample.name == "container_memory_rss" and dict(sample.labels).get("name") == "shop-web-1"
    )
    assert dict(sample.labels) == {
        "id": f"/system.slice/docker-{WEB}.scope",
        "image": "nginx:1.27",
        "name": "shop-web-1",
        "container_label_com_docker_compose_project": "shop",
        "container_label_com_docker_compose_service": "web",
    }


def test_without_the_api_a_container_is_named_by_its_short_id(host: Callable[[str], Roots]) -> None:
    found = collector(host("docker-v2"), api=False).collect()
    names = {dict(sample.labels).get("name") for family in found for sample in family.samples} - {None}
    assert names == {WEB[:12], HOST_NET[:12]}


def test_throttling_is_told_of_containers_with_a_quota_only(host: Callable[[str], Roots]) -> None:
    found = collector(host("docker-v2")).collect()
    assert list(values(found, "container_cpu_cfs_throttled_seconds_total").values()) == [0.25]
    assert values(found, "container_spec_cpu_quota", name="shop-web-1") == {(): 50_000}
    assert values(found, "container_spec_cpu_shares", name="shop-web-1") == {(): 998}


def test_the_network_of_the_machine_is_not_told_as_a_container_s(host: Callable[[str], Roots]) -> None:
    found = collector(host("docker-v2")).collect()
    assert values(found, "container_network_receive_bytes_total", name="exporter") == {}
    assert values(found, "container_network_receive_bytes_total", id="/") == {(("interface", "eth0"),): 1_000}


def test_the_network_of_a_pod_is_told_once_by_the_container_that_began_first(host: Callable[[str], Roots]) -> None:
    found = collector(host("kubernetes-v2")).collect()
    tellers = [
        dict(sample.labels)["name"]
        for family in found
        for sample in family.samples
        if sample.name == "container_network_receive_bytes_total" and "name" in dict(sample.labels)
    ]
    assert tellers == ["11aa0b0c0b0c"]


def test_what_a_container_makes_below_itself_is_its_own_affair(host: Callable[[str], Roots]) -> None:
    ids = {
        dict(sample.labels)["id"]
        for family in collector(host("docker-v2")).collect()
        for sample in family.samples
        if "id" in dict(sample.labels)
    }
    assert not any(path.endswith("/init.scope") for path in ids)
    assert "/system.slice/ssh.service" in ids


def test_containers_come_first_where_there_are_too_many_groups(
    host: Callable[[str], Roots], caplog: pytest.LogCaptureFixture
) -> None:
    found = collector(host("docker-v2"), limits=ContainerLimits(containers=1, others=1))
    for _ in range(2):
        ids = {dict(sample.labels).get("id") for family in found.collect() for sample in family.samples} - {None}
        assert ids == {"/", f"/system.slice/docker-{WEB}.scope"}
    assert [record.message for record in caplog.records] == [
        "2 of 5 control groups are told: containers first, then slices"
    ]


def test_descriptors_are_not_told_once_the_budget_is_spent(host: Callable[[str], Roots]) -> None:
    found = collector(host("docker-v2"), limits=ContainerLimits(descriptors=6)).collect()
    assert values(found, "container_file_descriptors") == {(): 6}


def test_threads_are_told_by_state_and_as_load(host: Callable[[str], Roots]) -> None:
    found = collector(host("docker-v2")).collect()
    states = {"running": 2, "sleeping": 1, "stopped": 0, "uninterruptible": 1}
    assert values(found, "container_tasks_state", name="shop-web-1") == {
        (("state", state),): count for state, count in states.items()
    }
    assert values(found, "container_cpu_load_average_10s", name="shop-web-1") == {(): 2_000}
    assert values(found, "container_tasks_state", name="exporter", state="stopped") == {(("state", "stopped"),): 1}


def test_states_are_not_told_once_the_budget_is_spent(host: Callable[[str], Roots]) -> None:
    found = collector(host("docker-v2"), limits=ContainerLimits(threads=5)).collect()
    assert set(values(found, "container_tasks_state", name="shop-web-1"))
    assert values(found, "container_tasks_state", name="exporter") == {}
    assert values(found, "container_cpu_load_average_10s", name="exporter") == {}


def test_a_machine_without_control_groups_has_nothing_to_tell(tmp_path: Path) -> None:
    assert collector(Roots.below(str(tmp_path))).collect() == []


def test_this_machine_is_read(tmp_path: Path) -> None:
    found = ContainerCollector(runtimes=Runtimes([])).collect()
    if not Path("/sys/fs/cgroup").is_dir() or not found:
        pytest.skip("this machine shows no control groups")
    usage = values(found, "container_cpu_usage_seconds_total", id="/")
    assert sum(usage.values()) > 0
    assert values(found, "container_last_seen", id="/")


def test_any_content_of_the_files_gives_families_and_never_an_error(
    host: Callable[[str], Roots], tmp_path: Path
) -> None:
    """Kernels differ, and a group may end between two reads."""
    roots = host("docker-v2")
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink())
    dice = random.Random(7)
    for _ in range(60):
        for path in dice.sample(files, 8):
            match dice.randrange(4):
                case 0:
                    path.write_bytes(dice.randbytes(dice.randrange(200)))
                case 1:
                    path.write_text(" ".join(str(dice.randrange(-5, 10**20)) for _ in range(9)) + "\n")
                case 2:
                    path.write_bytes(path.read_bytes()[: dice.randrange(50)])
                case _:
                    path.write_text("max\nnan inf 1e9 0x10 ٣ ½\n")
        encode_text(collector(roots).collect())
    shutil.rmtree(tmp_path / "sys")
    assert collector(roots).collect() == []
