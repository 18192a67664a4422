"""The machine's clock: time, zone, clock sources, and how well it is disciplined (adjtimex)."""

from __future__ import annotations

import ctypes
import sys
import time
from functools import cache

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

TIME_ERROR = 5
STA_NANO = 0x2000
_PPM_16_FRACTION = 65536.0 * 1e6


class Timex(ctypes.Structure):
    """`struct timex` of <sys/timex.h>."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time_s", ctypes.c_long),
        ("time_us", ctypes.c_long),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("_reserved", ctypes.c_int * 11),
    )


@collector("time")
def time_(roots: Roots) -> list[Family]:
    now_s = round(time.time(), 3)
    local = time.localtime(now_s)
    built = Builder()
    for name in roots.sys_list("devices/system/clocksource"):
        if not name.startswith("clocksource"):
            continue
        device = ("device", name.removeprefix("clocksource"))
        folder = f"devices/system/clocksource/{name}"
        for source in (roots.sys_or_none(f"{folder}/available_clocksource") or "").split():
            text = "Available clocksources read from '/sys/devices/system/clocksource'."
            built.gauge("node_time_clocksource_available_info", text, (("clocksource", source), device), 1.0)
        current = roots.sys_or_none(f"{folder}/current_clocksource")
        if current:
            text = "Current clocksource read from '/sys/devices/system/clocksource'."
            built.gauge("node_time_clocksource_current_info", text, (("clocksource", current), device), 1.0)
    built.gauge("node_time_seconds", "System time in seconds since epoch (1970).", (), now_s)
    zone = (("time_zone", local.tm_zone or "UTC"),)
    built.gauge(
        "node_time_zone_offset_seconds", "System time zone offset in seconds.", zone, float(local.tm_gmtoff or 0)
    )
    return built.families()


@collector("timex")
def timex(_roots: Roots) -> list[Family]:
    state, told = read_timex()
    return timex_families(state, told)


def read_timex() -> tuple[int, Timex]:
    """(clock state, struct). Reading needs no privilege. Raises NoData off Linux, OSError when it is forbidden."""
    if not sys.platform.startswith("linux"):
        raise NoData("adjtimex is Linux only")
    told = Timex()
    state = _libc().adjtimex(ctypes.byref(told))
    if state < 0:
        raise OSError(ctypes.get_errno(), "adjtimex failed")
    return state, told


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def timex_families(state: int, told: Timex) -> list[Family]:
    fraction = 1e9 if told.status & STA_NANO else 1e6
    rows: tuple[tuple[str, str, str, float], ...] = (
        (
            "offset_seconds",
            "gauge",
            "Time offset in between local system and reference clock.",
            told.offset / fraction,
        ),
        (
            "frequency_adjustment_ratio",
            "gauge",
            "Local clock frequency adjustment.",
            1 + told.freq / _PPM_16_FRACTION,
        ),
        ("maxerror_seconds", "gauge", "Maximum error in seconds.", told.maxerror / 1e6),
        ("estimated_error_seconds", "gauge", "Estimated error in seconds.", told.esterror / 1e6),
        ("status", "gauge", "Value of the status array bits.", told.status),
        ("loop_time_constant", "gauge", "Phase-locked loop time constant.", told.constant),
        ("tick_seconds", "gauge", "Seconds between clock ticks.", told.tick / 1e6),
        ("pps_frequency_hertz", "gauge", "Pulse per second frequency.", told.ppsfreq / _PPM_16_FRACTION),
        ("pps_jitter_seconds", "gauge", "Pulse per second jitter.", told.jitter / fraction),
        ("pps_shift_seconds", "gauge", "Pulse per second interval duration.", told.shift),
        (
            "pps_stability_hertz",
            "gauge",
            "Pulse per second stability, average of recent frequency changes.",
            told.stabil / _PPM_16_FRACTION,
        ),
        (
            "pps_jitter_total",
            "counter",
            "Pulse per second count of jitter limit exceeded events.",
            told.jitcnt,
        ),
        ("pps_calibration_total", "counter", "Pulse per second count of calibration intervals.", told.calcnt),
        ("pps_error_total", "counter", "Pulse per second count of calibration errors.", told.errcnt),
        (
            "pps_stability_exceeded_total",
            "counter",
            "Pulse per second count of stability limit exceeded events.",
            told.stbcnt,
        ),
        ("tai_offset_seconds", "gauge", "International Atomic Time (TAI) offset.", told.tai),
        (
            "sync_status",
            "gauge",
            "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
            0.0 if state == TIME_ERROR else 1.0,
        ),
    )
    return [Family.single(f"node_timex_{name}", kind, text, float(value)) for name, kind, text, value in rows]
