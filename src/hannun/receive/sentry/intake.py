"""The one way in for everything that SDKs send: key, body, codings, items, stores; and the answer to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hannun.model.errors import HannunError, NotAllowed, NotFound, Overloaded, TooLarge, WireError
from hannun.model.event import Event
from hannun.model.http import address_of
from hannun.model.project import ProjectOptions
from hannun.model.project_key import ProjectKey, ProjectKeys
from hannun.model.time import Clock, SystemClock
from hannun.observe.outcomes import Outcome, Outcomes
from hannun.process.events.facts import EventFacts
from hannun.receive.body import Held, InFlight, SlowBody, read_body
from hannun.receive.sentry import answers
from hannun.receive.sentry.items import registry
from hannun.receive.sentry.limits import BODY_SETTING, SentryLimits
from hannun.receive.sentry.quota import KeyQuota, Limited, Quota
from hannun.receive.sentry.rooms import Rooms
from hannun.receive.sentry.sheet import Dropped, Room, Sender, Sheet, TakeEvent
from hannun.wire.compression import content_encodings, decompress
from hannun.wire.sentry import auth
from hannun.wire.sentry.auth import Auth, NoKey
from hannun.wire.sentry.dsn import Dsn
from hannun.wire.sentry.envelope import Envelope
from hannun.wire.sentry.ids import project_number

_log = logging.getLogger("hannun.receive.sentry")
SIGNAL = "default"
"""Category of requests of which nobody knows what was in them."""
UNKNOWN_KEY = "event submission rejected with_reason: unknown or disabled DSN key"
WRONG_PROJECT = "event submission rejected with_reason: the DSN key belongs to another project"
FOREIGN_ORIGIN = "event submission rejected with_reason: pages of this origin may not send with this key"
USER_AGENT_LENGTH_MAX = 1_024

Parse = Callable[[bytes], Envelope]


class SentryIntake:
    """Shared by all routes, so that bounds hold over all of them together."""

    def __init__(
        self,
        keys: ProjectKeys,
        rooms: Rooms,
        outcomes: Outcomes,
        *,
        quota: Quota | None = None,
        limits: SentryLimits | None = None,
        in_flight: InFlight | None = None,
        clock: Clock | None = None,
        take_event: TakeEvent | None = None,
    ) -> None:
        self.keys = keys
        self.rooms = rooms
        self.outcomes = outcomes
        self.clock = clock or SystemClock()
        self.quota = quota or KeyQuota(self.clock)
        self.limits = limits or SentryLimits()
        self._in_flight = in_flight or InFlight(self.limits.body.in_flight_bytes_max)
        self._large = asyncio.Semaphore(self.limits.large_at_once)
        self._take_event = take_event or _take_event
        # The first event loads tables and patterns, which takes half a second: in a thread.
        self._warm = take_event is not None
        registry.load_all()

    async def answer(self, request: Request, parse: Parse) -> Response:
        """The whole of one request whose body is an envelope, or is made into one by `parse`."""
        try:
            sheet = await self.take(request, parse, project=project_of(request))
        except HannunError as err:
            return answers.refuse(err)
        return self.say(sheet, {"id": sheet.event_id} if sheet.event_id else {})

    async def take(
        self,
        request: Request,
        parse: Parse,
        *,
        project: int | None,
        key: str = "",
        body: bytes | None = None,
        raw_bytes_max: int | None = None,
    ) -> Sheet:
        """Returns when all that was taken is durable. Raises HannunError when the request as a whole is no use.

        `project` None: the DSN inside the envelope says which. `key` is one that stands in the path. `body`: it came in
        another way than as a body.
        """
        asked = _Asked(request, project, key)
        try:
            asked.shown = asked.auth()
            if asked.shown is not None:
                # Asked before the body is read: who may not send costs us nothing.
                asked.key = await self.key(asked.shown, project, request)
            with self._in_flight.hold() as held:
                encodings: list[str] = []
                if body is None:
                    body = await read_body(request, self.limits.body, held)
                    encodings = content_encodings(request.headers.get("content-encoding"))
                limit = min(self.limits.raw_bytes_max, raw_bytes_max or self.limits.raw_bytes_max)
                sheet = await self._read(asked, _Body(body, encodings, parse, limit), held)
                await self.rooms.deliver(sheet)
        except HannunError as err:
            self.count(err, asked.key)
            raise
        except ClientDisconnect:
            self._lost("sender left before the end of its request", asked.key)
            raise
        return sheet

    async def key(self, shown: Auth, project: int | None, request: Request) -> ProjectKey:
        """Raises NotAllowed."""
        key = await self.keys.find(shown.key)
        if key is None:
            raise NotAllowed(UNKNOWN_KEY)
        if project not in (None, key.project) or shown.project not in (0, key.project):
            raise NotAllowed(WRONG_PROJECT)
        origin = request.headers.get("origin")
        if origin is not None and key.origins and not origin_matches(origin, key.origins):
            raise NotAllowed(FOREIGN_ORIGIN)
        return key

    def say(self, sheet: Sheet, value: dict[str, object], status: int = 200) -> Response:
        """The answer to what was delivered: limits stand in it whatever its status is."""
        limits = _merged([*self.quota.active(sheet.key), *sheet.limited])
        if sheet.taken or not (sheet.limited or sheet.invalid or sheet.too_large or sheet.failed):
            return answers.taken(value, limits, status)
        if sheet.failed:
            return answers.detail("Internal error; the server's log tells more", 500, limits)
        if sheet.too_large:
            return answers.detail(sheet.too_large, 413, limits)
        if sheet.refused is not None:
            return answers.detail(sheet.refused.say("en"), answers.status_of(sheet.refused), limits)
        if sheet.limited:
            return answers.detail(
                "Sentry dropped data due to a quota or internal rate limit being reached.", 429, limits
            )
        return answers.detail(sheet.invalid, 400, limits)

    def count(self, err: HannunError, key: ProjectKey | None) -> None:
        """A request of which nobody knows what was in it, because it was not read to its end."""
        match err:
            case NoKey() | NotAllowed():
                self._lost("request without a key that may send", key)
            case TooLarge():
                self._lost("request that is too large", key)
            case SlowBody():
                self._lost("request whose body did not arrive in time", key)
            case Overloaded():
                self.outcomes.count(SIGNAL, Outcome.LIMITED, reason="too much in flight", key=key.key if key else "")
            case _:
                self._lost("request that cannot be read", key)

    def _lost(self, reason: str, key: ProjectKey | None) -> None:
        self.outcomes.count(SIGNAL, Outcome.INVALID, reason=reason, key=key.key if key else "")

    async def _read(self, asked: _Asked, body: _Body, held: Held) -> Sheet:
        small = body.opened(self.limits.inline_bytes_max) if self._warm and body.may_be_small(self.limits) else None
        if small is not None:
            sheet = await self._sheet(asked, small)
            self._fill(sheet, small)
            return sheet
        async with self._large:
            envelope = await asyncio.to_thread(body.opened_whole)
            held.take(sum(len(one.payload) for one in envelope.items))
            sheet = await self._sheet(asked, envelope)
            await asyncio.to_thread(self._fill, sheet, envelope)
        self._warm = self._warm or sheet.had_event
        return sheet

    async def _sheet(self, asked: _Asked, envelope: Envelope) -> Sheet:
        """Raises NoKey and NotAllowed: the envelope's DSN has a say, too."""
        named = envelope.dsn
        if named is not None:
            asked.shown = asked.auth(named)
        shown, key = asked.shown, asked.key
        if shown is None:
            raise NoKey("missing authorization information")
        if key is None or named is not None:
            key = asked.key = await self.key(shown, asked.project, asked.request)
        sender = Sender(
            self.clock.now_ms(),
            address_of(asked.request),
            asked.request.headers.get("user-agent", "")[:USER_AGENT_LENGTH_MAX],
            shown.client or _sdk(envelope),
            envelope.sent_ms or shown.sent_ms,
        )
        return Sheet(
            key, sender, self.outcomes, self.quota, self.limits, self._take_event, envelope.event_id, envelope.header
        )

    def _fill(self, sheet: Sheet, envelope: Envelope) -> None:
        """Reads every item. One that cannot be read costs itself."""
        for found in envelope.items:
            handler = registry.HANDLERS.get(found.type, registry.UNKNOWN)
            if len(found.payload) > self.limits.envelope.bytes_of(found.type):
                sheet.too_large = f"{found.type[:40]}: {len(found.payload)} bytes are more than an item may have"
                sheet.count(handler.category, Outcome.INVALID, 1, "item that is too large")
                continue
            if not handler.admits and not sheet.admit(handler.category):
                continue
            try:
                handler.read(sheet, found)
            except TooLarge as err:
                sheet.too_large = str(err)
                sheet.count(handler.category, Outcome.INVALID, 1, "item that is too large")
            except WireError as err:
                sheet.reject(handler.category, "item that cannot be read", str(err))
            except Exception:  # noqa: BLE001 - a fault of ours in one item must not cost the items beside it
                _log.exception("an item of type %r could not be taken", found.type[:40])
                sheet.failed = True
                sheet.count(handler.category, Outcome.INVALID, 1, "item on which the server failed")
        if sheet.filtered:
            # Files of an event that a filter keeps out go with it.
            for one in sheet.rooms.pop(Room.ATTACHMENTS, []):
                sheet.count(one.category, Outcome.FILTERED, one.quantity, sheet.filtered)


