"""Small counters of /proc/sys: open files, entropy, hung tasks, SELinux."""

from __future__ import annotations

from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


@collector("filefd")
def filefd(roots: Roots) -> list[Family]:
    allocated, _free, maximum = roots.proc("sys/fs/file-nr").split()
    return [
        Family.single("node_filefd_allocated", "gauge", "File descriptor statistics: allocated.", float(allocated)),
        Family.single("node_filefd_maximum", "gauge", "File descriptor statistics: maximum.", float(maximum)),
    ]


@collector("entropy")
def entropy(roots: Roots) -> list[Family]:
    available = float(roots.proc("sys/kernel/random/entropy_avail"))
    pool = float(roots.proc("sys/kernel/random/poolsize"))
    return [
        Family.single("node_entropy_available_bits", "gauge", "Bits of available entropy.", available),
        Family.single("node_entropy_pool_size_bits", "gauge", "Bits of entropy pool.", pool),
    ]


@collector("kernel_hung")
def kernel_hung(roots: Roots) -> list[Family]:
    """Raises NoData where the kernel does not count them (before Linux 6.13)."""
    try:
        count = float(roots.proc("sys/kernel/hung_task_detect_count"))
    except FileNotFoundError as err:
        raise NoData("this kernel does not count hung tasks") from err
    text = "Total number of tasks that have been detected as hung since the system boot."
    return [Family.single("node_kernel_hung_task_detect_count", "counter", text, count)]


@collector("selinux")
def selinux(roots: Roots) -> list[Family]:
    enforcing = roots.sys_number("fs/selinux/enforce")
    enabled = "SELinux is enabled, 1 is true, 0 is false"
    if enforcing is None:
        return [Family.single("node_selinux_enabled", "gauge", enabled, 0.0)]
    return [
        Family.single("node_selinux_config_mode", "gauge", "Configured SELinux enforcement mode", _configured(roots)),
        Family.single("node_selinux_current_mode", "gauge", "Current SELinux enforcement mode", enforcing),
        Family.single("node_selinux_enabled", "gauge", enabled, 1.0),
    ]


def _configured(roots: Roots) -> float:
    """-1 disabled, 0 permissive, 1 enforcing."""
    try:
        with open(roots.root("/etc/selinux/config"), encoding="utf-8", errors="replace") as file:
            modes = [line.partition("=")[2].strip() for line in file if line.startswith("SELINUX=")]
    except OSError:
        modes = []
    return {"enforcing": 1.0, "permissive": 0.0}.get(modes[-1] if modes else "", -1.0)
