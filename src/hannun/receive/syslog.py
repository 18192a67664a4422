"""A syslog server: UDP and TCP on one port, RFC 5424 and 3164. Nobody is answered, so TCP is slowed and UDP counted.

Messages gather for a moment and are stored together. When the store cannot take them, TCP senders wait at their socket
until it can; a UDP message that finds the room full is dropped and counted. Syslog has no login: `allow` says which
addresses may send.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from hannun.model.errors import DiskFull, HannunError, Overloaded, StoreUnavailable
from hannun.observe.outcomes import Outcome
from hannun.receive.log_intake import SIGNAL, LogIntake, Prepared
from hannun.wire.loki.columns import ColumnsBuilder, PushColumns
from hannun.wire.syslog import FACILITIES, MESSAGE_BYTES_MAX, SEVERITIES, Framing, SyslogMessage, parse

KEY = "syslog"
_log = logging.getLogger("hannun.receive.syslog")
_READ_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class SyslogLimits:
    connections_max: int = 1_000
    message_bytes_max: int = MESSAGE_BYTES_MAX
    waiting_bytes_max: int = 8 << 20
    """Messages that wait to be stored, all senders together."""
    gather_s: float = 0.25
    idle_s: float = 3_600.0
    """A connection without a message for so long is closed; quiet hosts keep theirs for hours."""
    patience_s: float = 60.0
    """How long messages wait for a store that takes nothing, before they are dropped and counted."""


class SyslogServer:
    """`start` listens on both protocols of one port, `stop` stores what was received before it returns."""

    def __init__(
        self,
        intake: LogIntake,
        host: str,
        port: int,
        *,
        zone: Callable[[], tzinfo] = lambda: UTC,
        allow: Callable[[str], bool] = lambda _: True,
        limits: SyslogLimits | None = None,
    ) -> None:
        self._intake = intake
        self._host = host
        self.port = port
        """The port that is listened on; of 0, after `start`, the one that was free."""
        self._zone = zone
        self._allow = allow
        self._limits = limits or SyslogLimits()
        self._waiting: list[tuple[str, bytes]] = []
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._storing: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._tcp = await asyncio.start_server(self._connected, self._host, self.port, limit=_READ_BYTES)
        self.port = int(self._tcp.sockets[0].getsockname()[1])
        loop = asyncio.get_running_loop()
        try:
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self._datagram), local_addr=(self._host, self.port)
            )
        except OSError:
            self._tcp.close()
            raise
        self._storing = asyncio.create_task(self._store_forever())

    async def stop(self) -> None:
        self._stopping = True
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._arrived.set()
        if self._storing is not None:
            await self._storing

    def _datagram(self, message: bytes, address: str) -> None:
        if not self._allow(address):
            self._count(Outcome.INVALID, "syslog from an address that may not send")
        elif self._waiting_bytes + _weight(message) > self._limits.waiting_bytes_max:
            self._count(Outcome.LIMITED, "syslog over UDP that found no room")
        else:
            self._put(message, address)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = _address(writer)
        task = asyncio.current_task()
        assert task is not None
        try:
            if not self._allow(address):
                self._count(Outcome.INVALID, "syslog from an address that may not send")
            elif len(self._connections) >= self._limits.connections_max:
                _log.warning("syslog: %d connections are open; one more was refused", len(self._connections))
                self._count(Outcome.LIMITED, "syslog connection beyond the limit")
            else:
                self._connections.add(task)
                await self._read(reader, address)
        except (OSError, TimeoutError):
            return  # The sender went away or fell silent: it connects again when it has something to say.
        except asyncio.CancelledError:
            return  # We stop; what was read is stored.
        finally:
            self._connections.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, address: str) -> None:
        framing = Framing(self._limits.message_bytes_max)
        while not framing.broken:
            async with asyncio.timeout(self._limits.idle_s):
                chunk = await reader.read(_READ_BYTES)
            for message in framing.feed(chunk):
                self._put(message, address)
            if not chunk:
                if rest := framing.rest():
                    self._put(rest, address)
                return
            await self._room.wait()
        self._count(Outcome.INVALID, "syslog stream that is no syslog")

    def _put(self, message: bytes, address: str) -> None:
        self._waiting.append((address, message))
        self._waiting_bytes += _weight(message)
        if self._waiting_bytes >= self._limits.waiting_bytes_max:
            self._room.clear()
        self._arrived.set()

    async def _store_forever(self) -> None:
        while self._waiting or not self._stopping:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if not self._stopping:
                await asyncio.sleep(self._limits.gather_s)
            waiting, self._waiting = self._waiting, []
            await self._store(waiting)
            # The bytes count until they are stored: this is what slows the senders.
            self._waiting_bytes -= sum(_weight(message) for _, message in waiting)
            if self._waiting_bytes < self._limits.waiting_bytes_max:
                self._room.set()

    async def _store(self, waiting: list[tuple[str, bytes]]) -> None:
        try:
            prepared = await asyncio.to_thread(self._prepare, waiting)
            self._intake.count_left_out(prepared, KEY)
            await self._write(prepared)
        except HannunError as err:
            _log.warning("syslog: %d messages were not stored: %s", len(waiting), err)

    async def _write(self, prepared: Prepared) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.patience_s
        while True:
            again = loop.time() < until and not self._stopping
            try:
                return await self._intake.write(prepared, KEY, again=again)
            except (Overloaded, DiskFull, StoreUnavailable):
                if not again:
                    raise
            await asyncio.sleep(min(1.0, self._limits.patience_s / 10))

    def _prepare(self, waiting: list[tuple[str, bytes]]) -> Prepared:
        now_ns = self._intake.clock.now_ms() * 1_000_000
        return self._intake.prepare(columns(waiting, now_ns=now_ns, zone=self._zone()))

    def _count(self, outcome: Outcome, reason: str) -> None:
        self._intake.outcomes.count(SIGNAL, outcome, reason=reason, key=KEY)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, str], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr[0])


def _weight(message: bytes) -> int:
    """What a message holds in memory; without its object, empty ones would cost nothing and fill everything."""
    return len(message) + 128


def columns(messages: list[tuple[str, bytes]], *, now_ns: int, zone: tzinfo = UTC) -> PushColumns:
    """Messages with the addresses that they came from. A host that names itself is believed."""
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    built = ColumnsBuilder(b"syslog")
    for address, raw in messages:
        found = parse(raw, now=now, zone=zone)
        if not found.message:
            continue
        built.of(_labels(found, address))
        built.line(now_ns if found.ts_ns is None else found.ts_ns, found.message, _metadata(found))
    return built.columns()


def _labels(found: SyslogMessage, address: str) -> list[tuple[str, str]]:
    labels = {"job": "syslog", "host": found.host or address, "service_name": found.app}
    return sorted((name, value) for name, value in labels.items() if value)


def _metadata(found: SyslogMessage) -> list[tuple[bytes, bytes]]:
    facility = FACILITIES[found.facility] if found.facility < len(FACILITIES) else str(found.facility)
    told = {
        "severity": SEVERITIES[found.severity],
        "facility": facility,
        "pid": found.process,
        "message_id": found.message_id,
        **dict(found.data),
    }
    return [(name.encode(), value.encode()) for name, value in told.items() if value]


def _address(writer: asyncio.StreamWriter) -> str:
    with suppress(TypeError, IndexError):
        peer = writer.get_extra_info("peername")
        connection = writer.get_extra_info("socket")
        if connection is not None:
            # Hosts that vanish without a word are found out by the kernel.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return str(peer[0])
    return ""
