"""docker_sd_configs without `__path__`: each container's log by Docker's API, as Promtail reads it.

`GET /containers/<id>/logs?follow&timestamps`: frames of an 8-byte head (stream, length) with a terminal, else plain
lines. How far a log was read is the time of its last line, which Docker gives in nanoseconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from hannun.collect.discovery.docker import META, _way
from hannun.collect.http_client import Failure, FetchError, HttpClient, make_client
from hannun.collect.tail.follow import LINE_BYTES_MAX
from hannun.collect.tail.plan import Job
from hannun.collect.tail.source import Desk, line_source
from hannun.collect.tail.target import Inlet, Item
from hannun.config.prometheus.model import DockerSd
from hannun.model.tail import TailTarget
from hannun.model.target import TargetGroup
from hannun.process.logformat.moments import iso

_log = logging.getLogger("hannun.collect.tail.docker")
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr", 3: "systemerr"}
CONTAINERS_MAX = 1_000
_AGAIN_S = 5.0
_HEAD_BYTES = 8
_LOG_STREAM = f"{META}container_log_stream"
Pairs = tuple[tuple[str, str], ...]


class Frames:
    """Docker's multiplexed stream -> (stream, line). Holds one cut line per stream, whatever a frame's head says."""

    def __init__(self, *, framed: bool = True) -> None:
        self._framed = framed
        self._head = b""
        self._left = 0
        self._stream = 1
        self._partial: dict[int, bytes] = {}

    def feed(self, chunk: bytes) -> Iterator[tuple[str, bytes]]:
        if not self._framed:
            yield from self._take(1, chunk)
            return
        at = 0
        while at < len(chunk):
            if not self._left:
                wanted = _HEAD_BYTES - len(self._head)
                self._head += chunk[at : at + wanted]
                at += wanted
                if len(self._head) < _HEAD_BYTES:
                    return
                self._stream = self._head[0] if self._head[0] in STREAMS else 1
                self._left = int.from_bytes(self._head[4:], "big")
                self._head = b""
                continue
            part = chunk[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            yield from self._take(self._stream, part)

    def _take(self, stream: int, data: bytes) -> Iterator[tuple[str, bytes]]:
        *lines, rest = (self._partial.get(stream, b"") + data).split(b"\n")
        for line in lines:
            yield STREAMS[stream], line.removesuffix(b"\r")
        # What is longer than a line may be is cut; its rest would be a line without a time.
        self._partial[stream] = rest[: LINE_BYTES_MAX + 64]


def timed(line: bytes) -> tuple[int, str] | None:
    """(ns, text) of a line with Docker's timestamp in front."""
    stamp, _, rest = line.partition(b" ")
    found = iso(stamp.decode("ascii", "replace"), 0, None)
    return None if found is None else (found[0], rest.decode("utf-8", "replace"))


def cursor_ns(cursor: str) -> int:
    """Ours are `seconds.nanoseconds`, Promtail's whole seconds. 0 for what is neither."""
    seconds, _, nanos = cursor.partition(".")
    if not (seconds.isdecimal() and len(seconds) <= 11 and (not nanos or nanos.isdecimal())):
        return 0
    return int(seconds) * 1_000_000_000 + (int(nanos[:9].ljust(9, "0")) if nanos else 0)


def cursor_text(ns: int) -> str:
    return f"{ns // 1_000_000_000}.{ns % 1_000_000_000:09d}"


@dataclass(slots=True, eq=False)
class _Container:
    id: str
    discovered: Pairs
    labels: dict[str, dict[str, str]]
    """By stream: relabeling may look at it."""
    task: asyncio.Task[None] | None = None
    why: str = ""
    at: str = ""


class _Inspected(msgspec.Struct, rename="pascal"):
    class _Config(msgspec.Struct, rename="pascal"):
        tty: bool = False

    config: _Config = msgspec.field(default_factory=_Config)


