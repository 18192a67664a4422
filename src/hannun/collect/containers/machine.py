"""machine_* series and cAdvisor's own: what the containers run on."""

from __future__ import annotations

import os

from hannun import __version__
from hannun.collect.host.builder import Builder
from hannun.collect.host.os_release import parse_os_release
from hannun.collect.host.roots import Roots, read_text


def meminfo(roots: Roots) -> dict[str, float]:
    """Bytes by name; empty when it cannot be read."""
    try:
        lines = roots.proc("meminfo").splitlines()
    except OSError:
        return {}
    found: dict[str, float] = {}
    for line in lines:
        name, _, rest = line.partition(":")
        word = rest.split()[0] if rest.split() else ""
        if word.isdecimal():
            found[name] = float(word) * 1024
    return found


def tell(out: Builder, roots: Roots, docker_version: str) -> None:
    memory = meminfo(roots)
    labels = (
        ("boot_id", _line(f"{roots.procfs}/sys/kernel/random/boot_id")),
        ("machine_id", _line(roots.root("/etc/machine-id"))),
        ("system_uuid", _line(f"{roots.sysfs}/class/dmi/id/product_uuid")),
    )
    logical, physical, sockets = cpus(roots)
    out.gauge("machine_cpu_cores", "Number of logical CPU cores.", labels, logical)
    out.gauge("machine_cpu_physical_cores", "Number of physical CPU cores.", labels, physical)
    out.gauge("machine_cpu_sockets", "Number of CPU sockets.", labels, sockets)
    out.gauge("machine_memory_bytes", "Amount of memory installed on the machine.", labels, memory.get("MemTotal"))
    out.gauge("machine_swap_bytes", "Amount of swap memory available on the machine.", labels, memory.get("SwapTotal"))
    out.gauge("machine_scrape_error", "1 if there was an error while getting machine metrics, 0 otherwise.", (), 0.0)
    out.gauge(
        "cadvisor_version_info",
        "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version "
        "& cadvisor revision.",
        (
            ("cadvisorRevision", "hannun"),
            ("cadvisorVersion", __version__),
            ("dockerVersion", docker_version),
            ("kernelVersion", os.uname().release if hasattr(os, "uname") else ""),
            ("osVersion", _os_version(roots)),
        ),
        1.0,
    )


def cpus(roots: Roots) -> tuple[float | None, float | None, float | None]:
    """(logical CPUs, physical cores, sockets) of /proc/cpuinfo; None where it does not tell (ARM)."""
    try:
        blocks = roots.proc("cpuinfo").split("\n\n")
    except OSError:
        return None, None, None
    logical, cores, sockets = 0, set(), set()
    for block in blocks:
        told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in block.splitlines())}
        if "processor" in told:
            logical += 1
            if "physical id" in told:
                sockets.add(told["physical id"])
                cores.add((told["physical id"], told.get("core id", told["processor"])))
    return float(logical) or None, float(len(cores)) or None, float(len(sockets)) or None


def _os_version(roots: Roots) -> str:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return parse_os_release(read_text(roots.root(path))).get("pretty_name", "")
        except OSError:
            continue
    return ""


def _line(path: str) -> str:
    try:
        return read_text(path).strip()[:100]
    except OSError:
        return ""
