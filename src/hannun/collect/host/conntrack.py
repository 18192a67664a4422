"""Connection tracking of netfilter: how full its table is, and what went wrong in it."""

from __future__ import annotations

from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

STATS = {
    "found": "Number of searched entries which were successful.",
    "invalid": "Number of packets seen which can not be tracked.",
    "ignore": "Number of packets seen which are already connected to a conntrack entry.",
    "insert": "Number of entries inserted into the list.",
    "insert_failed": "Number of entries for which list insertion was attempted but failed.",
    "drop": "Number of packets dropped due to conntrack failure.",
    "early_drop": "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.",
    "search_restart": "Number of conntrack table lookups which had to be restarted due to hashtable resizes.",
}


def parse_conntrack_stat(text: str) -> dict[str, int]:
    """Columns of `/proc/net/stat/nf_conntrack` (hexadecimal, a line per CPU), summed over the CPUs."""
    head, *lines = text.splitlines() or [""]
    sums = dict.fromkeys(head.split(), 0)
    for line in lines:
        for name, value in zip(sums, line.split(), strict=False):
            sums[name] += int(value, 16)
    return sums


@collector("conntrack")
def conntrack(roots: Roots) -> list[Family]:
    """Raises NoData when the module is not loaded."""
    try:
        count = float(roots.proc("sys/net/netfilter/nf_conntrack_count"))
        limit = float(roots.proc("sys/net/netfilter/nf_conntrack_max"))
    except FileNotFoundError as err:
        raise NoData("nf_conntrack is not loaded") from err
    text = "Number of currently allocated flow entries for connection tracking."
    found = [
        Family.single("node_nf_conntrack_entries", "gauge", text, count),
        Family.single("node_nf_conntrack_entries_limit", "gauge", "Maximum size of connection tracking table.", limit),
    ]
    try:
        stats = parse_conntrack_stat(roots.proc("net/stat/nf_conntrack"))
    except FileNotFoundError:
        return found  # Kernels without CONFIG_NF_CONNTRACK_PROCFS tell the two numbers only.
    found.extend(
        Family.single(f"node_nf_conntrack_stat_{name}", "gauge", help_, float(stats[name]))
        for name, help_ in STATS.items()
        if name in stats
    )
    return found
