"""Traffic of network interfaces, from /proc/net/dev and, for packets nobody handled, /sys/class/net."""

from __future__ import annotations

from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family, Pairs


def parse_net_dev(text: str) -> dict[str, dict[str, float]]:
    """{interface: {"receive_bytes": …, "transmit_packets": …}}; the column names stand in the file's second line."""
    lines = text.splitlines()
    _, receive, transmit = lines[1].split("|")
    columns = [f"receive_{name}" for name in receive.split()] + [f"transmit_{name}" for name in transmit.split()]
    found: dict[str, dict[str, float]] = {}
    for line in lines[2:]:
        # An alias such as "eth0:1" holds a colon itself, so the last one ends the name.
        device, separator, rest = line.rpartition(":")
        if separator:
            found[device.strip()] = dict(zip(columns, map(float, rest.split()), strict=False))
    return found


@collector("netdev")
def netdev(roots: Roots) -> list[Family]:
    rows: dict[str, list[tuple[Pairs, float]]] = {}
    for device, counts in parse_net_dev(roots.proc("net/dev")).items():
        labels = (("device", device),)
        for name, value in counts.items():
            rows.setdefault(name, []).append((labels, value))
        nohandler = roots.sys_number(f"class/net/{device}/statistics/rx_nohandler")
        if nohandler is not None:
            rows.setdefault("receive_nohandler", []).append((labels, nohandler))
    return [
        Family.of(f"node_network_{name}_total", "counter", f"Network device statistic {name}.", found)
        for name, found in rows.items()
    ]
