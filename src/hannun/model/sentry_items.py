"""What Sentry's SDKs send beside errors (sessions, check-ins, attachments, spans, replays, profiles), and who keeps it.

Times are Unix milliseconds unless their name says otherwise, ids are lower hex. "" and None: not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from hannun.model.identity import Identity

SessionStatus = Literal["ok", "exited", "crashed", "abnormal", "errored", "unhandled"]
SESSION_STATUSES: tuple[SessionStatus, ...] = ("ok", "exited", "crashed", "abnormal", "errored", "unhandled")
CheckInStatus = Literal["in_progress", "ok", "error"]
CHECK_IN_STATUSES: tuple[CheckInStatus, ...] = ("in_progress", "ok", "error")
IntervalUnit = Literal["minute", "hour", "day", "week", "month", "year"]
INTERVAL_UNITS: tuple[IntervalUnit, ...] = ("minute", "hour", "day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    """How one session stands now: later updates (by `seq`) replace earlier ones, a terminal status is final.

    `init`: the first one of this session, which counts it. `user` is `did`, by which users are told apart.
    """

    project: int
    id: str
    status: SessionStatus
    started_ms: int
    at_ms: int
    release: str
    environment: str
    init: bool = False
    seq: int = 0
    errors: int = 0
    duration_s: float | None = None
    user: str = ""
    abnormal_mechanism: str = ""


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """Sessions of one minute that a server counted itself. Each stands under its worst status."""

    project: int
    started_ms: int
    release: str
    environment: str
    user: str = ""
    exited: int = 0
    errored: int = 0
    abnormal: int = 0
    crashed: int = 0
    unhandled: int = 0


class SessionSink(Protocol):
    async def write(self, values: Sequence[SessionUpdate | SessionCounts], /) -> None:
        """Returns when all are durable. Raises Overloaded, DiskFull, StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Crontab:
    expression: str


@dataclass(frozen=True, slots=True)
class Interval:
    value: int
    unit: IntervalUnit


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """What a check-in asks its monitor to be. None: as it is. `timezone` is a name of the tz database."""

    schedule: Crontab | Interval
    margin_min: int | None = None
    max_runtime_min: int | None = None
    timezone: str = ""
    failure_threshold: int | None = None
    recovery_threshold: int | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """`id` 32 hex digits; "" means the latest one of this monitor that is in progress, or a new one."""

    project: int
    monitor: str
    status: CheckInStatus
    at_ms: int
    id: str = ""
    environment: str = "production"
    release: str = ""
    duration_s: float | None = None
    config: MonitorConfig | None = None
    trace_id: str = ""


class CheckInSink(Protocol):
    async def write(self, values: Sequence[CheckIn], /) -> None:
        """Returns when all are durable. Raises Overloaded, DiskFull, StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an event. `kind` is Sentry's `attachment_type` (`event.attachment`, `event.minidump` …).

    `name` is what the sender says and may hold anything: it is never a path of ours.
    """

    project: int
    event_id: str
    name: str
    kind: str
    content_type: str
    received_ms: int
    data: bytes


class AttachmentSink(Protocol):
    async def write(self, values: Sequence[Attachment], /) -> None:
        """Returns when all are durable. Raises Overloaded, DiskFull, StoreUnavailable."""
        ...


AttributeValue = str | int | float | bool | tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class SpanLink:
    trace_id: str
    span_id: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SentSpan:
    """One span, of a transaction or of a stream of spans. Times are Unix nanoseconds.

    `segment`: the span that stands for a whole request or job (Sentry's transaction), whose id is `segment_id` in all
    of its spans. `status` is `ok`, `error` or one of Sentry's older words (`internal_error`, `not_found` …).
    """

    project: int
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    start_ns: int
    end_ns: int
    op: str = ""
    status: str = ""
    segment: bool = False
    segment_id: str = ""
    segment_name: str = ""
    identity: Identity = Identity()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    links: tuple[SpanLink, ...] = ()
    event_id: str = ""
    """Of a transaction, on its segment."""


class SpanSink(Protocol):
    async def write(self, values: Sequence[SentSpan], /) -> None:
        """Returns when all are durable. Raises Overloaded, DiskFull, StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class ReplaySegment:
    """One piece of a recorded session. `event` is the JSON of its replay_event, `recording` rrweb's events as they
    came (a zlib stream or plain JSON), `video` an MP4 of a phone. What a piece does not have is empty.
    """

    project: int
    replay_id: str
    segment: int
    received_ms: int
    event: bytes = b""
    recording: bytes = b""
    video: bytes = b""


class ReplaySink(Protocol):
    async def write(self, values: Sequence[ReplaySegment], /) -> None:
        """Returns when all are durable. Raises Overloaded, DiskFull, StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class SentProfile:
    """A profile of one transaction (`continuous` False, `id` its own) or a chunk of a running one.

    `profiler_id` is of the running profiler, `transaction_id` of the event that a profile belongs to. `payload` is the
    JSON as it came.
    """

    project: int
    id: str
    continuous: bool
    platform: str
    at_ms: int
    payload: bytes
    identity: Identity = Identity()
    profiler_id: str = ""
    transaction_id: str = ""
    transaction: str = ""


class ProfileSink(Protocol):
    async def write(self, values: Sequence[SentProfile], /) -> None:
        """Returns when all are durable. Raises Overloaded, DiskFull, StoreUnavailable."""
        ...
