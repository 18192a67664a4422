"""Sensors of /sys/class/hwmon: temperatures, fans, voltages, currents, power, humidity.

Files are named `<type><number>_<element>` (Documentation/hwmon/sysfs-interface.rst) in millidegrees, millivolts,
milliamperes, microwatts, microjoules and rpm.
"""

from __future__ import annotations

import os
import re

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family, Pairs

_FILE = re.compile(r"([^0-9]+)([0-9]*)(?:_(.+))?")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9:_]")
TYPES = frozenset(
    {
        "vrm",
        "beep_enable",
        "update_interval",
        "in",
        "cpu",
        "fan",
        "pwm",
        "temp",
        "curr",
        "power",
        "energy",
        "humidity",
        "intrusion",
        "freq",
    }
)
Sensors = dict[tuple[str, int], dict[str, str]]


def clean(name: str) -> str:
    """A device's own words as node_exporter writes them into labels and names."""
    return _NOT_IN_NAMES.sub("_", name.lower()).strip("_")


def split_file(name: str) -> tuple[str, int, str] | None:
    """`temp1_crit_alarm` -> ("temp", 1, "crit_alarm"); None when it is no sensor's file."""
    found = _FILE.fullmatch(name)
    if found is None:
        return None
    kind, number, element = found[1], found[2], found[3] or ""
    if not number:
        # `beep_enable` and `update_interval` hold the separator themselves.
        kind, element = (name, "") if name in TYPES else (kind, element)
    return (kind, int(number or 0), element) if kind in TYPES else None


def metric_of(kind: str, element: str, has_plain: bool) -> tuple[str, str, str, float]:
    """(name, type, help, divisor) of one element of a sensor. `has_plain`: it also has a file without element."""
    name = f"node_hwmon_{kind}"
    if element == "input":
        name += "_input" if has_plain else ""
    elif element:
        name += f"_{clean(element)}"
    if element in ("fault", "alarm"):
        return name, "gauge", f"Hardware sensor {element} status ({kind})", 1.0
    if element == "beep":
        return f"{name}_enabled", "gauge", "Hardware monitor sensor has beeping enabled", 1.0
    if kind in ("in", "cpu"):
        return f"{name}_volts", "gauge", f"Hardware monitor for voltage ({element})", 1e3
    if kind == "temp" and element != "type":
        return f"{name}_celsius", "gauge", f"Hardware monitor for temperature ({element or 'input'})", 1e3
    if kind == "curr":
        return f"{name}_amps", "gauge", f"Hardware monitor for current ({element})", 1e3
    if kind == "energy":
        return f"{name}_joule_total", "counter", f"Hardware monitor for joules used so far ({element})", 1e6
    if kind == "power" and element == "accuracy":
        return name, "gauge", "Hardware monitor power meter accuracy, as a ratio", 1e6
    if kind == "power" and element in ("average_interval", "average_interval_min", "average_interval_max"):
        text = f"Hardware monitor power usage update interval ({element})"
        return f"{name}_seconds", "gauge", text, 1e3
    if kind == "power":
        return f"{name}_watt", "gauge", f"Hardware monitor for power usage in watts ({element})", 1e6
    if kind == "humidity":
        text = (
            "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage)"
            f" ({element})"
        )
        return name, "gauge", text, 1e6
    if kind == "fan" and element in ("input", "min", "max", "target"):
        return f"{name}_rpm", "gauge", f"Hardware monitor for fan revolutions per minute ({element})", 1.0
    if kind == "freq" and element == "input":
        return f"{name}_freq_mhz", "gauge", "Hardware monitor for GPU frequency in MHz", 1e6
    return name, "gauge", f"Hardware monitor {kind} element {element}", 1.0


@collector("hwmon")
def hwmon(roots: Roots) -> list[Family]:
    """Raises NoData on machines without sensors (most virtual ones)."""
    chips = roots.sys_list("class/hwmon")
    if not chips:
        raise NoData("no hardware sensors")
    built = Builder()
    for chip in chips:
        folder = f"class/hwmon/{chip}"
        name = chip_name(roots, folder)
        own = roots.sys_or_none(f"{folder}/name")
        if own:
            text = "Annotation metric for human-readable chip names"
            built.gauge("node_hwmon_chip_names", text, (("chip", name), ("chip_name", clean(own))), 1.0)
        for (kind, number), elements in sorted(_sensors(roots, folder).items()):
            _tell(built, name, kind, f"{kind}{number}", elements)
    return built.families()


def chip_name(roots: Roots, folder: str) -> str:
    """By its device, which stays (`platform_coretemp_0`); by its own name, or by its number, which does not."""
    link = f"{roots.sysfs}/{folder}/device"
    if os.path.lexists(link):
        parent, device = os.path.split(os.path.realpath(link))
        kind, named = clean(os.path.basename(parent)), clean(device)
        if named:
            return f"{kind}_{named}" if kind else named
    return clean(roots.sys_or_none(f"{folder}/name") or "") or clean(
        os.path.basename(os.path.realpath(f"{roots.sysfs}/{folder}"))
    )


def _sensors(roots: Roots, folder: str) -> Sensors:
    found: Sensors = {}
    # Old drivers keep the sensors at the device and not at the hwmon entry.
    for place in (folder, f"{folder}/device"):
        for file in roots.sys_list(place):
            split = split_file(file)
            if split is None:
                continue
            kind, number, element = split
            text = roots.sys_or_none(f"{place}/{file}")
            if text is not None:
                found.setdefault((kind, number), {})[element] = text
    return found


def _tell(built: Builder, chip: str, kind: str, sensor: str, elements: dict[str, str]) -> None:
    labels: Pairs = (("chip", chip), ("sensor", sensor))
    label = clean(elements.get("label", ""))
    if label:
        text = "Label for given chip and sensor"
        built.gauge("node_hwmon_sensor_label", text, (("chip", chip), ("label", elements["label"]), labels[1]), 1.0)
    if kind == "beep_enable":
        built.gauge("node_hwmon_beep_enabled", "Hardware beep enabled", labels, float(elements.get("") == "1"))
        return
    if kind == "vrm":
        version = _float(elements.get("", ""))
        built.gauge("node_hwmon_voltage_regulator_version", "Hardware voltage regulator", labels, version)
        return
    if kind == "update_interval":
        ms = _float(elements.get("", ""))
        text = "Hardware monitor update interval"
        built.gauge("node_hwmon_update_interval_seconds", text, labels, None if ms is None else ms / 1e3)
        return
    for element, told in elements.items():
        value = _float(told)
        if element != "label" and value is not None:
            name, type_, text, divisor = metric_of(kind, element, "" in elements)
            built.add(name, type_, text, labels, value / divisor)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
