from __future__ import annotations

import re
from typing import Any

import pytest

ISSUES = "/organizations/hannun/issues/"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
LINK = re.compile(r'<([^>]+)>; rel="(\w+)"; results="(\w+)"; cursor="([^"]*)"')


def titles(rows: list[dict[str, Any]]) -> list[str]:
    return [one["metadata"]["type"] for one in rows]


def test_an_issue_has_what_tools_read(api) -> None:
    (one,) = api.get(ISSUES, query="error.type:TimeoutError")
    assert one["count"] == "3"
    assert (one["userCount"], one["level"], one["platform"]) == (1, "error", "python")
    assert (one["status"], one["substatus"], one["statusDetails"]) == ("unresolved", "new", {})
    assert one["project"] == {"id": "1", "name": "default", "slug": "default", "platform": None}
    assert one["metadata"]["value"] == "'결제'"
    assert one["permalink"] == f"{api.server.url}/errors/{one['shortId']}"
    assert ISO.fullmatch(one["firstSeen"])
    assert ISO.fullmatch(one["lastSeen"])
    assert len(one["stats"]["24h"]) == 24
    assert sum(count for _, count in one["stats"]["24h"]) == 3
    wanted = "id shortId title culprit permalink logger level status statusDetails substatus isPublic platform project "
    wanted += "type metadata numComments assignedTo isBookmarked hasSeen annotations issueType issueCategory priority "
    wanted += "isUnhandled count userCount firstSeen lastSeen stats"
    assert not set(wanted.split()) - one.keys()


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"query": "", "sort": "freq"}, ["TimeoutError", "ValueError", "KeyError"]),
        ({"query": "error.type:KeyError"}, ["KeyError"]),
        ({"query": "is:resolved"}, []),
        ({"query": "city:서울", "sort": "freq", "limit": "1"}, ["TimeoutError"]),
        ({"project": "default", "sort": "freq"}, ["TimeoutError", "ValueError", "KeyError"]),
        ({"project": "-1", "sort": "freq", "statsPeriod": "24h"}, ["TimeoutError", "ValueError", "KeyError"]),
        ({"environment": "staging"}, []),
        ({"start": "2020-01-01T00:00:00", "end": "2020-01-02T00:00:00Z"}, []),
        ({"collapse": ["stats", "filtered"], "query": "error.type:ValueError"}, ["ValueError"]),
    ],
    ids=[
        "by number",
        "by type",
        "no state",
        "tag",
        "of a project",
        "of all, a day",
        "environment",
        "then",
        "collapsed",
    ],
)
def test_lists(api, params: dict[str, Any], found: list[str]) -> None:
    rows = api.get(ISSUES, **params)
    assert titles(rows) == found
    assert all(("stats" in one) is ("collapse" not in params) for one in rows)
    assert titles(api.get("/projects/hannun/default/issues/", **params)) == found


def test_pages_follow_each_other_and_back(api) -> None:
    seen, cursor = [], ""
    for _ in range(3):
        answer = api.call("GET", ISSUES, params={"query": "", "sort": "freq", "limit": "1", "cursor": cursor})
        seen += titles(answer.json())
        links = {rel: (results, cursor) for _, rel, results, cursor in LINK.findall(answer.headers["link"])}
        assert answer.headers["x-hits"] == "3"
        results, cursor = links["next"]
        assert results == ("true" if len(seen) < 3 else "false")
    assert seen == ["TimeoutError", "ValueError", "KeyError"]
    results, cursor = links["previous"]
    assert results == "true"
    back = api.get(ISSUES, query="", sort="freq", limit="1", cursor=cursor)
    assert titles(back) == ["ValueError"]


