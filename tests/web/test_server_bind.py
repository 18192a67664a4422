"""Which addresses `--listen` opens."""

from __future__ import annotations

import socket

import pytest

from hannun.web.server import bind


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        pytest.param("127.0.0.1", ["127.0.0.1"], id="one address"),
        pytest.param("localhost", ["127.0.0.1"], id="a name"),
        pytest.param("", ["127.0.0.1", "::1"], id="an empty host is every interface in both families"),
    ],
)
def test_a_listener_is_reached_where_it_should_be(host: str, reached: list[str]) -> None:
    listener = bind(host, 0)
    with listener:
        port = listener.getsockname()[1]
        for address in reached:
            if ":" in address and not socket.has_dualstack_ipv6():
                continue
            socket.create_connection((address, port), timeout=5).close()
