"""Sockets in use, by protocol and state."""

from __future__ import annotations

import os

from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def parse_sockstat(text: str) -> dict[tuple[str, str], float]:
    """`TCP: inuse 4 orphan 0` -> {("TCP", "inuse"): 4, …}; memory of TCP and UDP also in bytes (told in pages)."""
    found: dict[tuple[str, str], float] = {}
    for line in text.splitlines():
        protocol, _, rest = line.partition(":")
        words = rest.split()
        for name, value in zip(words[::2], words[1::2], strict=False):
            found[protocol, name] = float(value)
            if name == "mem":
                found[protocol, "mem_bytes"] = float(value) * _PAGE_BYTES
    return found


@collector("sockstat")
def sockstat(roots: Roots) -> list[Family]:
    told: dict[tuple[str, str], float] = {}
    for file in ("net/sockstat", "net/sockstat6"):
        try:
            told |= parse_sockstat(roots.proc(file))
        except FileNotFoundError:
            continue
    if not told:
        raise NoData("no /proc/net/sockstat")
    return [
        Family.single(
            f"node_sockstat_{protocol}_{name}",
            "gauge",
            "Number of IPv4 sockets in use."
            if protocol == "sockets"
            else f"Number of {protocol} sockets in state {name}.",
            value,
        )
        for (protocol, name), value in told.items()
    ]
