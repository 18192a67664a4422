from __future__ import annotations

from typing import Any

import pytest

from hannun.model.access import Role
from hannun.model.account import TokenRole

Build = Any
API = "/api/hannun/v1"
PASSWORD = "correct horse battery"
NEW = {"name": "bob", "password": "a long password", "role": "viewer"}


async def test_the_first_user_closes_an_open_server(build: Build) -> None:
    async with build().client() as client:
        refused = await client.post(f"{API}/users", json=NEW)
        assert refused.status_code == 409
        made = await client.post(f"{API}/users", json=NEW | {"role": "admin", "lang": "ko", "timezone": "Asia/Seoul"})
        assert made.status_code == 201
        wanted = {"id": 1, "name": "bob", "role": "admin", "lang": "ko", "timezone": "Asia/Seoul"}
        assert made.json() == {**wanted, "created_ms": made.json()["created_ms"], "last_seen_ms": None}
        assert (await client.get(f"{API}/users")).status_code == 401
        assert (await client.get(f"{API}/session")).json()["open"] is False


async def test_users_are_listed_changed_and_removed(build: Build) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        bob = (await client.post(f"{API}/users", json=NEW)).json()
        changed = await client.patch(f"{API}/users/{bob['id']}", json={"role": "editor", "name": "Bob"})
        assert (changed.json()["role"], changed.json()["name"]) == ("editor", "Bob")
        listed = (await client.get(f"{API}/users")).json()
        assert [(user["name"], user["role"]) for user in listed] == [("ann", "admin"), ("Bob", "editor")]
        assert listed[0]["last_seen_ms"] == house.clock.now_ms()
        assert set(listed[0]) == {"id", "name", "role", "lang", "timezone", "created_ms", "last_seen_ms"}
        assert (await client.delete(f"{API}/users/{bob['id']}")).status_code == 204
        assert len((await client.get(f"{API}/users")).json()) == 1
        assert (await client.delete(f"{API}/users/{bob['id']}")).status_code == 404
    actions = [(row.action, row.subject, row.detail) for row in house.meta.audit.newest()]
    assert actions == [
        ("user.remove", "Bob", ""),
        ("user.change", "Bob", "name role"),
        ("user.add", "bob", "viewer"),
        ("login", "ann", ""),
    ]


@pytest.mark.parametrize(("method", "form"), [("DELETE", None), ("PATCH", {"role": "viewer"})])
async def test_the_last_admin_stays(build: Build, method: str, form: Any) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        client.headers["accept-language"] = "ko"
        answer = await client.request(method, f"{API}/users/1", json=form)
    assert answer.status_code == 409
    assert "마지막 관리자" in answer.json()["error"]
    assert answer.json()["hint"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param({"name": ""}, 400, id="no name"),
        pytest.param({"name": "   "}, 400, id="blank name"),
        pytest.param({"name": "a:b"}, 400, id="a colon"),
        pytest.param({"name": "a\u0000"}, 400, id="NUL"),
        pytest.param({"name": "a\nb"}, 400, id="a line break"),
        pytest.param({"name": "a\u202eb"}, 400, id="text direction"),
        pytest.param({"name": "a\u200bb"}, 400, id="zero width"),
        pytest.param({"name": "x" * 65}, 400, id="long name"),
        pytest.param({"name": "ANN"}, 409, id="taken"),
        pytest.param({"role": "root"}, 400, id="no such role"),
        pytest.param({"role": "push"}, 400, id="a token's role"),
        pytest.param({"password": "short"}, 400, id="short password"),
        pytest.param({"password": "x" * 1_025}, 400, id="long password"),
        pytest.param({"lang": "de"}, 400, id="no such language"),
        pytest.param({"id": 7}, 400, id="a field too many"),
        pytest.param({"name": "가람"}, 201, id="Korean name"),
    ],
)
async def test_what_a_user_may_be(build: Build, form: dict[str, Any], status: int) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        answer = await client.post(f"{API}/users", json=NEW | form)
    assert answer.status_code == status, answer.text


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(build: Build) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client, house.client() as tool:
        made = await client.post(f"{API}/tokens", json={"name": "grafana", "role": "admin"})
        assert made.status_code == 201
        assert made.json()["token"].startswith("hnt_")
        tool.headers["authorization"] = f"Bearer {made.json()['token']}"
        assert (await tool.get(f"{API}/users")).status_code == 200
        [listed] = (await client.get(f"{API}/tokens")).json()
        assert "token" not in listed
        assert (listed["name"], listed["role"]) == ("grafana", "admin")
        assert listed["last_used_ms"] == house.clock.now_ms()
        assert (await client.delete(f"{API}/tokens/{listed['id']}")).status_code == 204
        assert (await tool.get(f"{API}/users")).status_code == 401
        assert (await client.get(f"{API}/tokens")).json() == []


@pytest.mark.parametrize("role", ["push", "viewer", "editor", "admin"])
async def test_token_roles(build: Build, role: str) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        assert (await client.post(f"{API}/tokens", json={"name": "t", "role": role})).json()["role"] == role


async def test_no_token_role_of_invention(build: Build) -> None:
    async with build().client() as client:
        answer = await client.post(f"{API}/tokens", json={"name": "t", "role": "root"})
    assert answer.status_code == 400
    assert "push, viewer, editor, admin" in answer.json()["error"]


async def test_tokens_of_a_removed_user_are_dead_except_those_of_hosts(build: Build) -> None:
    house = build()
    house.user()
    house.user("bob", Role.ADMIN)
    async with await house.logged_in("bob") as bob, await house.logged_in("ann") as ann:
        for role in ("admin", "push"):
            assert (await bob.post(f"{API}/tokens", json={"name": role, "role": role})).status_code == 201
        assert (await ann.delete(f"{API}/users/2")).status_code == 204
        assert [token["name"] for token in (await ann.get(f"{API}/tokens")).json()] == ["push"]
        assert (await bob.get(f"{API}/users")).status_code == 401


@pytest.mark.parametrize("role", [TokenRole.PUSH, TokenRole.VIEWER, TokenRole.EDITOR])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users"),
        ("POST", "/users"),
        ("PATCH", "/users/1"),
        ("DELETE", "/users/1"),
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("DELETE", "/tokens/1"),
    ],
)
async def test_accounts_are_for_admins(build: Build, role: TokenRole, method: str, path: str) -> None:
    house = build()
    house.user()
    async with house.client(headers=house.token(role)) as client:
        assert (await client.request(method, f"{API}{path}", json={})).status_code == 403
    async with house.client() as client:
        assert (await client.request(method, f"{API}{path}", json={})).status_code == 401


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "x", "9" * 30, "1%00", "%31x", "١"])
async def test_numbers_that_are_none(build: Build, number: str) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        assert (await client.delete(f"{API}/users/{number}")).status_code == 404
