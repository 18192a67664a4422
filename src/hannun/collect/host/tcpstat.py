"""TCP connections by state, from /proc/net/tcp, as long as there are not too many to read."""

from __future__ import annotations

from hannun.collect.host.registry import NoData, Options, collector
from hannun.collect.host.roots import Roots
from hannun.collect.host.sockstat import parse_sockstat
from hannun.model.family import Family, Pairs

CONNECTIONS_MAX = 5_000
EVERY_ROUNDS = 4
"""The kernel walks its whole hash table for this file: 9 ms on a machine of 24 GB, however few connections there are.
So it is read once a minute, and told again in between. (node_exporter leaves the collector off.)"""

STATES = {
    1: "established",
    2: "syn_sent",
    3: "syn_recv",
    4: "fin_wait1",
    5: "fin_wait2",
    6: "time_wait",
    7: "close",
    8: "close_wait",
    9: "last_ack",
    10: "listen",
    11: "closing",
}


def parse_tcp(text: str) -> dict[str, float]:
    """Connections per state of `/proc/net/tcp`, and the bytes that wait in their queues."""
    found: dict[str, float] = {"rx_queued_bytes": 0.0, "tx_queued_bytes": 0.0}
    for line in text.splitlines()[1:]:
        words = line.split(maxsplit=5)
        state = STATES.get(int(words[3], 16))
        if state is not None:
            found[state] = found.get(state, 0.0) + 1
        sending, _, receiving = words[4].partition(":")
        found["tx_queued_bytes"] += int(sending, 16)
        found["rx_queued_bytes"] += int(receiving, 16)
    return found


@collector("tcpstat")
class Tcpstat:
    def __init__(self, _options: Options) -> None:
        self._round = 0
        self._rows: list[tuple[Pairs, float]] = []

    def __call__(self, roots: Roots) -> list[Family]:
        """Raises NoData above CONNECTIONS_MAX; the sockstat collector still tells how many there are."""
        if self._round % EVERY_ROUNDS == 0:
            self._rows = read_states(roots)
        self._round += 1
        return [Family.of("node_tcp_connection_states", "gauge", "Number of connection states.", self._rows)]


def read_states(roots: Roots) -> list[tuple[Pairs, float]]:
    counts = parse_sockstat(roots.proc("net/sockstat"))
    connections = counts.get(("TCP", "inuse"), 0.0) + counts.get(("TCP", "tw"), 0.0)
    if connections > CONNECTIONS_MAX:
        raise NoData(f"{connections:.0f} connections are more than {CONNECTIONS_MAX}")
    sums: dict[str, float] = {}
    for file in ("net/tcp", "net/tcp6"):
        try:
            told = parse_tcp(roots.proc(file))
        except FileNotFoundError:
            continue
        for state, count in told.items():
            sums[state] = sums.get(state, 0.0) + count
    return [((("state", state),), count) for state, count in sums.items()]
