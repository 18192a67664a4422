"""The ports that the replaced products are known by, and under which prefix their routes stand here."""

from __future__ import annotations

PREFIX_OF: dict[int, str] = {
    9090: "/prometheus",
    9091: "/pushgateway",
    9100: "/node-exporter",
    9115: "/blackbox",
    8086: "/influx",
    3100: "/loki",
    9080: "/promtail",
    9200: "/elasticsearch",
}
"""On such a port the routes of that product stand at the root; everything else answers there as usual."""

SYSLOG = 1514
"""Where collectors of syslog listen that may not take 514; over UDP and TCP."""
