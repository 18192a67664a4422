"""Name by name against Debian's real node_exporter: on this machine, and on a recorded one with much hardware.

Both read the same files at nearly the same time. What may differ stands in the lists below, each with its reason.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hannun.collect.host import HostCollector, Roots
from hannun.collect.host.registry import DISKS, MOUNT_POINTS

BINARY = shutil.which("prometheus-node-exporter") or ""
needs_node_exporter = pytest.mark.skipif(
    not BINARY, reason="prometheus-node-exporter is not installed (apt install prometheus-node-exporter)"
)
Series = tuple[str, tuple[tuple[str, str], ...]]

NOT_OURS = {
    r"^(go_|promhttp_|process_)": "about the exporter's own process; Hannun tells its own as job hannun",
    r'^node_scrape_collector_.*collector="(bcache|fibrechannel|infiniband|tapestats)"': (
        "collectors of hardware and services that Hannun does not read (see the guide on hosts)"
    ),
    r"^node_exporter_build_info": "labels tell our version",
    r"^node_processes_threads_state": "costs a read per thread; the collector is off by default",
    r"^node_tcp_connection_states": "connections come and go, and 1.5.0 asks the running kernel for a recorded machine",
    r'^node_processes_state{state="[^S]"': "a process is runnable or waits for a disk for a moment only",
}
ONLY_OURS = {
    r"^hannun_": "our own: top consumers by command name",
    r"^node_exporter_build_info": "labels tell our version",
    r'^node_scrape_collector_.*collector="kernel_hung"': "came after 1.5.0",
    r"^node_kernel_hung_task_detect_count": "came after 1.5.0",
    r"^node_pressure_irq_": "came after 1.5.0",
    r"^node_softnet_(backlog_len|cpu_collision|flow_limit_count|received_rps)": "came after 1.5.0",
    r"^node_netstat_(TcpExt_TCPOFOQueue|TcpExt_TCPRcvQDrop|Tcp_MaxConn)": "came after 1.5.0",
    r"^node_cpu_scaling_governor": "came after 1.5.0",
    r"^node_btrfs_(commits|commit_seconds|last_commit|max_commit)": "came after 1.5.0",
    r"^node_zfs_arc_memory_available_bytes": "1.5.0 leaves out signed counters",
    r'^node_zfs_zpool_state\{state="suspended"': "came after 1.5.0",
    r"^node_network_receive_nohandler_total": "1.5.0 has it from netlink only, which a recorded tree has not",
    r"^node_selinux_(config|current)_mode": "1.5.0 asks the running kernel and not the recorded one",
}
OTHER_VALUE = {
    r"^node_scrape_collector_duration_seconds": "time that each took",
    r"^node_tcp_connection_states": "1.5.0 asks the running kernel by netlink, also for a recorded tree",
    r"^node_selinux_enabled": "1.5.0 asks the running kernel and not the recorded one",
    r"^node_(time_seconds|timex_)": "the clock goes on",
    r"^node_textfile_mtime_seconds": "path of the file",
    r"^node_filesystem_": "others write to the disk meanwhile",
}
# Counters and gauges that stand still from one reading to the next, so that their values must agree on any machine.
STABLE = re.compile(
    r"^node_(boot_time_seconds|uname_info|os_info|os_version|filefd_maximum|entropy_pool_size_bits|memory_MemTotal_bytes"
    r"|memory_HugePages_\w+|memory_SwapTotal_bytes|memory_CommitLimit_bytes|filesystem_size_bytes|filesystem_readonly"
    r"|filesystem_files|filesystem_device_error|disk_info|network_info|network_mtu_bytes|network_up|network_flags"
    r"|network_iface_id|network_speed_bytes|network_protocol_type|nf_conntrack_entries_limit|time_clocksource_\w+"
    r"|timex_tick_seconds|selinux_enabled|textfile_scrape_error|processes_max_\w+|scrape_collector_success)\b"
)
NOT_STABLE = {
    r"^node_selinux_enabled": "1.5.0 asks the running kernel and not the recorded one",
    r'^node_scrape_collector_success{collector="tcpstat"': "ours gives up above a number of connections",
}
COUNTING = re.compile(
    r"^node_(cpu_seconds_total|context_switches_total|forks_total|intr_total|vmstat_pgfault|disk_\w+_total"
    r"|network_\w+_bytes_total|softnet_processed_total|pressure_\w+_total)\b"
)


@dataclass(frozen=True)
class Page:
    values: dict[Series, float]
    heads: dict[str, tuple[str, str]]


def page(text: str) -> Page:
    values: dict[Series, float] = {}
    heads: dict[str, tuple[str, str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sorted((name, value) for name, value in sample.labels.items() if value != ""))
            values[sample.name, labels] = sample.value
            heads[sample.name] = (family.type, family.documentation)
    return Page(values, heads)


def spelled(series: Series) -> str:
    name, labels = series
    inner = ",".join([f'{label}="{value}"' for label, value in labels])
    return f"{name}{{{inner}}}"


def allowed(series: Series, reasons: dict[str, str]) -> bool:
    return any(re.search(pattern, spelled(series)) for pattern in reasons)


@contextmanager
def node_exporter(roots: Roots) -> Iterator[str]:
    """The address of a real one that reads `roots` with our filters."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = [
        f"--web.listen-address={address}",
        f"--path.procfs={roots.procfs}",
        f"--path.sysfs={roots.sysfs}",
        f"--path.rootfs={roots.rootfs}",
        f"--path.udev.data={roots.udevfs}",
        f"--collector.textfile.directory={roots.textfiles}",
        f"--collector.filesystem.mount-points-exclude={MOUNT_POINTS}",
        f"--collector.diskstats.device-exclude={DISKS}",
        "--collector.netdev.device-exclude=^$",
        "--collector.interrupts",
        "--collector.processes",
        "--collector.tcpstat",
    ]
    if roots.procfs != "/proc":
        arguments.append("--no-collector.netdev.netlink")
    process = subprocess.Popen([BINARY, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield address
    finally:
        process.terminate()
        process.wait(10)


def fetch(address: str) -> str:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline_s, "node_exporter did not come up"
            time.sleep(0.02)


@dataclass(frozen=True)
class Pair:
    """Ours is read between two readings of the real one: what both of those have must be in ours."""

    before: Page
    ours: Page
    after: Page


def both(roots: Roots) -> Pair:
    with node_exporter(roots) as address:
        before = page(fetch(address))
        ours = page(HostCollector(roots).page().decode())
        return Pair(before, ours, page(fetch(address)))


@pytest.fixture(scope="module", params=["here", "server"])
def pair(request: pytest.FixtureRequest, machine: Callable[[str], Roots]) -> Pair:
    if not os.path.isdir("/proc/self"):
        pytest.skip("needs Linux")
    return both(Roots() if request.param == "here" else machine(request.param))


@needs_node_exporter
def test_every_series_of_node_exporter_is_ours_too(pair: Pair) -> None:
    steady = pair.before.values.keys() & pair.after.values.keys()
    missing = [spelled(series) for series in sorted(steady - pair.ours.values.keys()) if not allowed(series, NOT_OURS)]
    assert missing == []


@needs_node_exporter
def test_we_add_only_what_is_listed(pair: Pair) -> None:
    known = pair.before.values.keys() | pair.after.values.keys()
    # A process, a TCP state or a network neighbour that came and went between the readings is in ours alone.
    fleeting = re.compile(r"^node_(processes_state|tcp_connection_states|arp_entries)")
    added = [
        spelled(series)
        for series in sorted(pair.ours.values.keys() - known)
        if not allowed(series, ONLY_OURS) and not fleeting.match(series[0])
    ]
    assert added == []


@needs_node_exporter
def test_types_and_help_are_the_same(pair: Pair) -> None:
    shared = pair.before.heads.keys() & pair.ours.heads.keys()
    assert len(shared) > 150
    differing = {
        name: (pair.before.heads[name], pair.ours.heads[name])
        for name in sorted(shared)
        if pair.before.heads[name] != pair.ours.heads[name]
    }
    assert differing == {}


@needs_node_exporter
def test_what_stands_still_has_the_same_value(pair: Pair) -> None:
    differing = {
        spelled(series): (pair.before.values[series], value)
        for series, value in pair.ours.values.items()
        if STABLE.match(series[0])
        and series in pair.before.values
        and not allowed(series, NOT_STABLE)
        and value != pytest.approx(pair.before.values[series], rel=1e-12)
    }
    assert differing == {}


@needs_node_exporter
def test_what_counts_lies_between_the_two_readings_of_the_real_one(pair: Pair) -> None:
    outside = {
        spelled(series): (pair.before.values[series], value, pair.after.values[series])
        for series, value in pair.ours.values.items()
        if COUNTING.match(series[0])
        and series in pair.before.values
        and series in pair.after.values
        # The kernel's own idle and iowait go back by a tick now and then.
        and not pair.before.values[series] - 0.05 <= value <= pair.after.values[series] + 0.05
    }
    assert outside == {}


@needs_node_exporter
def test_on_a_recorded_machine_all_values_agree(machine: Callable[[str], Roots]) -> None:
    pair = both(machine("server"))
    differing = {
        spelled(series): (pair.before.values[series], value)
        for series, value in pair.ours.values.items()
        if series in pair.before.values
        and not allowed(series, OTHER_VALUE)
        and value != pytest.approx(pair.before.values[series], rel=1e-9)
    }
    assert differing == {}
