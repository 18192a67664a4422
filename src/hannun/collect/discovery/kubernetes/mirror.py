"""A copy of one kind of object of one namespace, kept up to date: list once, then watch from that version on.

As client-go's reflector does it: the watch is asked anew from the last version that was seen, the list only when the
server has forgotten that version (410 Gone). What cannot be reached leaves the copy as it was.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import urlencode

import msgspec

from hannun.collect.discovery.kubernetes.objects import Object
from hannun.collect.discovery.kubernetes.roles import Resource
from hannun.collect.discovery.poll import reason, retry_delay_s
from hannun.collect.http_client import HttpClient
from hannun.model.errors import WireError

_log = logging.getLogger("hannun.collect.discovery")
PAGE = 500
PAGE_BYTES_MAX = 64 << 20
OBJECTS_MAX = 200_000
LINE_BYTES_MAX = 8 << 20
WATCH_S = 300
"""How long the server is asked to keep a watch open, up to twice as long: so that they do not all end at once."""
SILENCE_S = 30.0
SHORT_S = 1.0
"""A watch that tells nothing and ends sooner is a failure: something between us and the server does not let it be."""
RETRY_S_MAX = 30.0
INLINE_BYTES = 64 << 10
SLICE = 100
"""Objects of a page that are read between two looks at others: half a millisecond of work."""


class Gone(Exception):
    """The server does not know the version any more that the watch was to begin at."""


class _ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class _Page(msgspec.Struct):
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    items: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"{}")


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""


_PAGES = msgspec.json.Decoder(_Page)
_EVENTS = msgspec.json.Decoder(_Event)
_STATUSES = msgspec.json.Decoder(_Status)
_BAD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Mirror:
    """`changed` is called on the event loop after each change of `objects`."""

    def __init__(
        self,
        client: HttpClient,
        server: str,
        resource: Resource,
        namespace: str,
        selectors: Mapping[str, str],
        changed: Callable[[], None],
    ) -> None:
        self._client = client
        self._url = f"{server}{resource.path(namespace)}"
        self._selectors = dict(selectors)
        self._changed = changed
        self._decoder = msgspec.json.Decoder(resource.type)
        self._version = ""
        self._failures = 0
        self.resource = resource
        self.objects: dict[str, Object] = {}
        self.synced = False
        self.failing = ""

    async def run(self) -> None:
        """Until cancelled. Raises nothing for what the server does."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except Gone:
                # No failure, but a server that forgets at once must not be asked for everything without a pause.
                self._version = ""
                self._failures += 1
            # Whatever the server did, the copy stays as it is and the server is asked again.
            except Exception as err:  # noqa: BLE001
                self._fail(err)
            if self._failures:
                await asyncio.sleep(retry_delay_s(self._failures, RETRY_S_MAX) * random.uniform(0.8, 1.0))

    def _fail(self, err: Exception) -> None:
        self._failures += 1
        failing = f"{self.resource.name}: {reason(err)}"
        if failing != self.failing:
            _log.warning("Kubernetes discovery keeps the old targets: %s", failing)
        self.failing = failing

    # --- list ---------------------------------------------------------------------------------------------------------

    async def _list(self) -> None:
        found: dict[str, Object] = {}
        more = ""
        while True:
            asked = {"limit": str(PAGE), **self._selectors, **({"continue": more} if more else {})}
            answer = await self._client.get(f"{self._url}?{urlencode(asked)}", body_bytes_max=PAGE_BYTES_MAX)
            if answer.status == 410 and more:
                raise Gone  # The list grew too old between two pages.
            if answer.status != 200:
                raise WireError(_refusal(answer.status, answer.body))
            if len(answer.body) > INLINE_BYTES:
                version, more, items = await asyncio.to_thread(self._read_page, answer.body, self.objects)
            else:
                version, more, items = self._read_page(answer.body, self.objects)
            found.update(items)
            if len(found) > OBJECTS_MAX:
                raise WireError(f"more than {OBJECTS_MAX:,}", "narrow them down with namespaces or selectors")
            if not more:
                break
        self.objects = found
        self._version = version
        self.synced = True
        self.failing = ""
        self._changed()

    def _read_page(self, body: bytes, known: Mapping[str, Object]) -> tuple[str, str, dict[str, Object]]:
        """Version, where to go on ("": nowhere) and the objects: those of `known` where the version is the same.

        Ten thousand objects that are let go of at once stop every thread for 12 ms, and after a list that was asked
        again nearly all of them would be.
        """
        try:
            page = _PAGES.decode(body)
        except _BAD as err:
            raise WireError(f"not a list: {err}") from None
        if not page.metadata.resource_version:
            raise WireError("not a list: it has no resourceVersion")
        found: dict[str, Object] = {}
        for number, raw in enumerate(page.items or ()):
            if number % SLICE == 0:
                time.sleep(0)  # Whoever waits for the interpreter gets it now, not after 5 ms.
            thing = self._object(raw)
            if thing is not None:
                before = known.get(thing.key)
                found[thing.key] = before if before is not None and _same(before, thing) else thing
        return page.metadata.resource_version, page.metadata.continue_, found

    def _object(self, raw: msgspec.Raw) -> Object | None:
        """One object that cannot be read must not hide the others."""
        try:
            return self._decoder.decode(raw)
        except _BAD as err:
            _log.warning("Kubernetes discovery passes over one of the %s: %s", self.resource.name, err)
            return None

    # --- watch --------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Until the server ends it. Raises Gone, or what went wrong."""
        lasts_s = random.randint(WATCH_S, 2 * WATCH_S)
        asked = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(lasts_s),
            **self._selectors,
        }
        async with self._client.stream("GET", f"{self._url}?{urlencode(asked)}") as stream:
            if stream.status == 410:
                raise Gone
            if stream.status != 200:
                head = b""
                async for chunk in stream.chunks:
                    head += chunk
                    if len(head) > 4096:
                        break
                raise WireError(_refusal(stream.status, head))
            self.failing = ""
            begin_s, events = time.monotonic(), 0
            async for line in _lines(stream.chunks, lasts_s + SILENCE_S):
                self._take(line)
                self._failures, events = 0, events + 1
        if not events and time.monotonic() - begin_s < SHORT_S:
            raise WireError("the watch ended as soon as it began")
        self._failures = 0

    def _take(self, line: bytes) -> None:
        try:
            event = _EVENTS.decode(line)
            if event.type == "ERROR":
                status = _STATUSES.decode(event.object)
                if status.code == 410:
                    raise Gone
                raise WireError(f"the watch failed: {status.code} {status.message}"[:300])
        except _BAD as err:
            raise WireError(f"not an event: {err}") from None
        thing = self._object(event.object)
        if thing is None:
            return
        self._version = thing.metadata.resource_version or self._version
        if event.type == "DELETED":
            if self.objects.pop(thing.key, None) is not None:
                self._changed()
        elif event.type in ("ADDED", "MODIFIED"):
            if thing.key not in self.objects and len(self.objects) >= OBJECTS_MAX:
                raise WireError(f"more than {OBJECTS_MAX:,}", "narrow them down with namespaces or selectors")
            self.objects[thing.key] = thing
            self._changed()


def _same(one: Object, other: Object) -> bool:
    """An object is changed by a write, and each write gives it another version."""
    version = one.metadata.resource_version
    return bool(version) and version == other.metadata.resource_version and one.metadata.uid == other.metadata.uid


async def _lines(chunks: AsyncIterator[bytes], silence_s: float) -> AsyncIterator[bytes]:
    """Whole lines of a stream. Raises WireError for one without end and TimeoutError for `silence_s` without any."""
    rest = b""
    while True:
        try:
            async with asyncio.timeout(silence_s):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            raise WireError(f"an event larger than {LINE_BYTES_MAX >> 20} MiB")
        for line in whole:
            if line.strip():
                yield line


def _refusal(status: int, body: bytes) -> str:
    """The API explains its refusals as a Status object."""
    try:
        told = _STATUSES.decode(body).message
    except _BAD:
        told = ""
    hint = "; its service account needs get, list and watch on it" if status == 403 else ""
    return f"HTTP status {status} {told[:200]}".rstrip() + hint
