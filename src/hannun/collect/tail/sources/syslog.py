"""`syslog`: a port that takes RFC 5424 and RFC 3164 over TCP (TLS too) or UDP, with Promtail's `__syslog_*` labels."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from hannun.collect.tail.plan import Job
from hannun.collect.tail.source import Desk, line_source
from hannun.collect.tail.target import Inlet, Item
from hannun.config.http_client import TlsConfig
from hannun.config.promtail.model import SyslogConfig
from hannun.model.tail import TailTarget
from hannun.wire.syslog import FACILITIES, SEVERITIES, Framing, SyslogMessage, parse

_log = logging.getLogger("hannun.collect.tail.syslog")
CONNECTIONS_MAX = 1_000
_READ_BYTES = 64 << 10
_AGAIN_S = 10.0


class SyslogSource:
    def __init__(self, job: Job, config: SyslogConfig, desk: Desk) -> None:
        self._job = job
        self._config = config
        self._desk = desk
        self._why = "not listening yet"
        self._connections: set[asyncio.Task[None]] = set()

    def targets(self) -> Iterable[TailTarget]:
        labels = tuple(sorted(self._config.labels.items()))
        where = f"{self._config.protocol}://{self._config.listen_address}"
        yield TailTarget(self._job.name, "Syslog", where, labels, why=self._why)

    async def run(self) -> None:
        inlet = await self._desk.open(self._job.name, "Syslog", self._job.through(), "")
        while True:
            try:
                if self._config.protocol == "udp":
                    await self._datagrams(inlet)
                else:
                    await self._streams(inlet)
            except (OSError, ssl.SSLError) as err:
                why = f"{self._config.listen_address} cannot be listened on: {err.strerror or err}"
                if why != self._why:
                    _log.warning("job %s: %s", self._job.name, why)
                self._why = why
            await asyncio.sleep(_AGAIN_S)

    async def _datagrams(self, inlet: Inlet) -> None:
        host, port = address_of(self._config.listen_address)

        def received(data: bytes, address: str) -> None:
            item = self.item_of(data[: self._config.max_message_length], address)
            # Nobody can be told to wait over UDP.
            if item is not None and not inlet.offer(item):
                self._desk.metrics.add("promtail_dropped_entries_total", reason="syslog_no_room")

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(received),
            local_addr=(host or "0.0.0.0", port),  # noqa: S104 - `:1514` asks for every address
        )
        self._why = ""
        try:
            await asyncio.Event().wait()
        finally:
            transport.close()

    async def _streams(self, inlet: Inlet) -> None:
        host, port = address_of(self._config.listen_address)
        tls = await asyncio.to_thread(_context, self._config.tls)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            try:
                if len(self._connections) < CONNECTIONS_MAX:
                    self._connections.add(task)
                    peer = writer.get_extra_info("peername") or ("", 0)
                    await self._connection(reader, str(peer[0]), inlet)
            except (OSError, TimeoutError, asyncio.CancelledError):
                return  # The sender went away or fell silent, or we leave.
            finally:
                self._connections.discard(task)
                writer.close()

        server = await asyncio.start_server(connected, host or None, port, limit=_READ_BYTES, ssl=tls)
        self._why = ""
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, address: str, inlet: Inlet) -> None:
        framing = Framing(self._config.max_message_length)
        while not framing.broken:
            async with asyncio.timeout(self._config.idle_timeout_ms / 1000):
                chunk = await reader.read(_READ_BYTES)
            messages = [*framing.feed(chunk)]
            if not chunk and (rest := framing.rest()):
                messages.append(rest)
            for message in messages:
                item = self.item_of(message, address)
                if item is not None:
                    await inlet.put(item)
            if not chunk:
                return

    def item_of(self, raw: bytes, address: str) -> Item | None:
        """None: relabeling dropped it, or left no label. Raises nothing."""
        config = self._config
        message = parse(raw, now=datetime.now(UTC), zone=UTC)
        if not message.message and not config.use_rfc5424_message:
            return None
        labels = self._job.relabeler.apply({**config.labels, **labels_of(message, address, config)})
        kept = {name: value for name, value in (labels or {}).items() if not name.startswith("__")}
        if not kept:
            return None
        self._desk.metrics.add("promtail_syslog_target_entries_total")
        line = raw if config.use_rfc5424_message else message.message
        ts_ns = message.ts_ns if config.use_incoming_timestamp else None
        return Item(line.decode("utf-8", "replace").rstrip("\r\n"), kept, ts_ns)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, str], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr[0])


def labels_of(message: SyslogMessage, address: str, config: SyslogConfig) -> dict[str, str]:
    labels = {
        "__syslog_connection_ip_address": address,
        "__syslog_connection_hostname": address,
        "__syslog_message_severity": SEVERITIES[message.severity],
        "__syslog_message_facility": FACILITIES[message.facility],
        "__syslog_message_hostname": message.host,
        "__syslog_message_app_name": message.app,
        "__syslog_message_proc_id": message.process,
        "__syslog_message_msg_id": message.message_id,
    }
    if config.label_structured_data:
        labels |= {f"__syslog_message_sd_{name}": value for name, value in message.data}
    return {name: value for name, value in labels.items() if value}


def address_of(words: str) -> tuple[str, int]:
    """(host, port). Raises OSError for words that are no address, as listening on them would."""
    host, _, port = words.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise OSError(0, f"{words!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


def _context(config: TlsConfig) -> ssl.SSLContext | None:
    """None without a certificate. Raises OSError (ssl.SSLError is one)."""
    if config.cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.cert_file, config.key_file)
    if config.ca_file is not None:
        context.load_verify_locations(config.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@line_source
def _syslog(job: Job, desk: Desk) -> Iterator[SyslogSource]:
    if job.config.syslog is not None:
        yield SyslogSource(job, job.config.syslog, desk)
