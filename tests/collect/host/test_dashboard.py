"""Every node_* metric that the Node Exporter Full dashboard asks for is told by a machine that has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hannun.collect.host import HostCollector, Roots

_ON_A_BUS = "told where systemd answers on D-Bus, which a recorded tree has not: test_systemd.py"
NOT_TOLD = {
    "node_systemd_socket_accepted_connections_total": _ON_A_BUS,
    "node_systemd_socket_current_connections": _ON_A_BUS,
    "node_systemd_socket_refused_connections_total": _ON_A_BUS,
    "node_systemd_units": _ON_A_BUS,
    "node_kernel_hung_tasks": "no release of node_exporter tells it; ours is node_kernel_hung_task_detect_count",
}
NAMES = Path(__file__).parents[2] / "data" / "host" / "node-exporter-full.names"


def names() -> list[str]:
    return [line for line in NAMES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def told(machine: Callable[[str], Roots]) -> set[str]:
    return {family.name for family in HostCollector(machine("server")).collect()}


@pytest.mark.parametrize("name", names())
def test_the_dashboard_finds_its_metric(name: str, told: set[str]) -> None:
    assert (name in told) != (name in NOT_TOLD), NOT_TOLD.get(name, "no collector tells it")