@pytest.mark.parametrize(
    ("said", "after", "details"),
    [
        ({"status": "resolved"}, ("resolved", None), {}),
        (
            {"status": "resolved", "statusDetails": {"inNextRelease": True}},
            ("resolved", None),
            {"inNextRelease": True},
        ),
        ({"status": "resolvedInNextRelease"}, ("resolved", None), {"inNextRelease": True}),
        (
            {"status": "resolved", "statusDetails": {"inRelease": "latest"}},
            ("resolved", None),
            {"inRelease": "shop@1.0.0"},
        ),
        (
            {"status": "resolved", "statusDetails": {"inCommit": {"repository": "shop", "commit": "abc"}}},
            ("resolved", None),
            {"inCommit": {"id": "abc", "repository": "shop"}},
        ),
        (
            {"status": "ignored", "statusDetails": {"ignoreCount": 10, "ignoreWindow": 60}},
            ("ignored", "archived_until_condition_met"),
            {"ignoreCount": 10, "ignoreWindow": 60},
        ),
        (
            {"status": "ignored", "substatus": "archived_until_escalating"},
            ("ignored", "archived_until_escalating"),
            {},
        ),
        ({"status": "ignored"}, ("ignored", "archived_forever"), {}),
        ({"status": "unresolved"}, ("unresolved", "ongoing"), {}),
    ],
    ids=["resolved", "next", "next, old", "latest", "commit", "count", "escalating", "for ever", "unresolved"],
)
def test_states(api, said: dict[str, Any], after: tuple[str, str | None], details: dict[str, Any]) -> None:
    told = api.put(api.issue("KeyError"), said)
    assert (told["status"], told["substatus"]) == after
    assert told["statusDetails"] == details
    api.put(api.issue("KeyError"), {"status": "unresolved"})


def test_an_issue_is_archived_for_a_time(api) -> None:
    told = api.put(api.issue("KeyError"), {"status": "ignored", "ignoreDuration": 30})
    assert ISO.fullmatch(told["statusDetails"]["ignoreUntil"])
    api.put(api.issue("KeyError"), {"status": "unresolved"})


def test_marks_priority_and_assignee(api) -> None:
    told = api.put(
        f"{ISSUES}{api.ids['ValueError']}/",
        {"assignedTo": "user:kim", "priority": "low", "isBookmarked": True, "hasSeen": True},
    )
    assert told["assignedTo"] == {"type": "user", "id": "kim", "name": "kim", "email": "kim"}
    assert (told["priority"], told["isBookmarked"], told["hasSeen"]) == ("low", True, True)
    assert titles(api.get(ISSUES, query="assigned:kim")) == ["ValueError"]
    told = api.put(api.issue("ValueError"), {"assignedTo": None, "isBookmarked": False})
    assert (told["assignedTo"], told["isBookmarked"], told["hasSeen"]) == (None, False, True)


def test_many_at_once_by_number_and_by_search(api) -> None:
    ids = "&".join(f"id={api.ids[kind]}" for kind in ("KeyError", "ValueError"))
    told = api.put(f"{ISSUES}?{ids}", {"status": "resolved"})
    assert told == {"status": "resolved", "statusDetails": {}, "substatus": None}
    assert sorted(titles(api.get(ISSUES, query="is:resolved"))) == ["KeyError", "ValueError"]
    api.put(f"{ISSUES}?query=is:resolved", {"status": "unresolved"})
    assert api.call("PUT", f"{ISSUES}?query=is:resolved", {"status": "unresolved"}).status_code == 204


def test_comments(api) -> None:
    notes = f"{api.issue('KeyError')}notes/"
    made = api.call("POST", notes, {"text": "확인했습니다 <b>"})
    assert made.status_code == 201
    assert [(one["type"], one["data"]["text"]) for one in api.get(notes)] == [("note", "확인했습니다 <b>")]
    assert api.get(api.issue("KeyError"))["numComments"] == 1
    assert api.call("POST", notes, {"text": "  "}).status_code == 400


def test_the_page_of_an_issue(api) -> None:
    told = api.get(api.issue("TimeoutError"))
    assert told["firstRelease"]["version"] == told["lastRelease"]["version"] == "shop@1.0.0"
    assert told["activity"][-1]["type"] == "first_seen"
    assert [len(told["stats"][name]) for name in ("24h", "30d")] == [24, 30]
    assert {"city", "release"} <= {one["key"] for one in told["tags"]}
    short = told["shortId"]
    assert api.get(f"/organizations/hannun/shortids/{short}/")["groupId"] == told["id"]
    assert api.get(f"/issues/{short.lower()}/")["id"] == told["id"]
    tag = api.get(f"{api.issue('TimeoutError')}tags/city/")
    assert [(one["value"], one["count"]) for one in tag["topValues"]] == [("서울", 3)]
    assert len(api.get(f"{api.issue('TimeoutError')}hashes/")) >= 1