@dataclass(slots=True, eq=False)
class DockerSource:
    """One `docker_sd_configs` entry of a job."""

    job: Job
    config: DockerSd
    desk: Desk
    _containers: dict[str, _Container] = field(default_factory=dict)
    _left: list[TailTarget] = field(default_factory=list)

    async def run(self) -> None:
        base, socket, client_config = _way(self.config)
        client = make_client(client_config, timeout_s=30.0, unix_socket=socket)
        changed = asyncio.Event()
        found: list[Sequence[TargetGroup]] = [()]

        def publish(groups: Sequence[TargetGroup]) -> None:
            found[0] = groups
            changed.set()

        discovery = asyncio.create_task(self.desk.discover(self.config).run(publish), name="docker containers")
        try:
            while True:
                await changed.wait()
                changed.clear()
                self._apply(found[0], client, base)
        finally:
            tasks = [discovery, *(one.task for one in self._containers.values() if one.task is not None)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

    def targets(self) -> Iterable[TailTarget]:
        for one in list(self._containers.values()):
            labels = tuple(sorted(one.labels["stdout"].items()))
            yield TailTarget(self.job.name, "Docker", one.id[:12], labels, one.discovered, one.at, one.why)
        yield from self._left

    def _apply(self, groups: Sequence[TargetGroup], client: HttpClient, base: str) -> None:
        wanted: dict[str, _Container] = {}
        left: list[TailTarget] = []
        for group in groups:
            for target in group.targets:
                discovered = {**group.labels, **target}
                name = discovered.get(f"{META}container_id", "")
                if not name or name in wanted or len(wanted) >= CONTAINERS_MAX:
                    continue
                pairs = tuple(sorted(discovered.items()))
                labels = {stream: self._labels({**discovered, _LOG_STREAM: stream}) for stream in STREAMS.values()}
                if not labels["stdout"]:
                    left.append(
                        TailTarget(self.job.name, "Docker", name[:12], (), pairs, why="no labels left after relabeling")
                    )
                    continue
                wanted[name] = _Container(name, pairs, labels)
        self._left = left
        for name in [name for name, one in self._containers.items() if name not in wanted]:
            task = self._containers.pop(name).task
            if task is not None:
                task.cancel()
        for name, one in wanted.items():
            running = self._containers.get(name)
            if running is not None:
                running.labels, running.discovered = one.labels, one.discovered
                continue
            one.task = asyncio.create_task(self._follow(one, client, base), name=f"docker {name[:12]}")
            self._containers[name] = one

    def _labels(self, discovered: dict[str, str]) -> dict[str, str]:
        labels = self.job.relabeler.apply(discovered)
        return {name: value for name, value in (labels or {}).items() if not name.startswith("__")}

    async def _follow(self, one: _Container, client: HttpClient, base: str) -> None:
        """Until cancelled: a container that stopped is asked again while discovery still tells of it."""
        inlet = await self.desk.open(self.job.name, "Docker", self.job.through(), f"cursor-{one.id}")
        last_ns = cursor_ns(inlet.cursor)
        try:
            while True:
                try:
                    last_ns = await self._read(one, client, base, inlet, last_ns)
                except FetchError as err:
                    if str(err) != one.why:
                        _log.warning("container %s: %s", one.id[:12], err)
                    one.why = str(err)
                await asyncio.sleep(_AGAIN_S)
        finally:
            await asyncio.shield(self.desk.close(inlet))

    async def _read(self, one: _Container, client: HttpClient, base: str, inlet: Inlet, last_ns: int) -> int:
        """One connection. Returns the time of the last line. Raises FetchError."""
        frames = Frames(framed=not await _has_terminal(client, base, one.id))
        since = f"&since={cursor_text(last_ns + 1)}" if last_ns else ""
        url = f"{base}/containers/{one.id}/logs?follow=1&stdout=1&stderr=1&timestamps=1{since}"
        async with client.stream("GET", url) as answer:
            if answer.status != 200:
                # Gone, or a log driver that cannot be read back.
                raise FetchError(Failure.BROKEN, f"Docker does not give its log: HTTP status {answer.status}")
            one.why = ""
            async for chunk in answer.chunks:
                for stream, raw in frames.feed(chunk):
                    line = timed(raw)
                    if line is None or line[0] <= last_ns:
                        continue
                    ts_ns, text = line
                    last_ns = ts_ns
                    one.at = cursor_text(ts_ns)
                    item = Item(text, {**one.labels[stream]}, ts_ns, one.at)
                    await inlet.put(item)
                    self.desk.metrics.add("promtail_docker_target_entries_total")
        return last_ns


async def _has_terminal(client: HttpClient, base: str, name: str) -> bool:
    answer = await client.get(f"{base}/containers/{name}/json", body_bytes_max=8 << 20)
    try:
        return msgspec.json.decode(answer.body, type=_Inspected).config.tty if answer.status == 200 else False
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


@line_source
def _docker(job: Job, desk: Desk) -> Iterator[DockerSource]:
    for config in job.docker_discoveries:
        yield DockerSource(job, config, desk)
