"""The gate over a real meta store: what counts at this moment, whoever changed it."""

from __future__ import annotations

import base64
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access, Role
from hannun.model.account import TokenRole
from hannun.model.http import Endpoint, address_of, lang_of, principal_of
from hannun.observe.problems import Problems
from hannun.store.meta import MetaStore
from hannun.web.answer import json_answer
from hannun.web.auth import gate as gate_module
from hannun.web.site import Site

Build = Any
API = "/api/hannun/v1"
DAY_S = 86_400
PASSWORD = "correct horse battery"


async def who(request: Request) -> Response:
    principal = principal_of(request)
    return json_answer(
        {
            "how": principal.how,
            "role": principal.role and principal.role.name,
            "may_push": principal.may_push,
            "user": principal.user and principal.user.name,
            "token": principal.token_name,
            "address": address_of(request),
            "lang": lang_of(request),
        }
    )


WHO = [
    *(Endpoint("GET", f"/who/{access.value}", who, access) for access in Access),
    *(Endpoint("POST", f"/who/{access.value}", who, access) for access in Access),
]


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def test_an_open_server_takes_local_callers_for_its_admin(build: Build) -> None:
    async with build(endpoints=WHO).client() as client:
        answer = await client.post("/who/admin")
    assert (answer.json()["how"], answer.json()["role"], answer.json()["may_push"]) == ("open", "ADMIN", True)


@pytest.mark.parametrize(
    "headers",
    [basic("ann", "x"), {"authorization": "Bearer hnt_nothing"}, {"authorization": "Digest \x01"}, {"cookie": "x"}],
    ids=["basic", "bearer", "rubbish", "cookie"],
)
async def test_needless_credentials_are_ignored_while_open(build: Build, headers: dict[str, str]) -> None:
    async with build(endpoints=WHO).client() as client:
        assert (await client.get("/who/admin", headers=headers)).json()["how"] == "open"


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8800", 200), ("127.0.0.1", 200), ("[::1]:8800", 200), ("attacker.example", 403), ("localhost.x", 403)],
)
@pytest.mark.parametrize("path", ["/who/public", "/who/view", f"{API}/session", "/"])
async def test_dns_rebinding_ends_at_the_host_check(build: Build, host: str, status: int, path: str) -> None:
    async with build(endpoints=WHO).client() as client:
        answer = await client.get(path, headers={"host": host})
    assert answer.status_code == status
    if status == 403:
        assert host in answer.json()["error"]
        assert "--external-url" in answer.json()["hint"]


async def test_with_users_the_host_does_not_matter_because_the_login_does(build: Build) -> None:
    house = build(endpoints=WHO)
    house.user()
    async with house.client() as client:
        assert (await client.get("/who/public", headers={"host": "hannun:8800"})).status_code == 200
        assert (await client.get("/who/view", headers={"host": "hannun:8800"})).status_code == 401


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
async def test_an_open_server_is_not_open_through_a_proxy(build: Build, header: str) -> None:
    async with build(endpoints=WHO).client() as client:
        answer = await client.get("/who/view", headers={header: "203.0.113.9"})
    assert answer.status_code == 403
    assert "hannun user add" in answer.json()["hint"]


async def test_behind_a_trusted_proxy_only_local_callers_find_it_open(build: Build) -> None:
    site = Site(trusted_proxies=(ip_network("127.0.0.1"),))
    async with build(site, WHO).client() as client:
        assert (await client.get("/who/view", headers={"x-forwarded-for": "127.0.0.1"})).status_code == 200
        assert (await client.get("/who/view", headers={"x-forwarded-for": "203.0.113.9"})).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"origin": "https://attacker.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
async def test_a_foreign_page_cannot_change_anything(build: Build, headers: dict[str, str], closed: bool) -> None:
    site = Site(ingest_allow=(ip_network("127.0.0.0/8"),))
    house = build(site, WHO)
    if closed:
        house.user()
    async with house.client() as client:
        for path in ("/who/push", "/who/public"):
            assert (await client.post(path, headers=headers)).status_code == 403
        if closed:
            answer = await client.post("/who/view", headers=headers | basic("ann", PASSWORD))
            assert answer.status_code == 403, "browsers send Basic credentials along by themselves"
            bearer = house.token(TokenRole.ADMIN)
            assert (await client.post("/who/view", headers=headers | bearer)).status_code == 200


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
async def test_a_dsn_may_be_used_from_any_page_and_counts_for_nobody(build: Build, closed: bool) -> None:
    house = build(Site(), WHO)
    if closed:
        house.user()
    headers = {"origin": "https://shop.example", "sec-fetch-site": "cross-site", "host": "elsewhere.example"}
    async with house.client() as client:
        answer = await client.post("/who/dsn", headers=headers | basic("ann", PASSWORD))
    assert answer.status_code == 200
    assert (answer.json()["how"], answer.json()["may_push"]) == ("anonymous", False)


