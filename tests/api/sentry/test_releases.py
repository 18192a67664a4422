from __future__ import annotations

import pytest

RELEASES = "/organizations/hannun/releases/"


def test_a_release_of_events_is_there_by_itself(api) -> None:
    (one,) = [one for one in api.get(RELEASES) if one["version"] == "shop@1.0.0"]
    assert (one["status"], one["shortVersion"], one["newGroups"]) == ("open", "1.0.0", 3)
    assert one["lastEvent"] >= one["firstEvent"]
    assert [(each["slug"], each["newGroups"]) for each in one["projects"]] == [("default", 3)]
    assert one["versionInfo"]["package"] == "shop"


def test_making_it_again_changes_it(api) -> None:
    said = {"version": "web@2.0.0+7", "projects": ["default"], "dateStarted": "2026-01-02T03:04:05Z"}
    assert api.call("POST", RELEASES, said).status_code == 201
    again = api.call("POST", RELEASES, {**said, "dateReleased": "2026-01-03T00:00:00.5+09:00", "url": "https://x"})
    assert again.status_code == 208
    told = api.get(f"{RELEASES}web@2.0.0%2B7/")
    assert (told["dateStarted"], told["dateReleased"]) == ("2026-01-02T03:04:05.000000Z", "2026-01-02T15:00:00.500000Z")
    assert (told["shortVersion"], told["url"]) == ("2.0.0 (7)", "https://x")
    assert told == api.get("/projects/hannun/default/releases/web%402.0.0%2B7/")


def test_commits_and_what_came_before(api) -> None:
    commit = {
        "id": "a" * 40,
        "message": "결제 고침",
        "author_name": "Kim",
        "author_email": "kim@example.com",
        "timestamp": "2026-01-01T00:00:00+09:00",
        "repository": "shop",
        "patch_set": [{"path": "shop/cart.py", "type": "M"}],
    }
    api.call("POST", RELEASES, {"version": "api@1.0.0", "projects": ["default"], "commits": [commit]})
    (told,) = api.get(f"{RELEASES}api@1.0.0/commits/")
    assert (told["id"], told["message"], told["dateCreated"]) == ("a" * 40, "결제 고침", "2025-12-31T15:00:00.000000Z")
    api.call("POST", RELEASES, {"version": "api@1.1.0", "projects": [1]})
    before = api.get(f"{RELEASES}api@1.1.0/previous-with-commits/")
    assert (before["version"], before["lastCommit"]["id"]) == ("api@1.0.0", "a" * 40)
    told = api.put(f"{RELEASES}api@1.1.0/", {"refs": [{"repository": "shop", "commit": "b" * 40}]})
    assert (told["commitCount"], told["lastCommit"]["id"]) == (1, "b" * 40)


def test_deploys(api) -> None:
    api.call("POST", RELEASES, {"version": "dep@1.0.0", "projects": []})
    made = api.call("POST", f"{RELEASES}dep@1.0.0/deploys/", {"environment": "production", "name": "blue"})
    assert made.status_code == 201
    (told,) = api.get(f"{RELEASES}dep@1.0.0/deploys/")
    assert told == made.json()
    assert told["dateFinished"] is not None
    assert api.get(f"{RELEASES}dep@1.0.0/")["lastDeploy"] == told


def test_pages_sorts_and_archived_ones(api) -> None:
    for version in ("ord@1.2.0", "ord@1.10.0", "ord@1.9.0"):
        api.call("POST", RELEASES, {"version": version, "projects": ["default"]})
    rows = api.get(RELEASES, query="ord@", sort="semver")
    assert [one["version"] for one in rows] == ["ord@1.10.0", "ord@1.9.0", "ord@1.2.0"]
    rows = api.get(RELEASES, query="ord@", sort="semver", per_page="1", cursor="0:1:0")
    assert [one["version"] for one in rows] == ["ord@1.9.0"]
    api.call("POST", RELEASES, {"version": "ord@1.9.0", "projects": [], "status": "archived"})
    assert len(api.get(RELEASES, query="ord@")) == 2
    assert len(api.get(RELEASES, query="ord@", status="archived")) == 1
    assert len(api.get("/projects/hannun/default/releases/", query="ord@")) == 3