@dataclass(slots=True)
class _Asked:
    request: Request
    project: int | None
    path_key: str = ""
    shown: Auth | None = None
    key: ProjectKey | None = None

    def auth(self, dsn: Dsn | None = None) -> Auth | None:
        headers, query = self.request.headers, self.request.query_params
        return auth.read(headers.get("x-sentry-auth"), headers.get("authorization"), query, dsn, self.path_key)


@dataclass(frozen=True, slots=True)
class _Body:
    """What came, and how it becomes an envelope of at most `raw_bytes_max`."""

    body: bytes
    encodings: Sequence[str]
    parse: Parse
    raw_bytes_max: int

    def may_be_small(self, limits: SentryLimits) -> bool:
        return len(self.body) <= limits.inline_bytes_max

    def opened(self, bytes_max: int) -> Envelope | None:
        """None: larger than `bytes_max`, and nothing was spent on finding out but that many bytes."""
        if bytes_max >= self.raw_bytes_max:
            return self.opened_whole()
        try:
            raw = self._raw(bytes_max)
        except TooLarge:
            return None
        return self.parse(raw)

    def opened_whole(self) -> Envelope:
        return self.parse(self._raw(self.raw_bytes_max))

    def _raw(self, bytes_max: int) -> bytes:
        return decompress(self.body, self.encodings, limit_bytes=bytes_max, setting=BODY_SETTING)


