from __future__ import annotations

import logging
from ipaddress import ip_network
from typing import Any

import pytest

from hannun.model.access import Role
from hannun.web.auth import session_api
from hannun.web.site import Site

Build = Any
API = "/api/hannun/v1"
PASSWORD = "correct horse battery"
LOGIN = {"name": "ann", "password": PASSWORD}


async def test_an_open_server_says_so(build: Build) -> None:
    site = Site(version="1.2", lang="ko", timezone="Asia/Seoul", started_ms=7, hostname="box")
    async with build(site).client() as client:
        answer = await client.get(f"{API}/session")
    assert answer.json() == {
        "open": True,
        "user": None,
        "role": "admin",
        "csrf": "",
        "server": {
            "version": "1.2",
            "lang": "ko",
            "timezone": "Asia/Seoul",
            "base": "",
            "started_ms": 7,
            "hostname": "box",
        },
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_a_closed_server_tells_strangers_little(build: Build) -> None:
    house = build(Site(hostname="box"))
    house.user()
    async with house.client() as client:
        answer = (await client.get(f"{API}/session")).json()
    assert (answer["open"], answer["user"], answer["role"], answer["csrf"]) == (False, None, None, "")
    assert answer["server"]["hostname"] == ""


async def test_login_gives_a_session(build: Build) -> None:
    house = build()
    house.meta.users.add("ann", house.user("admin") and _hash(), Role.EDITOR, lang="ko", timezone="Asia/Seoul")
    async with house.client() as client:
        answer = await client.post(f"{API}/login", json=LOGIN)
        assert answer.status_code == 200
        assert answer.json()["user"] == {
            "id": 2,
            "name": "ann",
            "role": "editor",
            "lang": "ko",
            "timezone": "Asia/Seoul",
        }
        assert answer.json()["role"] == "editor"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("hannun_session=")
        assert cookie.endswith("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
        again = await client.get(f"{API}/session")
        assert again.json() == answer.json(), "the CSRF token of a session stays the same"


def _hash() -> str:
    from hannun.model.secret import hash_password

    return hash_password(PASSWORD)


@pytest.mark.parametrize(
    ("site", "url", "headers", "ends"),
    [
        pytest.param(Site(), "https://localhost", {}, "; Secure", id="TLS of our own"),
        pytest.param(
            Site(trusted_proxies=(ip_network("127.0.0.1"),)),
            "http://localhost",
            {"x-forwarded-proto": "https"},
            "; Secure",
            id="TLS of a trusted proxy",
        ),
        pytest.param(
            Site(), "http://localhost", {"x-forwarded-proto": "https"}, "SameSite=Lax", id="a stranger's word"
        ),
    ],
)
async def test_under_https_the_cookie_is_secure(
    build: Build, site: Site, url: str, headers: dict[str, str], ends: str
) -> None:
    house = build(site)
    house.user()
    async with house.client(url) as client:
        answer = await client.post(f"{API}/login", json=LOGIN, headers=headers)
    assert answer.headers["set-cookie"].endswith(ends)


async def test_under_a_sub_path_the_cookie_stays_there(build: Build) -> None:
    house = build(Site(external_url="http://localhost:8800/watch"))
    house.user()
    async with house.client() as client:
        answer = await client.post(f"/watch{API}/login", json=LOGIN)
        assert "; Path=/watch/;" in answer.headers["set-cookie"]
        assert (await client.get(f"/watch{API}/session")).json()["user"]["name"] == "ann"
        assert (await client.get(f"{API}/session")).json()["user"] is None, "the browser sends no cookie here"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"name": "ann", "password": "wrong"}, id="wrong password"),
        pytest.param({"name": "nobody", "password": PASSWORD}, id="unknown user"),
        pytest.param({"name": "ann", "password": ""}, id="empty password"),
        pytest.param({"name": "", "password": PASSWORD}, id="empty name"),
        pytest.param({"name": "ann", "password": "x" * 10_000}, id="huge password"),
        pytest.param({"name": "ann\nforged", "password": PASSWORD}, id="a line break"),
    ],
)
async def test_every_failed_login_answers_alike(
    build: Build, caplog: pytest.LogCaptureFixture, form: dict[str, str]
) -> None:
    house = build()
    house.user()
    async with house.client() as client:
        answer = await client.post(f"{API}/login", json=form)
        korean = await client.post(f"{API}/login", json=form, headers={"accept-language": "ko"})
    assert answer.status_code == 401
    assert answer.json() == {"error": "Name or password is wrong"}
    assert korean.json() == {"error": "이름 또는 비밀번호가 틀렸습니다"}
    assert "set-cookie" not in answer.headers
    assert all("\n" not in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"[]", 400, id="no object"),
        pytest.param(b'{"name": "ann"}', 400, id="a field is missing"),
        pytest.param(b'{"name": 1, "password": 2}', 400, id="wrong types"),
        pytest.param(b'{"name": "a", "password": "b", "role": "admin"}', 400, id="a field too many"),
        pytest.param(b"[" * 15_000, 400, id="a deep nest"),
        pytest.param(b'{"name": "\\ud800", "password": "\\udfff"}', 400, id="lone surrogates"),
        pytest.param(b'{"name": "\\u0000", "password": "\\u0000"}', 401, id="NUL"),
        pytest.param(b"x" * 20_000, 413, id="too large"),
        pytest.param(b"\xff\xfe", 400, id="no UTF-8"),
    ],
)
async def test_hostile_login_bodies(build: Build, body: bytes, status: int) -> None:
    house = build()
    house.user()
    async with house.client() as client:
        assert (await client.post(f"{API}/login", content=body)).status_code == status


