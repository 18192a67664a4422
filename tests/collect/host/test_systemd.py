"""systemd over D-Bus: on a bus that stands in for it, beside the real node_exporter on the same bus."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hannun.collect.bus import Bus
from hannun.collect.host import HostCollector, Options, Roots
from hannun.collect.host import systemd as module
from hannun.collect.host.systemd import Systemd
from hannun.model.errors import WireError
from hannun.model.family import Family
from hannun.testing.systemd_bus import FakeBus
from hannun.wire.dbus import Call
from hannun.wire.exposition import encode_text

NODE_EXPORTER = shutil.which("prometheus-node-exporter")
DBUS_DAEMON = shutil.which("dbus-daemon")


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Roots]:
    """Roots whose system bus is a stand-in."""
    path = tmp_path / "run/dbus/system_bus_socket"
    path.parent.mkdir(parents=True)
    with FakeBus(path):
        yield Roots(rootfs=str(tmp_path))


def series(families: list[Family]) -> dict[str, float]:
    return {
        sample.name + "{" + ",".join(value for _, value in sample.labels) + "}": sample.value
        for family in families
        for sample in family.samples
    }


def test_a_failed_service_is_told(bus: Roots) -> None:
    told = series(Systemd(Options())(bus))
    assert told["node_systemd_unit_state{backup.service,failed,notify}"] == 1
    assert told["node_systemd_unit_state{backup.service,active,notify}"] == 0
    assert told["node_systemd_units{failed}"] == 1
    assert told["node_systemd_system_running{}"] == 0
    assert told["node_systemd_socket_accepted_connections_total{docker.socket}"] == 7
    assert told["node_systemd_timer_last_trigger_seconds{logrotate.timer}"] == 1.795e9


def test_mounts_targets_and_units_that_are_not_loaded_are_in_the_summary_only(bus: Roots) -> None:
    told = series(Systemd(Options())(bus))
    shown = {re.split(r"[{,]", name)[1] for name in told if name.startswith("node_systemd_unit_state")}
    assert shown == {"nginx.service", "backup.service", "docker.socket", "logrotate.timer"}
    assert told["node_systemd_units{active}"] == 5


def test_the_second_reading_tells_the_same(bus: Roots) -> None:
    collector = Systemd(Options())
    assert collector(bus) == collector(bus)


def test_without_a_bus_the_collector_is_absent(tmp_path: Path) -> None:
    host = HostCollector(Roots(rootfs=str(tmp_path)), only=["systemd"])
    host.collect()
    (row,) = host.status()
    assert (row.ok, row.absent) == (True, True)


def test_a_bus_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with FakeBus(tmp_path / "bus", deaf=True), pytest.raises(TimeoutError):
        Bus(str(tmp_path / "bus"), timeout_s=0.05)


def test_a_peer_that_speaks_something_else_is_refused(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "bus", socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    theirs.bind(str(ours))
    theirs.listen(1)
    other = subprocess.Popen(
        [
            "python3",
            "-c",
            "import socket,sys; s=socket.socket(fileno=0); c,_=s.accept(); c.sendall(b'HTTP/1.1 400\\r\\n')",
        ],
        stdin=theirs.fileno(),
    )
    with pytest.raises((WireError, OSError)):
        Bus(str(ours), timeout_s=5.0)
    other.wait(10)
    theirs.close()


def test_a_machine_with_very_many_units_tells_the_first_ones(bus: Roots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNITS_MAX", 1)
    told = series(Systemd(Options())(bus))
    assert sum(name.startswith("node_systemd_unit_state") for name in told) == 5


@pytest.mark.skipif(NODE_EXPORTER is None, reason="prometheus-node-exporter is not installed")
def test_node_exporter_tells_the_same_of_the_same_bus(bus: Roots) -> None:
    assert NODE_EXPORTER is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = [f"--web.listen-address={address}", "--collector.disable-defaults", "--collector.systemd"]
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus.root('/run/dbus/system_bus_socket')}"}
    process = subprocess.Popen([NODE_EXPORTER, *arguments], env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 10
        page = ""
        while not page:
            try:
                with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
                    page = answer.read().decode()
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline_s, "node_exporter did not come up"
                time.sleep(0.02)
    finally:
        process.terminate()
        process.wait(10)
    ours = encode_text(Systemd(Options())(bus)).decode()
    assert lines(ours) == lines(page)


def lines(page: str) -> set[str]:
    """Lines about systemd, the labels of each in one order and every number in one form."""
    found = set()
    for line in page.splitlines():
        if not line.startswith("#") and line.startswith("node_systemd"):
            name, _, value = line.rpartition(" ")
            line = f"{name} {float(value)}"
        if "node_systemd" in line:
            found.add(line)
    return found


@pytest.mark.skipif(DBUS_DAEMON is None, reason="dbus-daemon is not installed")
def test_a_real_bus_understands_us(tmp_path: Path) -> None:
    assert DBUS_DAEMON is not None
    path = tmp_path / "bus"
    arguments = [DBUS_DAEMON, "--session", "--nofork", f"--address=unix:path={path}"]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 10
        while not path.exists():
            assert time.monotonic() < deadline_s, "dbus-daemon did not come up"
            time.sleep(0.01)
        own = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
        with Bus(str(path)) as bus:
            names, missing = bus.ask([Call(*own, "ListNames"), Call(*own, "GetNameOwner", ("no.such.name",))])
    finally:
        process.terminate()
        process.wait(10)
    assert "org.freedesktop.DBus" in names.values[0]
    assert missing.error == "org.freedesktop.DBus.Error.NameHasNoOwner"
