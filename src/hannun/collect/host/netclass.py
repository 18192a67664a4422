"""What network interfaces are: the attributes of /sys/class/net."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

# File below the interface -> (metric, type, factor).
ATTRIBUTES: tuple[tuple[str, str, str, float], ...] = (
    ("addr_assign_type", "address_assign_type", "gauge", 1.0),
    ("carrier", "carrier", "gauge", 1.0),
    ("carrier_changes", "carrier_changes_total", "counter", 1.0),
    ("carrier_up_count", "carrier_up_changes_total", "counter", 1.0),
    ("carrier_down_count", "carrier_down_changes_total", "counter", 1.0),
    ("dev_id", "device_id", "gauge", 1.0),
    ("dormant", "dormant", "gauge", 1.0),
    ("flags", "flags", "gauge", 1.0),
    ("ifindex", "iface_id", "gauge", 1.0),
    ("iflink", "iface_link", "gauge", 1.0),
    ("link_mode", "iface_link_mode", "gauge", 1.0),
    ("mtu", "mtu_bytes", "gauge", 1.0),
    ("name_assign_type", "name_assign_type", "gauge", 1.0),
    ("netdev_group", "net_dev_group", "gauge", 1.0),
    # Mbit/s. An unknown speed is -1 and stays visible as -125000, as node_exporter tells it and alert rules expect.
    ("speed", "speed_bytes", "gauge", 1e6 / 8),
    ("tx_queue_len", "transmit_queue_length", "gauge", 1.0),
    ("type", "protocol_type", "gauge", 1.0),
)


@collector("netclass")
def netclass(roots: Roots) -> list[Family]:
    built = Builder()
    for device in roots.sys_list("class/net"):
        folder = f"class/net/{device}"
        operstate = roots.sys_or_none(f"{folder}/operstate")
        if operstate is None:  # A plain file among the interfaces: bonding_masters.
            continue
        labels = (("device", device),)
        up = "Value is 1 if operstate is 'up', 0 otherwise."
        built.gauge("node_network_up", up, labels, float(operstate == "up"))
        info = (
            ("address", roots.sys_or_none(f"{folder}/address") or ""),
            ("broadcast", roots.sys_or_none(f"{folder}/broadcast") or ""),
            ("device", device),
            ("duplex", roots.sys_or_none(f"{folder}/duplex") or ""),
            ("ifalias", roots.sys_or_none(f"{folder}/ifalias") or ""),
            ("operstate", operstate),
        )
        text = "Non-numeric data from /sys/class/net/<iface>, value is always 1."
        built.gauge("node_network_info", text, info, 1.0)
        for file, name, kind, factor in ATTRIBUTES:
            value = roots.sys_number(f"{folder}/{file}")
            if value is not None:
                built.add(f"node_network_{name}", kind, f"Network device property: {name}", labels, value * factor)
    return built.families()
