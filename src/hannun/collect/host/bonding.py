"""Bonded network interfaces: how many of their slaves work."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


@collector("bonding")
def bonding(roots: Roots) -> list[Family]:
    """Raises NoData when the bonding driver is not loaded."""
    masters = roots.sys_or_none("class/net/bonding_masters")
    if masters is None:
        raise NoData("no bonded interfaces")
    built = Builder()
    for master in masters.split():
        slaves = (roots.sys_or_none(f"class/net/{master}/bonding/slaves") or "").split()
        active = sum(_works(roots, master, slave) for slave in slaves)
        labels = (("master", master),)
        built.gauge("node_bonding_active", "Number of active slaves per bonding interface.", labels, float(active))
        text = "Number of configured slaves per bonding interface."
        built.gauge("node_bonding_slaves", text, labels, float(len(slaves)))
    return built.families()


def _works(roots: Roots, master: str, slave: str) -> bool:
    # The link below the master was called `slave_<name>` before Linux 3.14.
    for link in (f"lower_{slave}", f"slave_{slave}"):
        status = roots.sys_or_none(f"class/net/{master}/{link}/bonding_slave/mii_status")
        if status is not None:
            return status == "up"
    return False
