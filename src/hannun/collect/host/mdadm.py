"""Linux software RAID, from /proc/mdstat."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

_BLOCKS = re.compile(r"(\d+) blocks")
_DISKS = re.compile(r"\[(\d+)/(\d+)\]")
_SYNC = re.compile(r"(recovery|resync|reshape|check)\s*=\s*(?:[\d.]+%\s*\((\d+)/\d+\)|(DELAYED|PENDING|REMOTE))")
STATES = ("active", "inactive", "recovering", "resync", "check")
_STATE_OF = {"recovery": "recovering", "reshape": "recovering", "resync": "resync", "check": "check"}


@dataclass(frozen=True, slots=True)
class Array:
    """One md device. `total` disks belong to it, `active` work; blocks are of 1 KiB."""

    device: str
    state: str
    active: int
    total: int
    failed: int
    spare: int
    blocks: int
    synced: int


def parse_mdstat(text: str) -> list[Array]:
    """The arrays of `/proc/mdstat`; each is a line `md0 : active raid1 sdb1[1](F) sda1[0]` and indented ones."""
    found: list[Array] = []
    lines = text.splitlines()
    for index, line in enumerate(lines):
        name, separator, rest = line.partition(" : ")
        words = rest.split()
        if not separator or not words or line[:1].isspace() or name == "Personalities":
            continue
        below: list[str] = []
        for following in lines[index + 1 :]:
            if not following[:1].isspace():
                break
            below.append(following)
        found.append(_array(name, words, " ".join(below)))
    return found


def _array(device: str, words: list[str], below: str) -> Array:
    state = words[0]
    members = [word for word in words if "[" in word]
    failed = sum("(F)" in word for word in members)
    spare = sum("(S)" in word for word in members)
    told = _DISKS.search(below)
    total, active = (int(told[1]), int(told[2])) if told else (len(members) - failed - spare,) * 2
    if state != "active":
        # An inactive array calls all its members spares; none of them works.
        total, active = (int(told[1]) if told else 0), 0
    blocks = _BLOCKS.search(below)
    size = int(blocks[1]) if blocks else 0
    synced = size
    sync = _SYNC.search(below)
    if sync is not None:
        state = _STATE_OF[sync[1]]
        synced = int(sync[2] or 0)
    return Array(device, state, active, total, failed, spare, size, synced)


@collector("mdadm")
def mdadm(roots: Roots) -> list[Family]:
    """Raises NoData when the md driver is not loaded."""
    try:
        arrays = parse_mdstat(roots.proc("mdstat"))
    except FileNotFoundError as err:
        raise NoData("no software RAID (/proc/mdstat)") from err
    built = Builder()
    for array in arrays:
        device = ("device", array.device)
        text = "Indicates the state of md-device."
        for state in STATES:
            built.gauge("node_md_state", text, (device, ("state", state)), float(state == array.state))
        text = "Number of active/failed/spare disks of device."
        for state, count in (("active", array.active), ("failed", array.failed), ("spare", array.spare)):
            built.gauge("node_md_disks", text, (device, ("state", state)), float(count))
        built.gauge("node_md_disks_required", "Total number of disks of device.", (device,), float(array.total))
        built.gauge("node_md_blocks", "Total number of blocks on device.", (device,), float(array.blocks))
        built.gauge("node_md_blocks_synced", "Number of blocks synced on device.", (device,), float(array.synced))
    return built.families()
