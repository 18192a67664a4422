"""memcached over its text protocol: `stats` and `stats settings`, named as memcached_exporter names them."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from hannun.collect.host.builder import Builder
from hannun.collect.services.registry import Lost, Part, Session, service
from hannun.config.services import ServiceUrl

ANSWER_BYTES_MAX = 1 << 20
LINE_BYTES_MAX = 8192

# stats key -> (metric, type, help)
STATS: Mapping[str, tuple[str, str, str]] = {
    "uptime": ("uptime_seconds", "counter", "Number of seconds since the server started."),
    "time": ("time_seconds", "gauge", "current UNIX time according to the server."),
    "rusage_user": ("process_user_cpu_seconds_total", "counter", "Accumulated user time for this process."),
    "rusage_system": ("process_system_cpu_seconds_total", "counter", "Accumulated system time for this process."),
    "bytes_read": ("read_bytes_total", "counter", "Total number of bytes read by this server from network."),
    "bytes_written": ("written_bytes_total", "counter", "Total number of bytes sent by this server to network."),
    "curr_connections": ("current_connections", "gauge", "Current number of open connections."),
    "total_connections": (
        "connections_total",
        "counter",
        "Total number of connections opened since the server started running.",
    ),
    "rejected_connections": (
        "connections_rejected_total",
        "counter",
        "Total number of connections rejected due to hitting the memcached's -c limit in maxconns_fast mode.",
    ),
    "conn_yields": (
        "connections_yielded_total",
        "counter",
        "Total number of connections yielded running due to hitting the memcached's -R limit.",
    ),
    "listen_disabled_num": (
        "connections_listener_disabled_total",
        "counter",
        "Number of times that memcached has hit its connections limit and disabled its listener.",
    ),
    "accepting_conns": (
        "accepting_connections",
        "gauge",
        "The Memcached server is currently accepting new connections.",
    ),
    "bytes": ("current_bytes", "gauge", "Current number of bytes used to store items."),
    "limit_maxbytes": ("limit_bytes", "gauge", "Number of bytes this server is allowed to use for storage."),
    "curr_items": ("current_items", "gauge", "Current number of items stored by this instance."),
    "total_items": ("items_total", "counter", "Total number of items stored during the life of this instance."),
    "evictions": (
        "items_evicted_total",
        "counter",
        "Total number of valid items removed from cache to free memory for new items.",
    ),
    "reclaimed": (
        "items_reclaimed_total",
        "counter",
        "Total number of times an entry was stored using memory from an expired entry.",
    ),
    "store_too_large": (
        "item_too_large_total",
        "counter",
        "The number of times an item exceeded the max-item-size when being stored.",
    ),
    "store_no_memory": (
        "item_no_memory_total",
        "counter",
        "The number of times an item could not be stored due to no more memory.",
    ),
    "direct_reclaims": (
        "direct_reclaims_total",
        "counter",
        "Times worker threads had to directly reclaim or evict items.",
    ),
    "total_malloced": ("malloced_bytes", "gauge", "Number of bytes of memory allocated to slab pages."),
}
COMMANDS = ("get", "delete", "incr", "decr", "cas", "touch")
COMMANDS_HELP = "Total number of all requests broken down by command (get, set, etc.) and status."


@service("memcached")
class Memcached(Session):
    up = ("memcached_up", "Could the memcached server be reached.")

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        del password  # The text protocol knows none.
        if url.socket:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(timeout_s)
            self._socket.connect(url.socket)
        else:
            self._socket = socket.create_connection((url.host, url.port), timeout_s)
        self._file = self._socket.makefile("rb")
        self._version = ""

    def check(self) -> None:
        self._socket.sendall(b"version\r\n")
        kind, _, version = self._line().partition(" ")
        if kind != "VERSION":
            raise Lost(f"answered {kind[:40]!r} to `version`: no memcached, or one that wants a login")
        self._version = version

    def parts(self) -> Sequence[tuple[str, Part]]:
        return (("stats", self._stats), ("settings", self._settings))

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _stats(self, builder: Builder) -> None:
        stats = self._ask("stats")
        builder.gauge("memcached_version", "The version of this memcached server.", (("version", self._version),), 1.0)
        for key, (name, kind, text) in STATS.items():
            builder.add(f"memcached_{name}", kind, text, (), _number(stats, key))
        for command in COMMANDS:
            for status, key in (("hit", f"{command}_hits"), ("miss", f"{command}_misses")):
                self._command(builder, command, status, _number(stats, key))
        self._command(builder, "cas", "badval", _number(stats, "cas_badval"))
        self._command(builder, "flush", "hit", _number(stats, "cmd_flush"))
        # memcached counts every cas among the sets once more.
        sets = [_number(stats, key) for key in ("cmd_set", "cas_misses", "cas_hits", "cas_badval")]
        known = [value for value in sets if value is not None]
        if len(known) == len(sets):
            self._command(builder, "set", "hit", known[0] - sum(known[1:]))

    @staticmethod
    def _command(builder: Builder, command: str, status: str, value: float | None) -> None:
        labels = (("command", command), ("status", status))
        builder.counter("memcached_commands_total", COMMANDS_HELP, labels, value)

    def _settings(self, builder: Builder) -> None:
        settings = self._ask("stats settings")
        text = "Maximum number of clients allowed."
        builder.gauge("memcached_max_connections", text, (), _number(settings, "maxconns"))

    def _ask(self, command: str) -> dict[str, str]:
        self._socket.sendall(command.encode() + b"\r\n")
        told: dict[str, str] = {}
        size = 0
        while (line := self._line()) != "END":
            size += len(line)
            if not line.startswith("STAT ") or size > ANSWER_BYTES_MAX:
                raise Lost(f"answered {line[:40]!r} to `{command}`")
            _, key, *value = line.split(" ", 2)
            told[key] = value[0] if value else ""
        return told

    def _line(self) -> str:
        line = self._file.readline(LINE_BYTES_MAX)
        if not line.endswith(b"\n"):
            raise Lost("the connection was closed" if not line else "a line without an end")
        return line.decode("utf-8", "replace").rstrip("\r\n")


def _number(stats: Mapping[str, str], key: str) -> float | None:
    try:
        return float(stats[key])
    except (KeyError, ValueError):
        return None
