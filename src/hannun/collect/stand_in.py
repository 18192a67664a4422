"""Built-in stand-ins for the exporters that users' files name: a target that nobody answers is answered by us.

Files written for containers name `node-exporter:9100` or `blackbox-exporter:9115`; on a host those names do not
resolve. A stand-in answers for a host name and port, so that the file works as written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Page = Callable[[str, Mapping[str, Sequence[str]], float], Awaitable[bytes]]
"""(path, query parameters, timeout in s) -> an exposition page in the text format. Raises HannunError."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class StandIn:
    """`name` is what it stands in for ("node_exporter"); `hosts` are lower-case names, `ports` the product's own."""

    name: str
    hosts: frozenset[str]
    ports: frozenset[int]
    page: Page


class StandIns:
    """Who answers for an address that nobody answers."""

    def __init__(self, entries: Iterable[StandIn] = ()) -> None:
        self._entries = tuple(entries)

    def find(self, host: str, port: int) -> StandIn | None:
        """A product's own name on any port, or this machine on the product's own port."""
        name = host.lower().rstrip(".")
        for entry in self._entries:
            if name in entry.hosts or (name in LOOPBACK and port in entry.ports):
                return entry
        return None
