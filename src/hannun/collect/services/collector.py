"""One service, read again and again over a connection that is kept: a `Source` for the collect loop.

A service that is down is a reading like any other, with `<service>_up` 0 and the reason in the status, because the
graph of an outage must not have a hole in it. A part that fails costs only itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from hannun.collect.host.builder import Builder
from hannun.collect.http_client.secret import read_secret
from hannun.collect.services.registry import Absent, Lost, Outcome, Reading, Session, session_of
from hannun.collect.source import Source
from hannun.config.http_client import HIDDEN
from hannun.config.services import INTERVAL_MS, TIMEOUT_MS, ServiceUrl
from hannun.model.family import CollectorStatus, Family, Pairs, Sample

_log = logging.getLogger("hannun.collect.services")
ERROR_MAX = 300
SAMPLES_MAX = 20_000
EARLY_S = 1.0
"""Readings come on a grid; one that comes this much early is still due."""

Monotonic = Callable[[], float]


class ServiceCollector:
    """`gather` blocks for about the timeout at most; one caller at a time."""

    def __init__(
        self,
        name: str,
        url: ServiceUrl,
        *,
        interval_s: float = INTERVAL_MS / 1000,
        timeout_s: float = TIMEOUT_MS / 1000,
        labels: Mapping[str, str] | None = None,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        self._name = name
        self._url = url
        self._type = session_of(url.kind)
        self._interval_s = interval_s
        self._timeout_s = min(timeout_s, interval_s)
        self._labels: Pairs = tuple((labels or {}).items())
        self._monotonic = monotonic
        self._session: Session | None = None
        self._secret = ""
        self._readings = 0
        self._read_s: float | None = None
        self._families: list[Family] = []
        self._status: tuple[CollectorStatus, ...] = ()
        self._said = ""

    @staticmethod
    def of(
        name: str,
        url: ServiceUrl,
        *,
        interval_s: float = INTERVAL_MS / 1000,
        timeout_s: float = TIMEOUT_MS / 1000,
        labels: Mapping[str, str] | None = None,
    ) -> Source:
        """`name` becomes the job, the URL's host and port the instance; `labels` stand on every series.

        A loop that asks more often than `interval_s` gets the last reading again.
        """
        made = ServiceCollector(name, url, interval_s=interval_s, timeout_s=timeout_s, labels=labels)
        return Source(name, url.instance, made.gather, made.status)

    def status(self) -> Sequence[CollectorStatus]:
        """The service itself and then its parts, as of the last reading."""
        return self._status

    def gather(self) -> Sequence[Family]:
        """One reading. Raises nothing that the service or its driver does."""
        now_s = self._monotonic()
        if self._read_s is not None and now_s - self._read_s < self._interval_s - EARLY_S:
            return self._families
        self._read_s = now_s
        self._families = self._read(now_s)
        return self._families

    def close(self) -> None:
        """Lets go of the connection; the next reading opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _read(self, begin_s: float) -> list[Family]:
        told = Builder()
        error = self._connect(begin_s + self._timeout_s)
        answered_s = self._monotonic()
        outcomes = self._parts(told, begin_s + self._timeout_s) if not error else []
        failed = [outcome for outcome in outcomes if outcome.error and not outcome.absent]
        first = error or next((f"{outcome.part}: {outcome.error}" for outcome in failed), "")
        self._readings += 1
        duration_s = round(self._monotonic() - begin_s, 6)
        head = Builder()
        head.gauge(*self._type.up, (), float(not error))
        head.gauge("probe_success", "Displays whether or not the probe was a success", (), float(not error))
        text = "Returns how long the probe took to complete in seconds"
        head.gauge("probe_duration_seconds", text, (), round(answered_s - begin_s, 6))
        self._type.report(head, Reading(outcomes, duration_s, self._readings, first))
        own = CollectorStatus(f"{self._name} {self._url.instance}", not error, duration_s, error)
        self._status = (own, *(self._row(outcome) for outcome in outcomes))
        self._tell(first)
        return list(_bounded(_labelled([*head.families(), *told.families()], self._labels)))

    def _row(self, outcome: Outcome) -> CollectorStatus:
        name = f"{self._name} {self._url.instance}: {outcome.part}"
        return CollectorStatus(
            name, outcome.absent or not outcome.error, outcome.duration_s, outcome.error, outcome.absent
        )

    def _connect(self, deadline_s: float) -> str:
        """A session that has just proved to be alive, or why there is none."""
        if self._session is not None:
            try:
                self._session.check()
            # A kept connection breaks whenever the service restarts, and drivers say so in many ways.
            except Exception as err:  # noqa: BLE001
                self.close()
                if self._monotonic() >= deadline_s:
                    return self._words(err)  # It hangs: a new connection would only hang as long again.
            else:
                return ""
        try:
            self._secret = read_secret(self._url.password)
            self._session = self._type(self._url, self._secret, self._timeout_s)
            self._session.check()
        # Whatever the driver raises is told as "down": it must not hide the series that says so.
        except Exception as err:  # noqa: BLE001
            self.close()
            return self._words(err)
        return ""

    def _parts(self, builder: Builder, deadline_s: float) -> list[Outcome]:
        assert self._session is not None
        outcomes: list[Outcome] = []
        lost = ""
        keep = True
        for part, read in self._session.parts():
            begin_s = self._monotonic()
            error, absent = lost or ("left out: the time is up" if begin_s >= deadline_s else ""), False
            if not error:
                try:
                    read(builder)
                except Absent as none:
                    error, absent = str(none), True
                except (Lost, OSError, EOFError) as err:
                    error = lost = self._words(err)
                # A statement that was refused, or a bug of ours in reading its answer: the other parts go on.
                except Exception as err:  # noqa: BLE001
                    error, keep = self._words(err), False
            outcomes.append(Outcome(part, round(self._monotonic() - begin_s, 6), error, absent))
        if lost or not keep:
            self.close()  # What a failed part left unread would be taken for the answer to the next question.
        return outcomes

    def _words(self, err: BaseException) -> str:
        told = " ".join(self._type.explain(err).split())[:ERROR_MAX]
        # Drivers do not tell passwords, but servers may quote what they were sent.
        return told.replace(self._secret, HIDDEN) if self._secret else told

    def _tell(self, error: str) -> None:
        """Once per kind of trouble and once when it is over; a line per reading would only hide others."""
        if error and error != self._said:
            _log.warning("%s at %s: %s", self._name, self._url.shown, error)
        elif not error and self._said:
            _log.info("%s at %s answers again", self._name, self._url.shown)
        self._said = error


def _labelled(families: Iterable[Family], labels: Pairs) -> Iterable[Family]:
    if not labels:
        return families
    return (
        Family(
            family.name,
            family.type,
            family.help,
            tuple(Sample(name, _with(own, labels), value) for name, own, value in family.samples),
            family.unit,
        )
        for family in families
    )


def _with(own: Pairs, labels: Pairs) -> Pairs:
    """What the service tells wins over what the configuration adds."""
    names = {name for name, _ in own}
    return (*own, *(pair for pair in labels if pair[0] not in names))


def _bounded(families: Iterable[Family]) -> Iterable[Family]:
    room = SAMPLES_MAX
    for family in families:
        if len(family.samples) > room:
            _log.warning("%s is left out: the service tells more than %d samples", family.name, SAMPLES_MAX)
            continue
        room -= len(family.samples)
        yield family
