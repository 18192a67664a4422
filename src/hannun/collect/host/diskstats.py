"""Block devices: I/O counters of /proc/diskstats, and who they are."""

from __future__ import annotations

import os

from hannun.collect.host.registry import Options, collector
from hannun.collect.host.roots import Roots, read_text
from hannun.model.family import Family

SECTOR_BYTES = 512.0
_MS = 0.001
# In the order of the fields after the device's name (Documentation/admin-guide/iostats.rst).
FIELDS: tuple[tuple[str, str, float, str], ...] = (
    ("reads_completed_total", "counter", 1.0, "The total number of reads completed successfully."),
    ("reads_merged_total", "counter", 1.0, "The total number of reads merged."),
    ("read_bytes_total", "counter", SECTOR_BYTES, "The total number of bytes read successfully."),
    ("read_time_seconds_total", "counter", _MS, "The total number of seconds spent by all reads."),
    ("writes_completed_total", "counter", 1.0, "The total number of writes completed successfully."),
    ("writes_merged_total", "counter", 1.0, "The number of writes merged."),
    ("written_bytes_total", "counter", SECTOR_BYTES, "The total number of bytes written successfully."),
    ("write_time_seconds_total", "counter", _MS, "This is the total number of seconds spent by all writes."),
    ("io_now", "gauge", 1.0, "The number of I/Os currently in progress."),
    ("io_time_seconds_total", "counter", _MS, "Total seconds spent doing I/Os."),
    ("io_time_weighted_seconds_total", "counter", _MS, "The weighted # of seconds spent doing I/Os."),
    ("discards_completed_total", "counter", 1.0, "The total number of discards completed successfully."),
    ("discards_merged_total", "counter", 1.0, "The total number of discards merged."),
    ("discarded_sectors_total", "counter", 1.0, "The total number of sectors discarded successfully."),
    ("discard_time_seconds_total", "counter", _MS, "This is the total number of seconds spent by all discards."),
    ("flush_requests_total", "counter", 1.0, "The total number of flush requests completed successfully"),
    (
        "flush_requests_time_seconds_total",
        "counter",
        _MS,
        "This is the total number of seconds spent by all flush requests.",
    ),
)
# Label of node_disk_info -> property of udev.
UDEV_LABELS = {
    "path": "ID_PATH",
    "model": "ID_MODEL",
    "serial": "ID_SERIAL_SHORT",
    "revision": "ID_REVISION",
    "wwn": "ID_WWN",
}
Row = tuple[str, str, str, tuple[float, ...]]


def parse_diskstats(text: str) -> list[Row]:
    """(major, minor, device, numbers) per line; a kernel tells 11, 15 or 17 numbers, or 4 for very old partitions."""
    rows: list[Row] = []
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 14:
            rows.append((parts[0], parts[1], parts[2], tuple(map(float, parts[3:20]))))
    return rows


def parse_udev(text: str) -> dict[str, str]:
    """Properties of one device in udev's database: lines `E:KEY=value`."""
    lines = (line[2:].partition("=") for line in text.splitlines() if line.startswith("E:"))
    return {key: value for key, _, value in lines}


@collector("diskstats")
class Diskstats:
    def __init__(self, options: Options) -> None:
        self._exclude = options.disks_exclude

    def __call__(self, roots: Roots) -> list[Family]:
        rows = [row for row in parse_diskstats(roots.proc("diskstats")) if not self._exclude.search(row[2])]
        samples: list[list[tuple[tuple[tuple[str, str], ...], float]]] = [[] for _ in FIELDS]
        info = []
        for major, minor, device, numbers in rows:
            labels = (("device", device),)
            for column, (_, _, factor, _), value in zip(samples, FIELDS, numbers, strict=False):
                column.append((labels, value * factor if factor != _MS else value / 1000))
            told = _udev(roots, major, minor)
            names = tuple((label, told.get(key, "")) for label, key in UDEV_LABELS.items())
            info.append(((*labels, ("major", major), ("minor", minor), *names), 1.0))
        found = [Family.of("node_disk_info", "gauge", "Info of /sys/block/<block_device>.", info)]
        found.extend(
            Family.of(f"node_disk_{name}", kind, text, column)
            for (name, kind, _, text), column in zip(FIELDS, samples, strict=True)
            if column
        )
        return found


def _udev(roots: Roots, major: str, minor: str) -> dict[str, str]:
    try:
        return parse_udev(read_text(os.path.join(roots.udevfs, f"b{major}:{minor}")))
    except OSError:
        return {}
