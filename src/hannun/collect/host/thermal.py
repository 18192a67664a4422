"""Thermal zones and what cools them."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


@collector("thermal_zone")
def thermal_zone(roots: Roots) -> list[Family]:
    built = Builder()
    for entry in roots.sys_list("class/thermal"):
        folder = f"class/thermal/{entry}"
        kind = ("type", roots.sys_or_none(f"{folder}/type") or "")
        if entry.startswith("thermal_zone"):
            # Millidegrees. Some zones answer EAGAIN or EINVAL while their sensor sleeps: they are left out meanwhile.
            temp = roots.sys_number(f"{folder}/temp")
            labels = (kind, ("zone", entry.removeprefix("thermal_zone")))
            text = "Zone temperature in Celsius"
            built.gauge("node_thermal_zone_temp", text, labels, None if temp is None else temp / 1000)
        elif entry.startswith("cooling_device"):
            labels = (("name", entry.removeprefix("cooling_device")), kind)
            current = roots.sys_number(f"{folder}/cur_state")
            built.gauge(
                "node_cooling_device_cur_state", "Current throttle state of the cooling device", labels, current
            )
            highest = roots.sys_number(f"{folder}/max_state")
            built.gauge(
                "node_cooling_device_max_state", "Maximum throttle state of the cooling device", labels, highest
            )
    return built.families()