def project_of(request: Request) -> int:
    """The project in the path. Raises NotFound."""
    found = project_number(str(request.path_params.get("project", "")))
    if not found:
        raise NotFound("bad project path parameter: a project is a number")
    return found


def origin_matches(origin: str, allowed: Iterable[str]) -> bool:
    """`allowed`: `https://shop.example`, `shop.example`, `*.example` or `*`, as in Sentry's settings."""
    scheme, _, rest = origin.strip().lower().partition("://")
    host = rest.rpartition(":")[0] if rest.rpartition(":")[2].isdigit() else rest
    for one in allowed:
        wanted_scheme, _, name = one.strip().lower().rstrip("/").rpartition("://")
        if wanted_scheme not in ("", scheme):
            continue
        if name in ("*", host, rest) or (
            name.startswith("*.") and (host + rest).find("@") < 0 and host.endswith(name[1:])
        ):
            return True
    return False


def _sdk(envelope: Envelope) -> str:
    """`sdk.name/version` as the envelope's header has it."""
    sdk = envelope.header.get("sdk")
    if not isinstance(sdk, dict) or not isinstance(sdk.get("name"), str):
        return ""
    version = sdk.get("version")
    return f"{sdk['name']}/{version}"[:200] if isinstance(version, str) else sdk["name"][:200]


def _merged(limits: Iterable[Limited]) -> tuple[Limited, ...]:
    """Each scope and set of categories once, with its longest time."""
    longest: dict[tuple[tuple[str, ...], str, str], Limited] = {}
    for limited in limits:
        key = (limited.categories, limited.scope, limited.reason)
        if key not in longest or longest[key].seconds < limited.seconds:
            longest[key] = limited
    return tuple(longest.values())


def _take_event(raw: dict[str, Any], facts: EventFacts, options: ProjectOptions) -> Event | Dropped:
    from hannun.process.events.take import take

    return take(raw, facts, options)