CREDENTIALS = ("nothing", "wrong token", "viewer token", "push token", "basic token", "password", "wrong password")


@pytest.mark.parametrize("shown", CREDENTIALS)
async def test_what_each_kind_of_credentials_gives(build: Build, shown: str) -> None:
    house = build(endpoints=WHO)
    house.user()
    viewer, push = house.token(TokenRole.VIEWER, "v"), house.token(TokenRole.PUSH, "p")
    headers: dict[str, Any] = {
        "nothing": {},
        "wrong token": {"authorization": viewer["authorization"] + "x"},
        "viewer token": viewer,
        "push token": push,
        "basic token": basic("whoever", viewer["authorization"].removeprefix("Bearer ")),
        "password": basic("ANN", PASSWORD),
        "wrong password": basic("ann", "nope"),
    }
    wanted: dict[str, tuple[Any, ...]] = {
        "nothing": ("anonymous", None, False, None, ""),
        "wrong token": ("anonymous", None, False, None, ""),
        "viewer token": ("token", "VIEWER", False, None, "v"),
        "push token": ("token", None, True, None, "p"),
        "basic token": ("token", "VIEWER", False, None, "v"),
        "password": ("password", "ADMIN", True, "ann", ""),
        "wrong password": ("anonymous", None, False, None, ""),
    }
    async with house.client() as client:
        found = (await client.get("/who/public", headers=headers[shown])).json()
    assert (found["how"], found["role"], found["may_push"], found["user"], found["token"]) == wanted[shown]


@pytest.mark.parametrize(
    ("peer", "headers", "push", "view"),
    [
        pytest.param("10.1.2.3", {}, 200, 401, id="inside: may push, may not look"),
        pytest.param("203.0.113.9", {}, 401, 401, id="outside"),
        pytest.param("203.0.113.9", {"x-forwarded-for": "10.1.2.3"}, 401, 401, id="outside, claiming to be inside"),
        pytest.param("172.16.0.1", {"x-forwarded-for": "10.1.2.3"}, 200, 401, id="inside, through the proxy"),
        pytest.param("172.16.0.1", {"x-forwarded-for": "10.1.2.3, 203.0.113.9"}, 401, 401, id="outside, lying to it"),
        pytest.param("172.16.0.1", {}, 401, 401, id="the proxy itself"),
        pytest.param("::ffff:10.1.2.3", {}, 200, 401, id="inside, over a double-stack socket"),
        pytest.param("10.1.2.3", basic("old", "left over"), 200, 401, id="inside, with the credentials of before"),
    ],
)
async def test_networks_of_ingest_allow(build: Build, peer: str, headers: dict[str, str], push: int, view: int) -> None:
    site = Site(
        listen_host="0.0.0.0",
        ingest_allow=(ip_network("10.0.0.0/8"),),
        trusted_proxies=(ip_network("172.16.0.1"),),
    )
    house = build(site, WHO)
    house.user()
    async with house.client(peer=peer) as client:
        assert (await client.post("/who/push", headers=headers)).status_code == push
        assert (await client.get("/who/view", headers=headers)).status_code == view


async def test_a_viewer_inside_an_allowed_network_may_push_too(build: Build) -> None:
    house = build(Site(ingest_allow=(ip_network("127.0.0.0/8"),)), WHO)
    house.user()
    async with house.client() as client:
        assert (await client.post("/who/push", headers=house.token(TokenRole.VIEWER))).status_code == 200


async def test_a_revoked_token_is_dead_for_the_next_request(build: Build, tmp_path: Any) -> None:
    """Revoked on the command line, that is by another process on the same file."""
    house = build(endpoints=WHO)
    house.user()
    headers = house.token(TokenRole.VIEWER)
    command_line = MetaStore.open(tmp_path / "meta0.db", house.clock)
    async with house.client() as client:
        assert (await client.get("/who/view", headers=headers)).status_code == 200
        command_line.tokens.revoke(command_line.tokens.all()[0].id)
        assert (await client.get("/who/view", headers=headers)).status_code == 401
    command_line.close()


async def test_a_user_made_on_the_command_line_closes_an_open_server_at_once(build: Build, tmp_path: Any) -> None:
    house = build(endpoints=WHO)
    command_line = MetaStore.open(tmp_path / "meta0.db", house.clock)
    async with house.client() as client:
        assert (await client.get("/who/view")).status_code == 200
        command_line.users.add("ann", "hash", Role.ADMIN)
        assert (await client.get("/who/view")).status_code == 401
    command_line.close()