def test_what_events_name_cannot_be_deleted(api) -> None:
    answer = api.call("DELETE", f"{RELEASES}shop@1.0.0/")
    assert answer.status_code == 400
    assert answer.json() == {"detail": "This release is referenced by active issues and cannot be removed."}
    api.call("POST", RELEASES, {"version": "gone@1.0.0"})
    assert api.call("DELETE", f"{RELEASES}gone@1.0.0/").status_code == 204
    assert api.call("GET", f"{RELEASES}gone@1.0.0/").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", RELEASES, {}, 400),
        ("POST", RELEASES, {"version": ".."}, 400),
        ("POST", RELEASES, {"version": "a/b"}, 400),
        ("POST", RELEASES, {"version": "x" * 201}, 400),
        ("POST", RELEASES, {"version": 7}, 400),
        ("POST", RELEASES, {"version": "1.0.0", "projects": ["nothing"]}, 400),
        ("POST", RELEASES, {"version": "1.0.0", "status": "half"}, 400),
        ("POST", RELEASES, {"version": "1.0.0", "dateReleased": "soon"}, 400),
        ("POST", RELEASES, {"version": "1.0.0", "commits": [{"id": ""}]}, 400),
        ("POST", "/organizations/others/releases/", {"version": "1.0.0"}, 404),
        ("PUT", f"{RELEASES}nothing/", {}, 404),
        ("GET", f"{RELEASES}%2e%2e%2fetc/", None, 404),
        ("GET", f"{RELEASES}%00/", None, 404),
        ("GET", f"{RELEASES}nothing/commits/", None, 404),
        ("GET", f"{RELEASES}nothing/previous-with-commits/", None, 404),
        ("POST", f"{RELEASES}nothing/deploys/", {"environment": "x"}, 404),
        ("POST", f"{RELEASES}shop@1.0.0/deploys/", {"environment": ""}, 400),
        ("POST", f"{RELEASES}shop@1.0.0/deploys/", {}, 400),
        ("GET", f"{RELEASES}?sort=x", None, 400),
        ("GET", f"{RELEASES}?cursor=-1:0:0", None, 400),
        ("GET", "/organizations/hannun/chunk-upload/", None, 501),
        ("POST", "/organizations/hannun/artifactbundle/assemble/", {}, 501),
        ("POST", "/projects/hannun/default/files/difs/assemble/", {}, 501),
    ],
)
def test_what_is_wrong_is_said(api, method: str, path: str, body: object, status: int) -> None:
    answer = api.call(method, path, body)
    assert (answer.status_code, list(answer.json())) == (status, ["detail"]), answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/organizations/hannun/releases/", b'{"version":"a\\ud800b"}'),
        ("/organizations/hannun/releases/", b'{"version":"a\\u0000b"}'),
        ("/organizations/hannun/releases/", b'{"version":"a\xff"}'),
        ("/organizations/hannun/releases/", b"[" * 100_000),
        ("/organizations/hannun/releases/", b'{"version":"deep@1","commits":' + b"[" * 100_000),
        ("/organizations/hannun/releases/", b'{"version":"1e400@1","projects":[1e400]}'),
        ("/organizations/hannun/releases/", b""),
        ("/organizations/hannun/releases/", b"null"),
        ("/issues/1/notes/", b'{"text":"\\ud800"}'),
        ("/issues/1/notes/", b'{"text":null}'),
        ("/organizations/hannun/releases/shop@1.0.0/deploys/", b'{"environment":"\\ud800"}'),
    ],
)  # fmt: skip
def test_bodies_that_mean_harm_are_refused_or_kept(api, path: str, body: bytes) -> None:
    answer = api.client.post(f"/api/0{path}", content=body)
    assert answer.status_code in (201, 208, 400), answer.text
    assert answer.json()


def test_a_body_is_bounded(api) -> None:
    answer = api.client.post("/api/0/organizations/hannun/releases/", content=b" " * (5 << 20))
    assert (answer.status_code, list(answer.json())) == (413, ["detail"])