def test_merging_and_deleting(api) -> None:
    for number, kind in ((900, "MergeA"), (901, "MergeB")):
        api.send(_event(kind, number))
    rows = api.get(ISSUES, query="error.type:[MergeA, MergeB]")
    assert len(rows) == 2
    told = api.put(f"{ISSUES}?{'&'.join('id=' + one['id'] for one in rows)}", {"merge": 1})
    assert {told["merge"]["parent"], *told["merge"]["children"]} == {one["id"] for one in rows}
    assert api.get(f"/issues/{told['merge']['parent']}/")["count"] == "2"
    assert api.call("DELETE", f"/issues/{told['merge']['parent']}/").status_code == 202
    assert api.get(ISSUES, query="error.type:[MergeA, MergeB]") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/issues/0/", None, 404),
        ("GET", "/issues/99999999999999999999/", None, 404),
        ("GET", "/issues/-1/", None, 404),
        ("GET", "/issues/%00/", None, 404),
        ("GET", "/issues/..%2F..%2Fetc/", None, 404),
        ("GET", "/issues/" + "A" * 3000 + "/", None, 404),
        ("GET", "/issues/DEFAULT-%F0%9F%92%A5/", None, 404),
        ("GET", "/organizations/hannun/shortids/'%20OR%201=1--/", None, 404),
        ("GET", "/organizations/others/issues/", None, 404),
        ("GET", "/projects/hannun/nothing/issues/", None, 404),
        ("GET", f"{ISSUES}?project=nothing", None, 404),
        ("GET", f"{ISSUES}?sort=worst", None, 400),
        ("GET", f"{ISSUES}?cursor=x", None, 400),
        ("GET", f"{ISSUES}?cursor=99999999999999999999:1:0", None, 400),
        ("GET", f"{ISSUES}?limit=0", None, 400),
        ("GET", f"{ISSUES}?limit=1000000", None, 400),
        ("GET", f"{ISSUES}?statsPeriod=soon", None, 400),
        ("GET", f"{ISSUES}?statsPeriod=999999w", None, 200),
        ("GET", f"{ISSUES}?start=yesterday", None, 400),
        ("GET", f"{ISSUES}?start=2026-01-02&end=2026-01-01", None, 400),
        ("GET", f"{ISSUES}?query=is:what", None, 400),
        ("GET", f"{ISSUES}?groupStatsPeriod=x", None, 400),
        ("PUT", ISSUES, {"status": "resolved"}, 400),
        ("PUT", f"{ISSUES}?id=424242", {"status": "resolved"}, 404),
        ("PUT", f"{ISSUES}?query=", {"status": "gone"}, 400),
        ("PUT", f"{ISSUES}?query=", [], 400),
        ("PUT", f"{ISSUES}?query=", {"status": 7}, 400),
        ("PUT", f"{ISSUES}?query=", {"isPublic": True}, 400),
        ("PUT", f"{ISSUES}?query=", {"priority": "urgent"}, 400),
        ("PUT", f"{ISSUES}?query=", {"status": "ignored", "statusDetails": {"ignoreCount": -1}}, 400),
        ("PUT", f"{ISSUES}?query=", {"status": "resolved", "statusDetails": {"inRelease": "nothing"}}, 404),
        ("PUT", f"{ISSUES}?query=", {"status": "unresolved", "substatus": "archived_forever"}, 400),
        ("DELETE", ISSUES, None, 400),
        ("GET", "/issues/1/events/nothing/", None, 404),
        ("GET", "/issues/1/tags/nothing/", None, 404),
        ("GET", "/projects/hannun/default/events/%22%3Cscript%3E/", None, 404),
        ("GET", "/organizations/hannun/nothing/at/all/", None, 404),
        ("PATCH", "/nothing", {}, 404),
    ],
)
def test_what_is_wrong_is_said_in_sentrys_shape(api, method: str, path: str, body: object, status: int) -> None:
    answer = api.call(method, path, body)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert list(answer.json()) == ["detail"]
        assert answer.json()["detail"]


def _event(kind: str, number: int) -> dict[str, Any]:
    frame = {"filename": f"{kind}.py", "function": kind, "in_app": True}
    return {
        "event_id": f"{number:032x}",
        "platform": "python",
        "exception": {"values": [{"type": kind, "value": "x", "stacktrace": {"frames": [frame]}}]},
    }
