"""memcached: a real server, and peers that are none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest


def talk(port: int, *lines: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for line in lines:
            connection.sendall(line.encode())
            connection.recv(4096)


def test_a_server_tells_what_memcached_exporter_tells(memcached, ask) -> None:
    watch = ask(f"memcached://127.0.0.1:{memcached.port}")
    before = watch.read()
    talk(memcached.port, "set k 0 0 3\r\nabc\r\n", "get k\r\n", "get nothing\r\n", "get nothing\r\n", "flush_all\r\n")
    rows = watch.read()
    assert watch.errors == {}
    assert (rows["memcached_up"], rows["probe_success"]) == (1.0, 1.0)
    assert 0 < rows["probe_duration_seconds"] < 5
    assert rows["memcached_max_connections"] == 77
    assert rows["memcached_limit_bytes"] == 16 << 20
    commands = {
        pair: rows[f'memcached_commands_total{{command="{pair[0]}", status="{pair[1]}"}}']
        - before[f'memcached_commands_total{{command="{pair[0]}", status="{pair[1]}"}}']
        for pair in [
            ("get", "hit"),
            ("get", "miss"),
            ("set", "hit"),
            ("delete", "hit"),
            ("cas", "badval"),
            ("flush", "hit"),
        ]
    }
    assert list(commands.values()) == [1, 2, 1, 0, 0, 1]
    assert rows["memcached_items_total"] == before["memcached_items_total"] + 1
    assert any(row.startswith('memcached_version{version="1.') for row in rows)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("memcached_uptime_seconds", "counter"),
        ("memcached_current_connections", "gauge"),
        ("memcached_connections_total", "counter"),
        ("memcached_connections_rejected_total", "counter"),
        ("memcached_current_bytes", "gauge"),
        ("memcached_current_items", "gauge"),
        ("memcached_items_evicted_total", "counter"),
        ("memcached_items_reclaimed_total", "counter"),
        ("memcached_read_bytes_total", "counter"),
        ("memcached_written_bytes_total", "counter"),
        ("memcached_commands_total", "counter"),
    ],
)
def test_names_and_types(memcached, ask, name: str, kind: str) -> None:
    watch = ask(f"memcached://127.0.0.1:{memcached.port}")
    watch.read()
    assert watch.types[name] == kind


Peer = Callable[[bytes], int]


@pytest.fixture
def peer() -> Iterator[Peer]:
    """`peer(answer)` -> the port of something that answers every line with these bytes."""
    listening: list[socket.socket] = []

    def serve(server: socket.socket, answer: bytes) -> None:
        try:
            while True:
                connection, _ = server.accept()
                with connection:
                    while connection.recv(4096):
                        connection.sendall(answer)
        except OSError:
            return

    def make(answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)
        threading.Thread(target=serve, args=(server, answer), daemon=True).start()
        return int(server.getsockname()[1])

    yield make
    for server in listening:
        server.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", "no memcached", id="another protocol"),
        pytest.param(b"ERROR\r\n", "'ERROR' to `version`", id="an error"),
        pytest.param(b"\xff" * 100_000, "a line without an end", id="noise"),
        pytest.param(b"", "no answer in time", id="silence"),
    ],
)
def test_a_peer_that_is_no_memcached_is_down(peer: Peer, ask, answer: bytes, words: str) -> None:
    watch = ask(f"memcached://127.0.0.1:{peer(answer)}", timeout_s=0.3)
    rows = watch.read()
    assert (rows["memcached_up"], rows["probe_success"]) == (0.0, 0.0)
    assert words in watch.errors[""]


def test_an_endless_answer_is_given_up(peer: Peer, ask) -> None:
    watch = ask(f"memcached://127.0.0.1:{peer(b'VERSION 1.6' + bytes([13, 10]) + b'STAT a b' * 900 + bytes([13, 10]))}")
    rows = watch.read()
    assert rows["memcached_up"] == 1.0
    assert set(watch.errors) == {"stats", "settings"}
