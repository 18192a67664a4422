"""Frequencies of each CPU, as the hardware and as the governor tell them."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

# File (kHz) -> metric.
FREQUENCIES = (
    ("cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Current cpu thread frequency in hertz."),
    ("cpuinfo_min_freq", "node_cpu_frequency_min_hertz", "Minimum cpu thread frequency in hertz."),
    ("cpuinfo_max_freq", "node_cpu_frequency_max_hertz", "Maximum cpu thread frequency in hertz."),
    ("scaling_cur_freq", "node_cpu_scaling_frequency_hertz", "Current scaled CPU thread frequency in hertz."),
    ("scaling_min_freq", "node_cpu_scaling_frequency_min_hertz", "Minimum scaled CPU thread frequency in hertz."),
    ("scaling_max_freq", "node_cpu_scaling_frequency_max_hertz", "Maximum scaled CPU thread frequency in hertz."),
)


@collector("cpufreq")
def cpufreq(roots: Roots) -> list[Family]:
    built = Builder()
    for folder in roots.sys_list("devices/system/cpu"):
        cpu = folder.removeprefix("cpu")
        if not cpu.isdigit() or not roots.sys_list(f"devices/system/cpu/{folder}/cpufreq"):
            continue
        for file, name, text in FREQUENCIES:
            khz = roots.sys_number(f"devices/system/cpu/{folder}/cpufreq/{file}")
            built.gauge(name, text, (("cpu", cpu),), None if khz is None else khz * 1000)
        chosen = roots.sys_or_none(f"devices/system/cpu/{folder}/cpufreq/scaling_governor")
        for governor in (
            roots.sys_or_none(f"devices/system/cpu/{folder}/cpufreq/scaling_available_governors") or ""
        ).split():
            built.gauge(
                "node_cpu_scaling_governor",
                "Current enabled CPU frequency governor.",
                (("cpu", cpu), ("governor", governor)),
                float(governor == chosen),
            )
    return built.families()
