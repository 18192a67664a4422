"""Names, images, labels and health of containers, by the Docker API over its socket (Podman speaks it, too).

Asked seldom: the answer is kept, and asked for again when a container is met that it does not name. Blocks; call it
from a collector's thread.
"""

from __future__ import annotations

import http.client
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

_log = logging.getLogger("hannun.collect.containers")
SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock")
TIMEOUT_S = 3.0
ANSWER_BYTES_MAX = 16 << 20
FRESH_S = 30.0
"""Health and names may change; so often they are asked for again."""
PAUSE_S = 5.0
"""Between two askings because of containers that the last answer did not name."""
RETRY_S = 60.0
"""After a socket that did not answer."""
LABELS_MAX, LABEL_CHARS_MAX = 40, 300
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_HEALTH = re.compile(r"\((healthy|unhealthy|health: starting)\)$")
HEALTH = {"healthy": 1.0, "unhealthy": 0.0, "health: starting": 0.0}
NO_HEALTH_CHECK = -1.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the runtime says about one container. `labels` as (`container_label_…`, value), sorted."""

    name: str
    image: str
    labels: tuple[tuple[str, str], ...] = ()
    health: float = NO_HEALTH_CHECK


@dataclass(slots=True)
class _Socket:
    path: str
    known: Mapping[str, Known] = field(default_factory=dict)
    version: str = ""
    asked_s: float = float("-inf")
    failed: bool = False


Ask = Callable[[str, str], bytes]
"""(socket path, request target) -> body of a 200. Raises OSError or HTTPException."""


class Runtimes:
    """Every socket that is there. `ask` and `now_s` are handed in by tests."""

    def __init__(
        self,
        sockets: Sequence[str] = SOCKETS,
        ask: Ask | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sockets = [_Socket(path) for path in sockets]
        self._ask = ask or ask_socket
        self._now_s = now_s

    def known(self, wanted: Iterable[str]) -> dict[str, Known]:
        """Container id -> what is known of it, for those of `wanted` that a runtime names."""
        ids = set(wanted)
        found: dict[str, Known] = {}
        for one in self._sockets:
            # With no container to be named there is nobody to ask.
            if ids - found.keys():
                self._refresh(one, unnamed=bool(ids - found.keys() - one.known.keys()))
                found |= {key: one.known[key] for key in ids & one.known.keys()}
        return found

    def version(self) -> str:
        """The Docker version that was last heard of, "" for none."""
        return next((one.version for one in self._sockets if one.version), "")

    def _refresh(self, one: _Socket, *, unnamed: bool) -> None:
        age_s = self._now_s() - one.asked_s
        if age_s < (RETRY_S if one.failed else PAUSE_S if unnamed else FRESH_S):
            return
        if self._ask is ask_socket and not os.path.exists(one.path):
            one.known = {}
            return
        one.asked_s = self._now_s()
        try:
            one.known = parse_containers(self._ask(one.path, "/containers/json"))
            one.version = one.version or parse_version(self._ask(one.path, "/version"))
        except (OSError, http.client.HTTPException, ValueError) as err:
            if not one.failed:
                _log.warning(
                    "containers keep their ids for names: %s: %s%s",
                    one.path,
                    err,
                    "; add the user of this process to the group docker" if isinstance(err, PermissionError) else "",
                )
            one.failed = True
            return
        one.failed = False


def parse_containers(body: bytes) -> dict[str, Known]:
    """The answer of /containers/json. Raises ValueError."""
    rows: Any = orjson.loads(body)
    if not isinstance(rows, list):
        raise ValueError("/containers/json: not a list")
    found: dict[str, Known] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("Id"), str):
            continue
        names = row.get("Names")
        name = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else row["Id"][:12]
        health = _HEALTH.search(str(row.get("Status", "")))
        labels = row.get("Labels")
        found[row["Id"]] = Known(
            name.removeprefix("/")[:LABEL_CHARS_MAX],
            str(row.get("Image", ""))[:LABEL_CHARS_MAX],
            as_labels(labels if isinstance(labels, dict) else {}),
            HEALTH[health[1]] if health else NO_HEALTH_CHECK,
        )
    return found


def as_labels(labels: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """A container's labels under cAdvisor's names, bounded; of two whose names fall together the first."""
    found: dict[str, str] = {}
    for name in sorted(map(str, labels))[:LABELS_MAX]:
        value = labels.get(name)
        if isinstance(value, str) and value:
            key = f"container_label_{_NOT_IN_NAMES.sub('_', name[:LABEL_CHARS_MAX])}"
            found.setdefault(key, value[:LABEL_CHARS_MAX])
    return tuple(sorted(found.items()))


def parse_version(body: bytes) -> str:
    """The answer of /version. Raises ValueError."""
    found: Any = orjson.loads(body)
    version = found.get("Version") if isinstance(found, dict) else None
    return str(version)[:100] if version else ""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


def ask_socket(path: str, target: str) -> bytes:
    """Raises OSError, HTTPException."""
    connection = _UnixConnection(path)
    try:
        connection.request("GET", target, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(ANSWER_BYTES_MAX + 1)
        if answer.status != 200:
            raise http.client.HTTPException(f"{target} answered {answer.status}")
        if len(body) > ANSWER_BYTES_MAX:
            raise http.client.HTTPException(f"{target} answered more than {ANSWER_BYTES_MAX} bytes")
        return body
    finally:
        connection.close()