@pytest.mark.parametrize("change", ["removed", "new password", "demoted"])
async def test_sessions_and_basic_follow_the_account_at_once(build: Build, tmp_path: Any, change: str) -> None:
    house = build(endpoints=WHO)
    house.user()
    bob = house.user("bob", Role.ADMIN)
    client = await house.logged_in("bob")
    async with client, house.client(headers=basic("bob", PASSWORD)) as tool:
        for caller in (client, tool):
            assert (await caller.get("/who/admin")).status_code == 200
        command_line = MetaStore.open(tmp_path / "meta0.db", house.clock)
        match change:
            case "removed":
                command_line.users.remove(bob.id)
            case "new password":
                command_line.users.change(bob.id, password_hash="other")
            case "demoted":
                command_line.users.change(bob.id, role=Role.VIEWER)
        command_line.close()
        wanted = 403 if change == "demoted" else 401
        for caller in (client, tool):
            assert (await caller.get("/who/admin")).status_code == wanted


@pytest.mark.parametrize(
    ("use_every_days", "alive_after_days", "dead_after_days"),
    [pytest.param(None, 6.9, 7.1, id="idle"), pytest.param(5, 29.9, 30.1, id="used, but a month old")],
)
async def test_sessions_end(
    build: Build, use_every_days: float | None, alive_after_days: float, dead_after_days: float
) -> None:
    house = build(endpoints=WHO)
    house.user()
    async with await house.logged_in() as client:
        passed = 0.0
        while use_every_days and passed + use_every_days < alive_after_days:
            house.clock.advance(use_every_days * DAY_S)
            passed += use_every_days
            assert (await client.get("/who/view")).status_code == 200
        if use_every_days:
            house.clock.advance((alive_after_days - passed) * DAY_S)
            assert (await client.get("/who/view")).status_code == 200
            passed = alive_after_days
        house.clock.advance((dead_after_days - passed) * DAY_S)
        assert (await client.get("/who/view")).status_code == 401


async def test_use_is_noted_so_that_a_restart_does_not_end_sessions(build: Build) -> None:
    house = build(endpoints=WHO)
    house.user()
    async with await house.logged_in() as client:
        for _ in range(3):
            house.clock.advance(5 * DAY_S)
            assert (await client.get("/who/view")).status_code == 200
        await house.gate.note_seen()
        [account] = house.meta.users.all()
        assert account.seen_ms == house.clock.now_ms()
        house.meta.purge(idle_ms=gate_module.IDLE_MS, absolute_ms=gate_module.ABSOLUTE_MS)
        house.gate._sessions.clear()
        assert (await client.get("/who/view")).status_code == 200


async def test_sessions_in_memory_are_bounded(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "SESSIONS_CACHED_MAX", 3)
    house = build(endpoints=WHO)
    house.user()
    for _ in range(5):
        async with await house.logged_in() as client:
            assert (await client.get("/who/view")).status_code == 200
    assert len(house.gate._sessions) == 3


async def test_a_store_that_fails_stops_everything_but_what_is_public(build: Build) -> None:
    house = build(endpoints=WHO)
    house.user()
    house.meta.close()
    house.gate.meta = MetaStoreThatFails()
    async with house.client() as client:
        for path in ("/who/public", "/who/dsn"):
            assert (await client.get(path)).status_code == 200
        answer = await client.get("/who/view")
    assert answer.status_code == 503
    assert answer.json()["error"] == "no answer"


class MetaStoreThatFails:
    def generation(self) -> int:
        from hannun.model.errors import StoreUnavailable

        raise StoreUnavailable("no answer")


async def test_the_upkeep_starts_notes_and_stops(build: Build) -> None:
    house = build(endpoints=WHO)
    house.user()
    await house.gate.start()
    async with house.client() as client:
        await client.get("/who/view", headers=basic("ann", PASSWORD))
    await house.gate.stop()
    assert house.meta.users.all()[0].seen_ms == house.clock.now_ms()


async def test_a_server_that_is_open_to_all_says_so_until_a_user_closes_it(build: Build) -> None:
    problems = Problems()
    house = build(Site(listen_host="0.0.0.0", insecure_open=True, hostname="box"), WHO)
    house.gate._problems = problems
    async with house.client("http://192.168.1.7:8800") as client:
        assert (await client.get("/who/admin")).status_code == 200
        [problem] = problems.standing()
        assert "--insecure-open" in problem.what.ko
        house.user()
        assert (await client.get("/who/admin")).status_code == 401
        assert problems.standing() == []


@pytest.mark.parametrize(
    ("accept", "server", "lang"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "en", "ko"),
        ("fr", "ko", "ko"),
        ("fr", "en", "en"),
        ("en;q=0.5,ko;q=0.1", "ko", "en"),
    ],
)
async def test_answers_speak_the_callers_language(build: Build, accept: str, server: Any, lang: str) -> None:
    house = build(Site(lang=server), WHO)
    house.user()
    async with house.client(headers={"accept-language": accept}) as client:
        assert (await client.get("/who/public")).json()["lang"] == lang
        assert ("로그인" in (await client.get("/who/view")).json()["error"]) is (lang == "ko")
    house.meta.users.change(1, lang="ko")
    async with house.client(headers={"accept-language": accept} | basic("ann", PASSWORD)) as client:
        assert (await client.get("/who/view")).json()["lang"] == "ko", "the user's own choice wins"
