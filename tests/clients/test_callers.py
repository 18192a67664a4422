"""Everybody who may call, against a real server: tokens in both forms, roles, networks, loopback, names, sub-paths."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, body_of

pytestmark = pytest.mark.xdist_group("clients-callers")

PASSWORD = "correct horse battery"
ROLES = ("push", "viewer", "editor", "admin")


def hannun(data: Path, *command: str, said: str = "") -> str:
    run = [sys.executable, "-m", "hannun", *command, "--data-dir", str(data)]
    ended = subprocess.run(run, input=said, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def sample() -> bytes:
    return body_of([Labels.of(__name__="pushed")], int(time.time() * 1000), [1.0])


@dataclass(frozen=True, slots=True)
class Closed:
    """A server with a user `ann` (admin) and a token of each role; it takes pushes from 127.0.0.2 without a token."""

    server: Server
    tokens: dict[str, str]

    def client(self, who: str = "", *, from_address: str = "127.0.0.1") -> httpx.Client:
        """`who`: "", a role, "basic ROLE" (the token as password), or "ann"."""
        headers, auth = {}, None
        if who in ROLES:
            headers["authorization"] = f"Bearer {self.tokens[who]}"
        elif who.startswith("basic "):
            auth = ("anything", self.tokens[who.removeprefix("basic ")])
        elif who:
            auth = (who, PASSWORD)
        transport = httpx.HTTPTransport(local_address=from_address)
        return httpx.Client(base_url=self.server.url, headers=headers, auth=auth, transport=transport, timeout=10)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    data = tmp_path_factory.mktemp("closed") / "data"
    hannun(data, "user", "add", "ann", said=PASSWORD + "\n")
    tokens = {role: hannun(data, "token", "create", f"a {role}", "--role", role) for role in ROLES}
    flags = ("--no-self", "--enable-admin-api", "--ingest-allow", "127.0.0.2/32")
    with Server(data, flags=flags) as server:
        yield Closed(server, tokens)


def ask(client: httpx.Client) -> int:
    return client.get("/api/v1/query", params={"query": "1"}).status_code


def push(client: httpx.Client) -> int:
    return client.post("/api/v1/write", content=sample(), headers=HEADERS).status_code


def erase(client: httpx.Client) -> int:
    return client.post("/api/v1/admin/tsdb/delete_series", params={"match[]": "nobody"}).status_code


@pytest.mark.parametrize(
    ("who", "asks", "pushes", "erases"),
    [
        pytest.param("", 401, 401, 401, id="nobody"),
        pytest.param("push", 403, 204, 403, id="a push token only pushes"),
        pytest.param("viewer", 200, 403, 403, id="a viewer only reads"),
        pytest.param("editor", 200, 204, 403, id="an editor reads and pushes"),
        pytest.param("admin", 200, 204, 204, id="an admin may all"),
        pytest.param("basic push", 403, 204, 403, id="a push token as the password of Basic"),
        pytest.param("basic viewer", 200, 403, 403, id="a viewer token as the password of Basic"),
        pytest.param("basic admin", 200, 204, 204, id="an admin token as the password of Basic"),
        pytest.param("ann", 200, 204, 204, id="a user with name and password"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/prometheus"], ids=["root", "prefix"])
def test_each_caller_gets_what_is_theirs(
    closed: Closed, who: str, asks: int, pushes: int, erases: int, prefix: str
) -> None:
    with closed.client(who) as client:
        client.base_url = closed.server.url + prefix
        assert (ask(client), push(client), erase(client)) == (asks, pushes, erases)


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer hnt_wrong",
        "Bearer",
        "Bearer \xff",
        "Basic !!!",
        "Basic YW5u",
        "Basic YW5uOndyb25n",
        "Digest x",
        "x" * 8000,
    ],
)
def test_wrong_credentials_are_401_with_a_challenge(closed: Closed, authorization: str) -> None:
    headers = {b"authorization": authorization.encode("latin-1")}
    answer = httpx.get(f"{closed.server.url}/api/v1/query?query=1", headers=headers)
    assert answer.status_code in (401, 431), answer.text
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert set(answer.json()) == {"error", "hint"}


def test_a_named_network_pushes_without_a_token_and_reads_nothing(closed: Closed) -> None:
    with closed.client(from_address="127.0.0.2") as client:
        assert (ask(client), push(client), erase(client)) == (401, 204, 401)
    # A reader's token there may push as well: the network may.
    with closed.client("viewer", from_address="127.0.0.2") as client:
        assert (ask(client), push(client), erase(client)) == (200, 204, 403)


def test_a_forwarded_address_is_not_believed_from_just_anybody(closed: Closed) -> None:
    with closed.client() as client:
        client.headers["x-forwarded-for"] = "127.0.0.2"
        assert push(client) == 401


def test_a_revoked_token_is_worth_nothing_at_once(closed: Closed) -> None:
    with closed.client("admin") as admin:
        made = admin.post("/api/hannun/v1/tokens", json={"name": "short", "role": "viewer"}).json()
        headers = {"authorization": f"Bearer {made['token']}"}
        url = f"{closed.server.url}/api/v1/query?query=1"
        assert httpx.get(url, headers=headers).status_code == 200
        assert admin.delete(f"/api/hannun/v1/tokens/{made['id']}").status_code == 204
        assert httpx.get(url, headers=headers).status_code == 401


def test_health_is_for_everybody_and_metrics_are_not(closed: Closed) -> None:
    with closed.client() as client:
        assert client.get("/-/healthy").status_code == 200
        assert client.get("/-/ready").status_code == 200
        assert client.get("/metrics").status_code == 401
    with closed.client("viewer") as client:
        assert client.get("/metrics").status_code == 200


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("opened") / "data"
    with Server(data, flags=("--no-self", "--external-url", "http://localhost/watch")) as server:
        yield server


def test_open_on_loopback_takes_everybody_here(opened: Server) -> None:
    with httpx.Client(base_url=opened.url) as client:
        assert (ask(client), push(client)) == (200, 204)
        # A header that nobody needs is ignored: clients keep their settings.
        client.headers["authorization"] = "Bearer hnt_from_elsewhere"
        assert (ask(client), push(client)) == (200, 204)
        client.headers["authorization"] = "Basic YW5uOndyb25n"
        assert (ask(client), push(client)) == (200, 204)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8800", "10.0.0.1", "localhost.evil.example"])
def test_an_open_server_answers_only_to_its_own_names(opened: Server, host: str) -> None:
    answer = httpx.get(f"{opened.url}/api/v1/query?query=1", headers={"host": host})
    assert answer.status_code == 403, answer.text
    assert "--external-url" in answer.json()["hint"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:9", "[::1]:8800", "localhost:8800"])
def test_its_own_names_are_those_of_loopback(opened: Server, host: str) -> None:
    assert httpx.get(f"{opened.url}/api/v1/query?query=1", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "foreign", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_foreign_page_cannot_push_or_change(opened: Server, foreign: dict[str, str]) -> None:
    answer = httpx.post(f"{opened.url}/api/v1/write", content=sample(), headers={**HEADERS, **foreign})
    assert answer.status_code == 403


@pytest.mark.parametrize("base", ["/watch", "/watch/prometheus", "", "/prometheus"])
def test_all_of_it_answers_below_the_sub_path_too(opened: Server, base: str) -> None:
    with httpx.Client(base_url=opened.url + base) as client:
        assert (ask(client), push(client)) == (200, 204)
        assert client.get("/-/healthy").status_code == 200
        assert client.get("/api/v1/nope").status_code == 404
