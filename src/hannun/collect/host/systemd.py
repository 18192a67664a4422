"""States of systemd's units, asked over D-Bus. The metric behind the alert "a service has failed"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hannun.collect.bus import Bus
from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, Options, collector
from hannun.collect.host.roots import Roots
from hannun.model.errors import WireError
from hannun.model.family import Family
from hannun.wire.dbus import Call, Message

SOCKET = "/run/dbus/system_bus_socket"
STATES = ("activating", "active", "deactivating", "failed", "inactive")
# Upstream's pattern with Debian's targets: what remains is services, sockets, timers, paths and swaps.
EXCLUDE = re.compile(r".+\.(automount|device|mount|scope|slice|target)$")
UNITS_MAX = 1_000
"""Five series per unit; a machine with more units than this is told by the summary only."""
_SYSTEMD = "org.freedesktop.systemd1"
_MANAGER = "/org/freedesktop/systemd1"


class Unit(NamedTuple):
    name: str
    load: str
    active: str
    path: str


def parse_units(values: Sequence[Any]) -> list[Unit]:
    """The reply to ListUnits, `a(ssssssouso)`. Raises WireError when it is something else."""
    try:
        return [Unit(row[0], row[2], row[3], row[6]) for row in values[0]]
    except (IndexError, TypeError) as err:
        raise WireError("systemd: ListUnits was not answered with units") from err


@collector("systemd")
class Systemd:
    def __init__(self, _options: Options) -> None:
        self._types: dict[str, str] = {}
        """A service's type (simple, notify, …) by unit: it changes with its file only, and is asked for once."""

    def __call__(self, roots: Roots) -> list[Family]:
        """Raises NoData where systemd is not running, as in most containers."""
        try:
            bus = Bus(roots.root(SOCKET))
        except (FileNotFoundError, ConnectionRefusedError, PermissionError) as err:
            raise NoData("no system bus, or no leave to use it") from err
        with bus:
            manager = f"{_SYSTEMD}.Manager"
            listed, state, version = bus.ask(
                [
                    Call(_SYSTEMD, _MANAGER, manager, "ListUnits"),
                    _property(_MANAGER, manager, "SystemState"),
                    _property(_MANAGER, manager, "Version"),
                ]
            )
            if listed.error:
                raise NoData(f"systemd does not answer on the bus: {listed.error}")
            units = parse_units(listed.values)
            shown = [unit for unit in units if unit.load == "loaded" and not EXCLUDE.match(unit.name)][:UNITS_MAX]
            self._learn_types(bus, shown)
            built = Builder()
            _summary(built, units, state, version)
            for unit in shown:
                _state(built, unit, self._types.get(unit.name, ""))
            _sockets(built, bus, [unit for unit in shown if unit.name.endswith(".socket")])
            _timers(built, bus, [unit for unit in shown if unit.name.endswith(".timer")])
        return built.families()

    def _learn_types(self, bus: Bus, shown: Sequence[Unit]) -> None:
        services = {unit.name: unit for unit in shown if unit.name.endswith(".service")}
        self._types = {name: kind for name, kind in self._types.items() if name in services}
        new = [unit for name, unit in services.items() if name not in self._types]
        replies = bus.ask([_property(unit.path, f"{_SYSTEMD}.Service", "Type") for unit in new])
        for unit, reply in zip(new, replies, strict=True):
            self._types[unit.name] = next(iter(_texts(reply)), "")


def _property(path: str, interface: str, name: str) -> Call:
    return Call(_SYSTEMD, path, "org.freedesktop.DBus.Properties", "Get", (interface, name))


def _texts(reply: Message) -> Iterator[str]:
    return (value for value in reply.values[:1] if isinstance(value, str) and not reply.error)


def _numbers(reply: Message) -> Iterator[float]:
    return (float(value) for value in reply.values[:1] if isinstance(value, int) and not reply.error)


def _summary(built: Builder, units: Sequence[Unit], state: Message, version: Message) -> None:
    for running in _texts(state):
        text = "Whether the system is operational (see 'systemctl is-system-running')"
        built.gauge("node_systemd_system_running", text, (), float(running == "running"))
    counts = Counter(unit.active for unit in units)
    for name in STATES:
        built.gauge("node_systemd_units", "Summary of systemd unit states", (("state", name),), float(counts[name]))
    for told in _texts(version):
        number = re.match(r"v?(\d+(?:\.\d+)?)", told)
        if number is not None:
            built.gauge("node_systemd_version", "Detected systemd version", (("version", told),), float(number[1]))


def _state(built: Builder, unit: Unit, kind: str) -> None:
    for state in STATES:
        labels = (("name", unit.name), ("state", state), ("type", kind))
        built.gauge("node_systemd_unit_state", "Systemd unit", labels, float(unit.active == state))


def _sockets(built: Builder, bus: Bus, units: Sequence[Unit]) -> None:
    for name, metric, kind, text in (
        ("NAccepted", "accepted_connections_total", "counter", "Total number of accepted socket connections"),
        ("NConnections", "current_connections", "gauge", "Current number of socket connections"),
        ("NRefused", "refused_connections_total", "gauge", "Total number of refused socket connections"),
    ):
        replies = bus.ask([_property(unit.path, f"{_SYSTEMD}.Socket", name) for unit in units])
        for unit, reply in zip(units, replies, strict=True):
            for value in _numbers(reply):
                built.add(f"node_systemd_socket_{metric}", kind, text, (("name", unit.name),), value)


def _timers(built: Builder, bus: Bus, units: Sequence[Unit]) -> None:
    replies = bus.ask([_property(unit.path, f"{_SYSTEMD}.Timer", "LastTriggerUSec") for unit in units])
    for unit, reply in zip(units, replies, strict=True):
        for value in _numbers(reply):
            text = "Seconds since epoch of last trigger."
            built.gauge("node_systemd_timer_last_trigger_seconds", text, (("name", unit.name),), value / 1e6)
