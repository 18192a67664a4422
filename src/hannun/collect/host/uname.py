"""What `uname` says of the kernel."""

from __future__ import annotations

import os

from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


@collector("uname")
def uname(roots: Roots) -> list[Family]:
    if not hasattr(os, "uname"):
        raise NoData("this system has no uname")
    told = os.uname()
    try:
        domain = roots.proc("sys/kernel/domainname").strip()
    except OSError:
        domain = "(none)"
    labels = (
        ("domainname", domain),
        ("machine", told.machine),
        ("nodename", told.nodename),
        ("release", told.release),
        ("sysname", told.sysname),
        ("version", told.version),
    )
    return [
        Family.of(
            "node_uname_info",
            "gauge",
            "Labeled system information as provided by the uname system call.",
            [(labels, 1.0)],
        )
    ]
