"""A gigabyte of log lines as bodies of Loki's push, made before the clock runs, and the two clients that send them."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cramjam
import httpx
import orjson
from peers import Peer, cpu_s

from hannun.testing import log_mix
from hannun.testing.log_mix import Mix
from hannun.wire.loki.encode import encode, labels_text

CLIENTS = 2
LINES_PER_BODY = 40_000
"""9.6 MB of lines: one body alone is a commit of 8 MB."""
WITHIN_S = 600


def protobuf(mix: Mix) -> bytes:
    streams = [(labels_text(mix.streams[which].labels), lines) for which, lines in _by_stream(mix)]
    raw = encode((labels, ((ts, line, ()) for ts, line in lines)) for labels, lines in streams)
    return bytes(cramjam.snappy.compress_raw(raw))


def json(mix: Mix) -> bytes:
    return orjson.dumps(
        {
            "streams": [
                {"stream": dict(mix.streams[which].labels.pairs), "values": [[str(ts), line] for ts, line in lines]}
                for which, lines in _by_stream(mix)
            ]
        }
    )


@dataclass(frozen=True, slots=True)
class Form:
    name: str
    content_type: str
    body: Callable[[Mix], bytes]


FORMS = {
    form.name: form
    for form in (Form("protobuf", "application/x-protobuf", protobuf), Form("json", "application/json", json))
}


@dataclass(frozen=True, slots=True)
class Bodies:
    """`paths` of each client, in the order in which it sends them; `gb` of lines, alone."""

    form: Form
    paths: tuple[tuple[Path, ...], ...]
    gb: float


@dataclass(frozen=True, slots=True)
class Sent:
    """Until the last 2xx: CPU seconds of the server, and wall time."""

    cpu_s: float
    wall_s: float


def prepare(root: Path, form: str, lines: int, start_ns: int) -> Bodies:
    """Client `k` sends every `CLIENTS`-th piece of the mix."""
    folder = root / form
    folder.mkdir(parents=True)
    with _processes() as pool:
        made = list(pool.map(_make, *zip(*((folder, form, lines, start_ns, n) for n in range(CLIENTS)), strict=True)))
    return Bodies(FORMS[form], tuple([paths for paths, _ in made]), sum(size for _, size in made) / 1e9)


def send(peer: Peer, bodies: Bodies) -> Sent:
    """Both clients at once, each a process with one connection, one body after the other."""
    url = f"{peer.url}/loki/api/v1/push"
    with _processes() as pool:
        list(pool.map(time.sleep, [0.2] * CLIENTS))  # the processes are there before the clock runs
        before, began = cpu_s(peer.pid), time.monotonic()
        jobs = [pool.submit(_send, url, bodies.form.content_type, paths) for paths in bodies.paths]
        for job in jobs:
            job.result(WITHIN_S)
        return Sent(cpu_s(peer.pid) - before, time.monotonic() - began)


def _processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(CLIENTS, multiprocessing.get_context("spawn"))


def _make(folder: Path, form: str, lines: int, start_ns: int, client: int) -> tuple[tuple[Path, ...], int]:
    paths, size = [], 0
    for first in range(client * LINES_PER_BODY, lines, CLIENTS * LINES_PER_BODY):
        mix = log_mix.lines(1, min(LINES_PER_BODY, lines - first), first=first, start_ns=start_ns)
        size += mix.body.data.nbytes
        path = folder / f"{first:09d}"
        path.write_bytes(FORMS[form].body(mix))
        paths.append(path)
    return tuple(paths), size


def _send(url: str, content_type: str, paths: tuple[Path, ...]) -> None:
    with httpx.Client(timeout=60) as client:
        for path in paths:
            push(client, url, content_type, path.read_bytes())


def push(client: httpx.Client, url: str, content_type: str, body: bytes) -> None:
    """One request; sent again while the server asks for patience, as Promtail does."""
    for _ in range(200):
        answer = client.post(url, content=body, headers={"Content-Type": content_type})
        if answer.status_code == 204:
            return
        if answer.status_code not in (429, 503):
            break
        time.sleep(0.1)
    raise RuntimeError(f"{url}: {answer.status_code} {answer.text[:200]}")


def _by_stream(mix: Mix) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for position, which in enumerate(mix.which.tolist()):
        found.setdefault(which, []).append((int(mix.ts_ns[position]), mix.body[position]))
    yield from found.items()