async def test_a_planted_session_key_is_not_logged_in(build: Build) -> None:
    """Session fixation: the key after login is new, and the one the browser came with is dead."""
    house = build()
    house.user()
    async with await house.logged_in() as attacker, house.client(cookies=attacker.cookies) as victim:
        planted = victim.cookies["hannun_session"]
        answer = await victim.post(f"{API}/login", json=LOGIN)
        assert answer.status_code == 200
        assert answer.cookies["hannun_session"] != planted
        assert (await attacker.get(f"{API}/session")).json()["user"] is None


async def test_guessing_is_slowed_down(build: Build) -> None:
    house = build()
    house.user()
    async with house.client() as client:
        for _ in range(5):
            assert (await client.post(f"{API}/login", json={"name": "ann", "password": "no"})).status_code == 401
        answer = await client.post(f"{API}/login", json=LOGIN)
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "2"
        house.clock.advance(2)
        assert (await client.post(f"{API}/login", json=LOGIN)).status_code == 200


async def test_guessing_over_basic_counts_too(build: Build) -> None:
    house = build()
    house.user()
    async with house.client(auth=("ann", "wrong")) as client:
        answers = [(await client.get(f"{API}/users")).status_code for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2


async def test_logout_ends_the_session_everywhere(build: Build) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client, house.client(cookies=client.cookies) as copy:
        answer = await client.post(f"{API}/logout")
        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["set-cookie"]
        assert (await copy.get(f"{API}/session")).json()["user"] is None


async def test_logout_without_the_csrf_header_does_not_pretend(build: Build) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        answer = await client.post(f"{API}/logout", headers={"x-hannun-csrf": ""})
        assert answer.status_code == 403
        assert (await client.get(f"{API}/session")).json()["user"]["name"] == "ann"


async def test_logout_of_nobody_is_fine(build: Build) -> None:
    house = build()
    house.user()
    async with house.client(cookies={"hannun_session": "long gone"}) as client:
        assert (await client.post(f"{API}/logout")).status_code == 204


@pytest.mark.parametrize("csrf", ["", "wrong", "\xff"], ids=["missing", "wrong", "not ASCII"])
@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/session"), ("POST", "/users"), ("DELETE", "/users/1"), ("POST", "/tokens")]
)
async def test_changes_by_cookie_need_the_csrf_header(build: Build, csrf: str, method: str, path: str) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        headers = [("x-hannun-csrf", csrf.encode("latin-1"))]
        client.headers.pop("x-hannun-csrf")
        answer = await client.request(method, f"{API}{path}", json={}, headers=headers)
        assert answer.status_code == 403
        assert "X-Hannun-CSRF" in answer.json()["error"]


