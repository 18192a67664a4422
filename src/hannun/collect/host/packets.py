"""Neighbours, per-CPU packet processing and UDP queues."""

from __future__ import annotations

from collections import Counter

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

# Column of /proc/net/softnet_stat -> metric. A kernel has 11 columns, 13 from 2.6.34 on, 15 from 5.14 on.
SOFTNET: tuple[tuple[int, str, str, str], ...] = (
    (0, "processed_total", "counter", "Number of processed packets"),
    (1, "dropped_total", "counter", "Number of dropped packets"),
    (2, "times_squeezed_total", "counter", "Number of times processing packets ran out of quota"),
    (
        8,
        "cpu_collision_total",
        "counter",
        "Number of collision occur while obtaining device lock while transmitting",
    ),
    (9, "received_rps_total", "counter", "Number of times cpu woken up received_rps"),
    (10, "flow_limit_count_total", "counter", "Number of times flow limit has been reached"),
    (11, "backlog_len", "gauge", "Softnet backlog status"),
)
_CPU_COLUMN = 12


def parse_arp(text: str) -> dict[str, int]:
    """Entries per device of `/proc/net/arp`."""
    rows = (line.split() for line in text.splitlines()[1:])
    return Counter(row[5] for row in rows if len(row) >= 6)


def parse_softnet(text: str) -> list[tuple[str, list[int]]]:
    """(cpu, columns) per line; older kernels do not tell the CPU, and leave out those that are offline."""
    rows: list[tuple[str, list[int]]] = []
    for index, line in enumerate(text.splitlines()):
        columns = [int(word, 16) for word in line.split()]
        rows.append((str(columns[_CPU_COLUMN] if len(columns) > _CPU_COLUMN else index), columns))
    return rows


def parse_udp_queues(text: str) -> tuple[int, int]:
    """(tx, rx): bytes that wait, over all sockets of `/proc/net/udp`."""
    tx = rx = 0
    for line in text.splitlines()[1:]:
        queued = line.split(maxsplit=5)[4]
        sending, _, receiving = queued.partition(":")
        tx += int(sending, 16)
        rx += int(receiving, 16)
    return tx, rx


@collector("arp")
def arp(roots: Roots) -> list[Family]:
    entries = parse_arp(roots.proc("net/arp"))
    rows = [((("device", device),), float(count)) for device, count in entries.items()]
    return [Family.of("node_arp_entries", "gauge", "ARP entries by device", rows)] if rows else []


@collector("softnet")
def softnet(roots: Roots) -> list[Family]:
    built = Builder()
    for cpu, columns in parse_softnet(roots.proc("net/softnet_stat")):
        for column, name, kind, text in SOFTNET:
            value = float(columns[column]) if column < len(columns) else None
            built.add(f"node_softnet_{name}", kind, text, (("cpu", cpu),), value)
    return built.families()


@collector("udp_queues")
def udp_queues(roots: Roots) -> list[Family]:
    built = Builder()
    text = "Number of allocated memory in the kernel for UDP datagrams in bytes."
    for version, file in (("v4", "net/udp"), ("v6", "net/udp6")):
        try:
            tx, rx = parse_udp_queues(roots.proc(file))
        except FileNotFoundError:
            continue
        built.gauge("node_udp_queues", text, (("ip", version), ("queue", "tx")), float(tx))
        built.gauge("node_udp_queues", text, (("ip", version), ("queue", "rx")), float(rx))
    if not built.families():
        raise NoData("no /proc/net/udp")
    return built.families()
