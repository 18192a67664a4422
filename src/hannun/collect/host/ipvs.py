"""The kernel's load balancer (IPVS): totals, and connections per backend."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family, Pairs

TOTALS = (
    ("connections_total", "The total number of connections made."),
    ("incoming_packets_total", "The total number of incoming packets."),
    ("outgoing_packets_total", "The total number of outgoing packets."),
    ("incoming_bytes_total", "The total amount of incoming data."),
    ("outgoing_bytes_total", "The total amount of outgoing data."),
)


class Backend(NamedTuple):
    labels: Pairs
    weight: float
    active: float
    inactive: float


def parse_address(text: str) -> tuple[str, str]:
    """`C0A80016:0CEA` -> ("192.168.0.22", "3306"); IPv6 stands in brackets. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if host.startswith("["):
        return str(ipaddress.IPv6Address(host.strip("[]"))), str(int(port, 16))
    return str(ipaddress.IPv4Address(int(host, 16))), str(int(port, 16))


def parse_totals(text: str) -> list[float]:
    """The third line of `/proc/net/ip_vs_stats`, hexadecimal."""
    return [float(int(word, 16)) for word in text.splitlines()[2].split()]


def parse_backends(text: str) -> list[Backend]:
    """The backends of `/proc/net/ip_vs`, each below its service; a service is an address or a firewall mark."""
    found: list[Backend] = []
    protocol = address = port = mark = ""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] in ("TCP", "UDP", "SCTP"):
            protocol, mark = words[0], ""
            address, port = parse_address(words[1])
        elif len(words) >= 2 and words[0] == "FWM":
            protocol, mark, address, port = "FWM", words[1], "", "0"
        elif len(words) == 6 and words[0] == "->" and protocol:
            remote, remote_port = parse_address(words[1])
            labels = (
                ("local_address", address),
                ("local_mark", mark),
                ("local_port", port),
                ("proto", protocol),
                ("remote_address", remote),
                ("remote_port", remote_port),
            )
            found.append(Backend(labels, float(words[3]), float(words[4]), float(words[5])))
    return found


@collector("ipvs")
def ipvs(roots: Roots) -> list[Family]:
    """Raises NoData when IPVS is not loaded."""
    try:
        totals = parse_totals(roots.proc("net/ip_vs_stats"))
        backends = parse_backends(roots.proc("net/ip_vs"))
    except FileNotFoundError as err:
        raise NoData("IPVS is not loaded") from err
    built = Builder()
    for (name, text), value in zip(TOTALS, totals, strict=False):
        built.counter(f"node_ipvs_{name}", text, (), value)
    for backend in backends:
        text = "The current active connections by local and remote address."
        built.gauge("node_ipvs_backend_connections_active", text, backend.labels, backend.active)
        text = "The current inactive connections by local and remote address."
        built.gauge("node_ipvs_backend_connections_inactive", text, backend.labels, backend.inactive)
        text = "The current backend weight by local and remote address."
        built.gauge("node_ipvs_backend_weight", text, backend.labels, backend.weight)
    return built.families()
