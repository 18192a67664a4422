"""Clearing and filling again and again: what a 204 deleted is gone from the next answer, until it is written again."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, WriteBody, body_of

pytestmark = pytest.mark.xdist_group("clients-scripts")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    flags = ("--no-self", "--retention", "0", "--enable-admin-api")
    data = tmp_path_factory.mktemp("delete") / "data"
    with Server(data, flags=flags) as server, httpx.Client(base_url=server.url, timeout=30) as asking:
        yield asking


def write(client: httpx.Client, labels: list[Labels], *times_ms: int, value: float = 1.0) -> None:
    body = WriteBody.of(labels, len(times_ms))
    count = len(labels) * len(times_ms)
    content = body.at(np.array(times_ms * len(labels), np.int64), np.full(count, value))
    answer = client.post("/api/v1/write", content=content, headers=HEADERS)
    assert answer.status_code == 204, answer.text


def delete(client: httpx.Client, *selectors: str, **window: object) -> None:
    asked = {"match[]": list(selectors), **window}
    answer = client.post("/api/v1/admin/tsdb/delete_series", params=asked)
    assert (answer.status_code, answer.content) == (204, b"")


def ask(client: httpx.Client, expr: str, time_s: float) -> list[tuple[dict[str, str], float]]:
    answer = client.get("/api/v1/query", params={"query": expr, "time": time_s})
    assert answer.status_code == 200, answer.text
    return [(row["metric"], float(row["value"][1])) for row in answer.json()["data"]["result"]]


def names(client: httpx.Client) -> list[str]:
    """What was written here: the server stores its own metrics all the time."""
    asked = {"match[]": '{__name__=~".+", job!="hannun"}'}
    return client.get("/api/v1/label/__name__/values", params=asked).json()["data"]


def test_twenty_rounds_of_clear_load_and_ask(client: httpx.Client) -> None:
    """The same series comes back with another value each time: nothing may be remembered of the round before."""
    steady = [Labels.of(__name__="m", n=str(n)) for n in range(3)]
    for number in range(20):
        own = Labels.of(__name__=f"only_{number}")
        write(client, [*steady, own], 0, 60_000, value=number)
        assert ask(client, "sum(m)", 60) == [({}, 3.0 * number)]
        assert ask(client, "count(sum_over_time({__name__=~'.+'}[10m]))", 60) == [({}, 4.0)]
        assert names(client) == ["m", f"only_{number}"]
        delete(client, '{__name__=~".+"}')
        assert ask(client, "m", 60) == []
        assert names(client) == []
        assert client.get("/api/v1/series", params={"match[]": "m"}).json()["data"] == []


def test_only_what_is_chosen_goes(client: httpx.Client) -> None:
    labels = [Labels.of(__name__=name, n=str(n)) for name in ("left", "right") for n in range(3)]
    write(client, labels, 0, 30_000, 60_000)
    delete(client, 'left{n="0"}')
    assert sorted(row["n"] for row, _ in ask(client, "left", 60)) == ["1", "2"]
    delete(client, 'left{n="1"}', 'right{n=~"0|1"}')
    assert sorted(row["n"] for row, _ in ask(client, '{__name__=~"left|right"}', 60)) == ["2", "2"]
    delete(client, "right", start=25, end=35)
    assert ask(client, "count_over_time(right[2m])", 60) == [({"n": "2"}, 2.0)]
    delete(client, "nobody")
    assert len(ask(client, '{__name__=~"left|right"}', 60)) == 2
    delete(client, '{n=~".+"}')
    assert names(client) == []


def test_a_deleted_series_comes_back_whole_while_it_is_being_written(client: httpx.Client) -> None:
    """The receiver may have seen a series as known just before the delete: its labels must be stored all the same."""
    enough = threading.Event()
    labels = [Labels.of(__name__="busy", n=str(n)) for n in range(20)]
    wrong: list[str] = []

    def writer(first_ms: int) -> None:
        with httpx.Client(base_url=client.base_url, timeout=30) as own:
            at_ms = first_ms
            while not enough.is_set():
                answer = own.post("/api/v1/write", content=body_of(labels, at_ms, [1.0] * 20), headers=HEADERS)
                # 503 is what a sender repeats: the series went away between the reading of the request and its commit.
                if answer.status_code not in (204, 503):
                    wrong.append(answer.text)
                at_ms += 1

    threads = [threading.Thread(target=writer, args=(1_000_000 + k * 100_000,)) for k in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            delete(client, "busy")
    finally:
        enough.set()
        for thread in threads:
            thread.join(30)
    assert wrong == []
    # After a last write every series is there under its name, by the label index and by the samples alike.
    write(client, labels, 2_000_000)
    assert len(ask(client, "busy", 2_000)) == 20
    assert len(client.get("/api/v1/series", params={"match[]": "busy"}).json()["data"]) == 20
    counted = sum(value for _, value in ask(client, "count_over_time(busy[1h])", 2_000))
    assert counted >= 20
    delete(client, "busy")
    assert ask(client, "count_over_time(busy[1h])", 2_000) == []
    assert names(client) == []


def test_a_delete_without_a_selector_is_refused(client: httpx.Client) -> None:
    for asked in (
        {},
        {"match[]": "{}"},
        {"match[]": '{a=~".*"}'},
        {"match[]": "sum(x)"},
        {"match[]": "x", "start": "y"},
    ):
        answer = client.post("/api/v1/admin/tsdb/delete_series", params=asked)
        assert answer.status_code == 400, asked
        assert answer.json()["errorType"] == "bad_data"


def test_put_is_as_good_as_post_and_get_is_not(client: httpx.Client) -> None:
    assert client.put("/api/v1/admin/tsdb/delete_series", params={"match[]": "x"}).status_code == 204
    assert client.post("/api/v1/admin/tsdb/clean_tombstones").status_code == 204
    assert client.get("/api/v1/admin/tsdb/delete_series", params={"match[]": "x"}).status_code == 405


def test_without_the_flag_nothing_is_deleted(tmp_path) -> None:
    with Server(tmp_path / "data", flags=("--no-self",)) as server:
        answer = httpx.post(f"{server.url}/api/v1/admin/tsdb/delete_series", params={"match[]": "x"})
        assert answer.status_code == 500
        assert answer.json() == {"status": "error", "errorType": "unavailable", "error": "admin APIs disabled"}