async def test_the_csrf_token_of_another_session_does_not_help(build: Build) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as one, await house.logged_in() as other:
        headers = {"x-hannun-csrf": other.headers["x-hannun-csrf"]}
        assert (await one.patch(f"{API}/session", json={}, headers=headers)).status_code == 403


async def test_own_settings(build: Build) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        answer = await client.patch(f"{API}/session", json={"lang": "ko", "timezone": "Asia/Seoul"})
        assert (answer.json()["user"]["lang"], answer.json()["user"]["timezone"]) == ("ko", "Asia/Seoul")
        assert (await client.get(f"{API}/session")).json()["user"] == answer.json()["user"]


@pytest.mark.parametrize(
    "form",
    [
        {"lang": "fr"},
        {"timezone": "Asia/Soul"},
        {"timezone": "../../etc/passwd"},
        {"timezone": "/etc/passwd"},
        {"timezone": "Asia"},
        {"timezone": "x" * 5_000},
        {"timezone": "\u0000"},
        {"password": {"old": PASSWORD, "new": "short"}},
        {"password": {"old": PASSWORD, "new": "x" * 2_000}},
        {"role": "admin"},
        {"password": "new"},
    ],
    ids=str,
)
async def test_settings_that_cannot_be(build: Build, form: dict[str, Any]) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client:
        answer = await client.patch(f"{API}/session", json=form)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]


async def test_a_new_password_needs_the_old_one_and_ends_every_other_session(build: Build) -> None:
    house = build()
    house.user()
    async with await house.logged_in() as client, await house.logged_in() as elsewhere:
        wrong = await client.patch(f"{API}/session", json={"password": {"old": "no", "new": "another password"}})
        assert wrong.status_code == 403
        right = {"password": {"old": PASSWORD, "new": "another password"}}
        answer = await client.patch(f"{API}/session", json=right)
        assert answer.status_code == 200
        assert (await elsewhere.get(f"{API}/session")).json()["user"] is None
        client.headers["x-hannun-csrf"] = answer.json()["csrf"]
        assert (await client.patch(f"{API}/session", json={"lang": "en"})).status_code == 200
        login = {"name": "ann", "password": "another password"}
        assert (await client.post(f"{API}/login", json=login)).status_code == 200


async def test_an_open_server_has_no_own_settings(build: Build) -> None:
    async with build().client() as client:
        assert (await client.patch(f"{API}/session", json={"lang": "ko"})).status_code == 403


async def test_a_hash_of_older_cost_is_made_anew_at_login(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_api, "outdated", lambda password_hash: password_hash == before)
    house = build()
    house.user()
    before = house.meta.users.all()[0].password_hash
    async with await house.logged_in() as client:
        assert house.meta.users.all()[0].password_hash != before
        assert (await client.get(f"{API}/session")).json()["user"]["name"] == "ann"
    assert await house.logged_in()


async def test_logins_stand_in_the_audit_trail_and_passwords_nowhere(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house = build()
    house.user()
    async with await house.logged_in() as client:
        await client.get(f"{API}/session")
    [row] = house.meta.audit.newest()
    assert (row.action, row.actor, row.subject, row.address) == ("login", "ann", "ann", "127.0.0.1")
    assert PASSWORD not in caplog.text
    assert client.cookies["hannun_session"] not in caplog.text
