"""nginx: a real server's stub_status, and pages that are none."""

from __future__ import annotations

import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.services.nginx import read_page

PAGE = """\
Active connections: 291
server accepts handled requests
 16630948 16630946 31070465
Reading: 6 Writing: 179 Waiting: 106
"""


def test_the_page_of_the_manual_is_read_in_its_order() -> None:
    assert read_page(PAGE) == (291, 16630948, 16630946, 31070465, 6, 179, 106)


@given(st.one_of(st.text(max_size=300), st.text(max_size=20).map(lambda words: PAGE.replace("291", words))))
def test_any_page_is_seven_numbers_or_a_value_error(page: str) -> None:
    try:
        assert len(read_page(page)) == 7
    except ValueError:
        return


def test_a_server_tells_what_nginx_prometheus_exporter_tells(nginx, ask) -> None:
    watch = ask(f"nginx://127.0.0.1:{nginx.port}")
    before = watch.read()
    for _ in range(3):
        urllib.request.urlopen(f"http://127.0.0.1:{nginx.port}/").read()
    rows = watch.read()
    assert watch.errors == {}
    assert (rows["nginx_up"], rows["probe_success"]) == (1.0, 1.0)
    # Ours is kept: three more connections, and one request of ours.
    assert rows["nginx_connections_accepted"] - before["nginx_connections_accepted"] == 3
    assert rows["nginx_connections_handled"] - before["nginx_connections_handled"] == 3
    assert rows["nginx_http_requests_total"] - before["nginx_http_requests_total"] == 4
    assert rows["nginx_connections_active"] >= 1
    assert rows["nginx_connections_writing"] == 1
    assert watch.types == {
        "nginx_up": "gauge",
        "probe_success": "gauge",
        "probe_duration_seconds": "gauge",
        "nginx_connections_active": "gauge",
        "nginx_connections_accepted": "counter",
        "nginx_connections_handled": "counter",
        "nginx_http_requests_total": "counter",
        "nginx_connections_reading": "gauge",
        "nginx_connections_writing": "gauge",
        "nginx_connections_waiting": "gauge",
    }


def test_an_http_url_is_taken_when_its_kind_is_told(nginx, ask) -> None:
    assert ask(f"http://127.0.0.1:{nginx.port}/stub_status", kind="nginx").read()["nginx_up"] == 1.0


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "not a stub_status page"),
        ("/denied", "HTTP status 403; allow this machine"),
    ],
)
def test_a_page_that_is_none_is_down_and_says_what_to_do(nginx, ask, path: str, words: str) -> None:
    watch = ask(f"http://127.0.0.1:{nginx.port}{path}?x", kind="nginx")
    rows = watch.read()
    assert rows["nginx_up"] == 0.0
    assert words in watch.errors[""]


def test_nobody_there_is_down(ask) -> None:
    watch = ask("nginx://127.0.0.1:9")
    assert watch.read()["nginx_up"] == 0.0
    assert watch.errors == {"": "Connection refused"}
