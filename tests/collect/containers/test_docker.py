"""The Docker API: asked over a real socket, seldom, and never believed to be well-behaved."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.containers.docker import (
    ANSWER_BYTES_MAX,
    LABEL_CHARS_MAX,
    LABELS_MAX,
    Runtimes,
    as_labels,
    ask_socket,
    parse_containers,
    parse_version,
)

ID = "a" * 64


@contextlib.contextmanager
def daemon(path: Path, answer: bytes) -> Iterator[list[bytes]]:
    """Something that listens on `path` and gives everybody the same bytes."""
    seen: list[bytes] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with peer:
                    seen.append(peer.recv(4_096))
                    peer.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def http_answer(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def test_a_socket_is_asked(tmp_path: Path) -> None:
    with daemon(tmp_path / "docker.sock", http_answer(b"[]")) as seen:
        assert ask_socket(str(tmp_path / "docker.sock"), "/containers/json") == b"[]"
    assert seen[0].startswith(b"GET /containers/json HTTP/1.1\r\nHost: localhost\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(http_answer(b"no", "500 Internal Server Error"), id="an error"),
        pytest.param(b"SSH-2.0-nothing\r\n\r\n", id="another protocol"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_bad_answer_is_an_error_of_a_known_kind(tmp_path: Path, answer: bytes) -> None:
    path = str(tmp_path / "docker.sock")
    with daemon(tmp_path / "docker.sock", answer), pytest.raises((OSError, http.client.HTTPException)):
        ask_socket(path, "/containers/json")


def test_an_endless_answer_is_cut(tmp_path: Path) -> None:
    body = b"x" * (ANSWER_BYTES_MAX + 10)
    with (
        daemon(tmp_path / "docker.sock", http_answer(body)),
        pytest.raises((OSError, http.client.HTTPException), match="more than"),
    ):
        ask_socket(str(tmp_path / "docker.sock"), "/containers/json")


class Daemon:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.rows: list[dict[str, object]] = [{"Id": ID, "Names": ["/web"], "Image": "nginx", "Status": "Up"}]
        self.now_s = 1_000.0
        self.fails = False

    def ask(self, _socket: str, target: str) -> bytes:
        if self.fails:
            raise PermissionError(13, "Permission denied")
        if target == "/version":
            return b'{"Version": "27.0"}'
        self.asked += 1
        return json.dumps(self.rows).encode()

    def runtimes(self) -> Runtimes:
        return Runtimes(["docker.sock"], self.ask, lambda: self.now_s)


def test_the_daemon_is_asked_again_for_a_new_container_and_else_seldom() -> None:
    daemon = Daemon()
    runtimes = daemon.runtimes()
    for _ in range(5):
        assert runtimes.known([ID])[ID].name == "web"
        daemon.now_s += 5
    assert daemon.asked == 1
    daemon.rows.append({"Id": "b" * 64, "Names": ["/db"], "Image": "postgres"})
    assert runtimes.known([ID, "b" * 64]).keys() == {ID, "b" * 64}
    assert daemon.asked == 2
    assert runtimes.version() == "27.0"


def test_containers_that_it_never_names_do_not_make_it_asked_all_the_time() -> None:
    daemon = Daemon()
    runtimes = daemon.runtimes()
    for _ in range(10):
        runtimes.known(["c" * 64])
        daemon.now_s += 1
    assert daemon.asked == 2


def test_nobody_is_asked_where_there_is_no_container() -> None:
    daemon = Daemon()
    daemon.runtimes().known([])
    assert daemon.asked == 0


def test_a_socket_that_may_not_be_opened_is_said_once_with_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    daemon = Daemon()
    daemon.fails = True
    runtimes = daemon.runtimes()
    for _ in range(4):
        assert runtimes.known([ID]) == {}
        daemon.now_s += 100
    assert len(caplog.records) == 1
    assert "group docker" in caplog.records[0].message
    daemon.fails = False
    assert runtimes.known([ID])[ID].image == "nginx"


@pytest.mark.parametrize(
    ("status", "health"),
    [("Up 3 hours (healthy)", 1.0), ("Up (unhealthy)", 0.0), ("Up (health: starting)", 0.0), ("Up 2 days", -1.0)],
)
def test_health_stands_in_the_status(status: str, health: float) -> None:
    found = parse_containers(json.dumps([{"Id": ID, "Names": ["/a"], "Status": status}]).encode())
    assert found[ID].health == health


def test_labels_are_bounded_in_number_and_length() -> None:
    labels = as_labels({f"org.example/{number}": "v" * 10_000 for number in range(1_000)})
    assert len(labels) == LABELS_MAX
    assert all(len(value) <= LABEL_CHARS_MAX for _, value in labels)
    assert labels[0][0] == "container_label_org_example_0"


def test_two_labels_whose_names_fall_together_are_one() -> None:
    assert as_labels({"a.b": "1", "a-b": "2"}) == (("container_label_a_b", "2"),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["Id", "Names", "Image", "Status", "Labels", "x"]), inner)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_gives_containers_or_a_value_error(value: object) -> None:
    for parse in (parse_containers, parse_version):
        with contextlib.suppress(ValueError):
            parse(json.dumps(value).encode())


@given(st.binary(max_size=200))
def test_any_bytes_give_containers_or_a_value_error(body: bytes) -> None:
    for parse in (parse_containers, parse_version):
        with contextlib.suppress(ValueError):
            parse(body)
