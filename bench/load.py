"""Remote-write load: fill a server with counters, or push from parallel senders and see what a sample costs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
import numpy as np
from peers import Peer, cpu_s, quiet

from hannun.model.labels import Labels
from hannun.testing.traffic import HEADERS, WriteBody, counters

STEP_MS = 15_000


def mixed_means(count: int, seed: int = 7) -> np.ndarray:
    """float64[count]: growth per scrape as services have it. Most series are slow (a path, a status), few are busy:
    0.1 to 100 a scrape, log-uniform."""
    return np.exp(np.random.default_rng(seed).uniform(np.log(0.1), np.log(100), count))


def busy_means(count: int, seed: int = 7) -> np.ndarray:
    """float64[count]: every series is busy, 1 to 300 a scrape, evenly."""
    return np.random.default_rng(seed).uniform(1, 300, count)


def counter_values(means: np.ndarray, steps: int, *, seed: int = 7) -> np.ndarray:
    """float64[series, steps]: request counters that grow by a Poisson number of requests per scrape."""
    grown = np.random.default_rng(seed).poisson(means[:, None], (len(means), steps))
    return np.cumsum(grown, axis=1).astype(np.float64)


def gauge_values(count: int, steps: int, *, seed: int = 7) -> np.ndarray:
    """float64[count, steps]: random walks with two decimals, such as temperatures or shares."""
    return np.round(100 + np.cumsum(np.random.default_rng(seed).normal(0, 1, (count, steps)), axis=1), 2)


def fill(peer: Peer, metric: str, count: int, hours: float, end_ms: int) -> int:
    """Store `count` counters of `hours` at 15 s; the number of samples."""
    return fill_with(peer, metric, counter_values(mixed_means(count), steps_of(hours)), end_ms)


def steps_of(hours: float) -> int:
    return int(hours * 3_600_000 / STEP_MS)


def fill_with(peer: Peer, metric: str, values: np.ndarray, end_ms: int, *, per_request: int = 20_000) -> int:
    """Store float64[series, steps] at 15 s up to `end_ms` in time order; the number of samples."""
    return fill_labels(peer, counters(metric, len(values)), values, end_ms, per_request=per_request)


def fill_labels(
    peer: Peer, labels: Sequence[Labels], values: np.ndarray, end_ms: int, *, per_request: int = 20_000
) -> int:
    """As `fill_with`, for label sets of one's own."""
    count, steps = values.shape
    first_ms = end_ms - (steps - 1) * STEP_MS
    # Each request carries some minutes of some series: what a remote-write queue sends after a pause.
    per_series = 20
    group = max(1, per_request // per_series)
    bodies = [WriteBody.of(labels[at : at + group], per_series) for at in range(0, count, group)]
    with httpx.Client(timeout=60) as client:
        for begin in range(0, steps, per_series):
            width = min(per_series, steps - begin)
            if width < per_series:
                bodies = [WriteBody.of(labels[at : at + group], width) for at in range(0, count, group)]
            ts = first_ms + (begin + np.arange(width)) * STEP_MS
            for number, body in enumerate(bodies):
                chunk = values[number * group : (number + 1) * group, begin : begin + width]
                sent = body.at(np.tile(ts, len(chunk)).astype(np.int64), chunk.ravel())
                post(client, peer, sent)
    return count * steps


def post(client: httpx.Client, peer: Peer, body: bytes) -> None:
    """One request; retried while the server asks for patience."""
    for _ in range(200):
        answer = client.post(peer.write_path(), content=body, headers=HEADERS)
        if answer.status_code in (200, 204):
            return
        if answer.status_code not in (429, 503):
            break
        time.sleep(0.05)
    raise RuntimeError(f"{peer.name}: {answer.status_code} {answer.text[:200]}")


@dataclass(frozen=True, slots=True)
class Pushed:
    samples: int
    cpu_s: float
    wall_s: float

    @property
    def per_cpu_s(self) -> float:
        return self.samples / self.cpu_s


def push(peer: Peer, *, senders: int, series_each: int, requests_each: int, start_ms: int) -> Pushed:
    """`senders` clients at once, each with its own `series_each` counters, one sample of each per request.

    The clock runs until the server is quiet again, so that merges are counted.
    """
    prepared = [list(_bodies(sender, series_each, requests_each, start_ms)) for sender in range(senders)]
    errors: list[Exception] = []

    def send(bodies: list[bytes]) -> None:
        try:
            with httpx.Client(timeout=60) as client:
                for body in bodies:
                    post(client, peer, body)
        except (httpx.HTTPError, RuntimeError) as err:
            errors.append(err)

    quiet(peer.pid, at_most_s=20)
    before, began = cpu_s(peer.pid), time.monotonic()
    threads = [threading.Thread(target=send, args=(bodies,)) for bodies in prepared]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.monotonic() - began
    if errors:
        raise errors[0]
    quiet(peer.pid)
    return Pushed(senders * series_each * requests_each, cpu_s(peer.pid) - before, wall)


def _bodies(sender: int, count: int, requests: int, start_ms: int) -> Iterator[bytes]:
    labels = counters("push_requests_total", count, job=f"sender-{sender}")
    values = counter_values(mixed_means(count, sender), requests, seed=sender)
    body = WriteBody.of(labels)
    for number in range(requests):
        yield body.at(np.full(count, start_ms + number * STEP_MS, np.int64), values[:, number])
