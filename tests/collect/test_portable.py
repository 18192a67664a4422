"""The fall-back tells the basics under the same names as the Linux collectors do on the same machine."""

from __future__ import annotations

import pytest

from hannun.collect.host import HostCollector, Roots
from hannun.collect.portable import PORTABLE


@pytest.fixture(scope="module")
def collected() -> HostCollector:
    collector = HostCollector(Roots(procfs="/nowhere"))
    collector.collect()
    return collector


def test_without_proc_the_portable_collectors_are_used(collected: HostCollector) -> None:
    assert {row.name for row in collected.status()} == set(PORTABLE)
    assert [row for row in collected.status() if not row.ok] == []


@pytest.mark.parametrize(
    "name",
    [
        "node_cpu_seconds_total",
        "node_memory_MemTotal_bytes",
        "node_memory_MemAvailable_bytes",
        "node_load1",
        "node_network_receive_bytes_total",
        "node_boot_time_seconds",
    ],
)
def test_basics_have_the_names_and_types_of_linux(collected: HostCollector, name: str) -> None:
    portable = {family.name: family for family in collected.collect()}[name]
    native = {family.name: family for family in HostCollector().collect()}[name]
    assert (portable.type, portable.help) == (native.type, native.help)
    labels = {tuple(sorted(dict(sample.labels))) for sample in portable.samples}
    assert labels == {tuple(sorted(dict(sample.labels))) for sample in native.samples}
