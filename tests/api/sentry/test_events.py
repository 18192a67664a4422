from __future__ import annotations

import re

import pytest


def entry(told: dict, kind: str) -> dict:
    (found,) = [one["data"] for one in told["entries"] if one["type"] == kind]
    return found


def test_an_event_is_cut_into_entries(api) -> None:
    told = api.get(f"{api.issue('TimeoutError')}events/latest/")
    assert told["eventID"] == told["id"] == f"{23:032x}"
    assert [one["type"] for one in told["entries"]] == ["exception", "breadcrumbs", "request"]
    (exception,) = entry(told, "exception")["values"]
    assert (exception["type"], exception["value"]) == ("TimeoutError", "'결제'")
    (frame,) = exception["stacktrace"]["frames"]
    assert (frame["lineNo"], frame["inApp"]) == (7, True)
    assert frame["context"] == [[6, "def add():"], [7, "    raise"], [8, ""]]
    (crumb,) = entry(told, "breadcrumbs")["values"]
    assert (crumb["message"], crumb["timestamp"]) == ("<b>", "2023-11-14T22:13:20.000000Z")
    assert entry(told, "request")["query"] == [["a", "1"], ["b", ""]]
    assert {"key": "city", "value": "서울"} in told["tags"]
    assert told["user"]["email"] == "kim@example.com"
    assert told["user"]["data"] == {"plan": "gold"}
    assert told["release"]["version"] == "shop@1.0.0"
    assert told["groupID"] == str(api.ids["TimeoutError"])


def test_events_lead_to_their_neighbours(api) -> None:
    base = f"/organizations/hannun{api.issue('TimeoutError')}events/"
    latest = api.get(f"{base}latest/")
    middle = api.get(f"{base}{latest['previousEventID']}/")
    assert (latest["nextEventID"], middle["nextEventID"]) == (None, latest["id"])
    assert api.get(f"{base}oldest/")["id"] == middle["previousEventID"]
    assert api.get(f"{base}recommended/")["groupID"] == latest["groupID"]
    rows = api.get(base)
    assert [one["eventID"] for one in rows] == [f"{number:032x}" for number in (23, 22, 21)]
    assert "entries" not in rows[0]


def test_events_are_found_by_their_id(api) -> None:
    id_ = f"{23:032x}"
    assert api.get(f"/projects/hannun/default/events/{id_}/")["eventID"] == id_
    assert api.get(f"/organizations/hannun/eventids/{id_.upper()}/")["groupId"] == str(api.ids["TimeoutError"])


@pytest.mark.parametrize("prefix", ["", "/sentry"], ids=["root", "prefix"])
@pytest.mark.parametrize("slash", ["", "/"], ids=["bare", "slash"])
@pytest.mark.parametrize(
    ("path", "key"),
    [("/api/0", "version"), ("/api/0/organizations/hannun", "slug"), ("/api/0/projects/hannun/1", "organization")],
)
def test_every_spelling_of_a_path(api, prefix: str, slash: str, path: str, key: str) -> None:
    answer = api.client.get(f"{prefix}{path}{slash}")
    assert answer.status_code == 200
    assert key in answer.json()


@pytest.mark.parametrize(
    "path",
    [
        "/organizations/",
        "/organizations/hannun/projects/",
        "/organizations/hannun/teams/",
        "/organizations/hannun/repos/",
        "/organizations/hannun/members/",
        "/projects/hannun/default/keys/",
    ],
)
def test_lists_have_links(api, path: str) -> None:
    answer = api.call("GET", path, params={"cursor": ""})
    assert answer.status_code == 200
    assert isinstance(answer.json(), list)
    assert answer.headers["link"].count('results="false"') == 2


@pytest.mark.parametrize("name", ["a%0d%0aX-Evil:%201", "%3Ca%3E%22", "%ED%8C%80", "%ff%00", "a%2Fb"])
def test_no_path_breaks_out_of_the_links(api, name: str) -> None:
    answer = api.call("GET", f"/teams/hannun/{name}/projects/?a=%0d%0ab&cursor=")
    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    assert re.fullmatch(r'<[!-~]+>; rel="previous"[^<>]+, <[!-~]+>; rel="next"[^<>]+', answer.headers["link"])


EVENTS = "/organizations/hannun/events/"


@pytest.mark.parametrize(
    ("params", "rows"),
    [
        (
            {"field": ["error.type", "count()"], "sort": "-count"},
            [["TimeoutError", 3], ["ValueError", 2], ["KeyError", 1]],
        ),
        ({"field": ["error.type", "count()"], "sort": "count()", "per_page": "1"}, [["KeyError", 1]]),
        ({"field": ["city", "count_unique(user)"]}, [["서울", 1]]),
        ({"field": "count()", "query": "error.type:*Error city:서울"}, [[6]]),
        ({"field": ["project", "level"], "query": "error.type:KeyError"}, [["default", "error"]]),
        ({"field": ["id"], "query": "project:default 결제 error.type:KeyError"}, [[f"{1:032x}"]]),
        ({"field": ["id", "timestamp"], "sort": "timestamp", "per_page": "1"}, None),
        ({"field": "id", "environment": "staging"}, []),
        ({"field": "id", "start": "2020-01-01", "end": "2020-01-02"}, []),
        ({"field": ["tags[city]"], "query": "error.type:KeyError"}, [["서울"]]),
    ],
)  # fmt: skip
def test_a_table_of_events(api, params: dict, rows: list | None) -> None:
    told = api.get(EVENTS, **params)
    found = [list(row.values()) for row in told["data"]]
    if rows is None:
        rows = [[f"{1:032x}", found[0][1]]]
    assert found == rows
    assert set(told["meta"]["fields"]) >= {key for row in told["data"] for key in row}


def test_a_table_knows_the_issue_of_an_event(api) -> None:
    told = api.get(EVENTS, field=["issue", "title"], query="error.type:KeyError")
    assert [row["issue"] for row in told["data"]] == [api.ids["KeyError"]]


def test_a_project_lists_its_events_page_by_page(api) -> None:
    seen, offset = [], 0
    while rows := api.get("/projects/hannun/default/events/", per_page="4", cursor=f"0:{offset}:0"):
        seen += rows
        offset += 4
    assert [one["eventID"] for one in seen] == [f"{number:032x}" for number in (23, 22, 21, 12, 11, 1)]
    assert seen[0]["groupID"] == str(api.ids["TimeoutError"])
    assert seen[0]["user"]["email"] == "kim@example.com"


@pytest.mark.parametrize(
    "query",
    [
        "field=p95(span.duration)",
        "field=" + "&field=".join("abcdefghijklmnopqrstuvwxyz"),
        "field=issue&field=count()",
        "field=count()&sort=title",
        "field=id&query=is:unresolved",
        "field=id&dataset=spans",
        "field=id&query=a OR b",
        "field=x%27)%20FROM%20system.tables%20--",
    ],
)
def test_what_cannot_be_asked_of_events_is_said(api, query: str) -> None:
    answer = api.call("GET", f"{EVENTS}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["detail"]), answer.text
