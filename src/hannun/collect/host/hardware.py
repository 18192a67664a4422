"""What the hardware says it is: DMI strings, NVMe drives, power supplies."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

DMI_FILES = (
    "bios_date",
    "bios_release",
    "bios_vendor",
    "bios_version",
    "board_asset_tag",
    "board_name",
    "board_serial",
    "board_vendor",
    "board_version",
    "chassis_asset_tag",
    "chassis_serial",
    "chassis_vendor",
    "chassis_version",
    "product_family",
    "product_name",
    "product_serial",
    "product_sku",
    "product_uuid",
    "product_version",
    "sys_vendor",
)
# The file is called sys_vendor, its label system_vendor.
_DMI_LABELS = {"sys_vendor": "system_vendor"}

# File -> metric; the factor stands above each group.
_POWER_PLAIN = {
    "authentic": "authentic",
    "calibrate": "calibrate",
    "capacity": "capacity",
    "capacity_alert_max": "capacity_alert_max",
    "capacity_alert_min": "capacity_alert_min",
    "cycle_count": "cyclecount",
    "online": "online",
    "present": "present",
    "time_to_empty_now": "time_to_empty_seconds",
    "time_to_full_now": "time_to_full_seconds",
}
_POWER_MICRO = {
    "current_boot": "current_boot",
    "current_max": "current_max",
    "current_now": "current_ampere",
    "energy_empty": "energy_empty",
    "energy_empty_design": "energy_empty_design",
    "energy_full": "energy_full",
    "energy_full_design": "energy_full_design",
    "energy_now": "energy_watthour",
    "voltage_boot": "voltage_boot",
    "voltage_max": "voltage_max",
    "voltage_max_design": "voltage_max_design",
    "voltage_min": "voltage_min",
    "voltage_min_design": "voltage_min_design",
    "voltage_now": "voltage_volt",
    "voltage_ocv": "voltage_ocv",
    "charge_control_limit": "charge_control_limit",
    "charge_control_limit_max": "charge_control_limit_max",
    "charge_counter": "charge_counter",
    "charge_empty": "charge_empty",
    "charge_empty_design": "charge_empty_design",
    "charge_full": "charge_full",
    "charge_full_design": "charge_full_design",
    "charge_now": "charge_ampere",
    "charge_term_current": "charge_term_current",
    "constant_charge_current": "constant_charge_current",
    "constant_charge_current_max": "constant_charge_current_max",
    "constant_charge_voltage": "constant_charge_voltage",
    "constant_charge_voltage_max": "constant_charge_voltage_max",
    "precharge_current": "precharge_current",
    "input_current_limit": "input_current_limit",
    "power_now": "power_watt",
}
_POWER_TENTH = {
    "temp": "temp_celsius",
    "temp_alert_max": "temp_alert_max_celsius",
    "temp_alert_min": "temp_alert_min_celsius",
    "temp_ambient": "temp_ambient_celsius",
    "temp_ambient_max": "temp_ambient_max_celsius",
    "temp_ambient_min": "temp_ambient_min_celsius",
    "temp_max": "temp_max_celsius",
    "temp_min": "temp_min_celsius",
}
POWER_SUPPLY: dict[str, tuple[str, float]] = {
    **{file: (name, 1.0) for file, name in _POWER_PLAIN.items()},
    **{file: (name, 1e6) for file, name in _POWER_MICRO.items()},
    **{file: (name, 10.0) for file, name in _POWER_TENTH.items()},
}
_POWER_INFO = (
    "capacity_level",
    "charge_type",
    "health",
    "manufacturer",
    "model_name",
    "scope",
    "serial_number",
    "status",
    "technology",
    "type",
    "usb_type",
)


@collector("dmi")
def dmi(roots: Roots) -> list[Family]:
    """Raises NoData without DMI. Serial numbers are for root only and left out otherwise."""
    present = set(roots.sys_list("class/dmi/id"))
    if not present:
        raise NoData("no DMI tables")
    told = ((file, roots.sys_or_none(f"class/dmi/id/{file}")) for file in DMI_FILES if file in present)
    labels = tuple((_DMI_LABELS.get(file, file), value) for file, value in told if value is not None)
    text = (
        "A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, bios_version, "
        "board_asset_tag, board_name, board_serial, board_vendor, board_version, chassis_asset_tag, chassis_serial, "
        "chassis_vendor, chassis_version, product_family, product_name, product_serial, product_sku, product_uuid, "
        "product_version, system_vendor if provided by DMI."
    )
    return [Family.of("node_dmi_info", "gauge", text, [(labels, 1.0)])]


@collector("nvme")
def nvme(roots: Roots) -> list[Family]:
    """Raises NoData without NVMe drives."""
    devices = roots.sys_list("class/nvme")
    if not devices:
        raise NoData("no NVMe drives")
    built = Builder()
    text = "Non-numeric data from /sys/class/nvme/<device>, value is always 1."
    for device in devices:
        folder = f"class/nvme/{device}"
        labels = (
            ("device", device),
            ("firmware_revision", roots.sys_or_none(f"{folder}/firmware_rev") or ""),
            ("model", roots.sys_or_none(f"{folder}/model") or ""),
            ("serial", roots.sys_or_none(f"{folder}/serial") or ""),
            ("state", roots.sys_or_none(f"{folder}/state") or ""),
        )
        built.gauge("node_nvme_info", text, labels, 1.0)
    return built.families()


@collector("powersupplyclass")
def power_supply(roots: Roots) -> list[Family]:
    built = Builder()
    for supply in roots.sys_list("class/power_supply"):
        folder = f"class/power_supply/{supply}"
        present = set(roots.sys_list(folder))
        label = ("power_supply", supply)
        for file, (name, divisor) in POWER_SUPPLY.items():
            value = roots.sys_number(f"{folder}/{file}") if file in present else None
            if value is not None:
                text = f"{name} value of /sys/class/power_supply/<power_supply>."
                built.gauge(f"node_power_supply_{name}", text, (label,), value / divisor)
        told = ((file, roots.sys_or_none(f"{folder}/{file}")) for file in _POWER_INFO if file in present)
        labels = tuple((file, value) for file, value in told if value)
        text = "info of /sys/class/power_supply/<power_supply>."
        built.gauge("node_power_supply_info", text, (*labels, label), 1.0)
    return built.families()
