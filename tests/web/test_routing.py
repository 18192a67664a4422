from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.access import Access
from hannun.model.http import Endpoint
from hannun.web.routing import Found, Routes, WrongMethod


async def handler(_: Any) -> Any:
    raise AssertionError("never called here")


def endpoint(method: str, path: str, prefix: str = "", at_root: bool = True) -> Endpoint:
    return Endpoint(method, path, handler, Access.VIEW, prefix, at_root)


QUERY = endpoint("GET", "/api/v1/query", "/prometheus")
QUERY_POST = endpoint("POST", "/api/v1/query", "/prometheus")
VALUES = endpoint("GET", "/api/v1/label/{name}/values", "/prometheus")
READY = endpoint("GET", "/ready", "/loki", at_root=False)
USER = endpoint("PATCH", "/users/{id:int}")
ME = endpoint("GET", "/users/me")
ONE = endpoint("GET", "/users/{id:int}")
ENVELOPE = endpoint("POST", "/api/{project:int}/envelope/")
PAGE = endpoint("GET", "/hosts")
BELOW = endpoint("GET", "/hosts/{rest:path}")
HOME = endpoint("GET", "/")
ROUTES = Routes([QUERY, QUERY_POST, VALUES, READY, USER, ME, ONE, ENVELOPE, PAGE, BELOW, HOME])


@pytest.mark.parametrize(
    ("method", "path", "found", "params"),
    [
        ("GET", "/", HOME, {}),
        ("GET", "/api/v1/query", QUERY, {}),
        ("POST", "/api/v1/query", QUERY_POST, {}),
        ("HEAD", "/api/v1/query", QUERY, {}),
        ("GET", "/prometheus/api/v1/query", QUERY, {}),
        ("GET", "/api/v1/%71uery", QUERY, {}),
        ("GET", "/api/v1/label/job/values", VALUES, {"name": "job"}),
        ("GET", "/prometheus/api/v1/label/job/values", VALUES, {"name": "job"}),
        ("GET", "/api/v1/label/a%2Fb/values", VALUES, {"name": "a/b"}),
        ("GET", "/api/v1/label/%EA%B0%80/values", VALUES, {"name": "가"}),
        ("GET", "/api/v1/label/%FF/values", VALUES, {"name": "\ufffd"}),
        ("GET", "/api/v1/label/%00/values", VALUES, {"name": "\0"}),
        ("GET", "/api/v1/label/../values", VALUES, {"name": ".."}),
        ("GET", "/loki/ready", READY, {}),
        ("GET", "/users/me", ME, {}),
        ("GET", "/users/7", ONE, {"id": 7}),
        ("PATCH", "/users/7", USER, {"id": 7}),
        ("POST", "/api/1/envelope/", ENVELOPE, {"project": 1}),
        ("GET", "/hosts/a/b%2Fc", BELOW, {"rest": "a/b/c"}),
        ("GET", "/hosts/", BELOW, {"rest": ""}),
    ],
)
def test_what_answers(method: str, path: str, found: Endpoint, params: dict[str, Any]) -> None:
    assert ROUTES.find(method, path) == Found(found, params)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "//",
        "/api/v1/query/",
        "//api/v1/query",
        "/api//v1/query",
        "/api/v1/./query",
        "/api/v1/x/../query",
        "/api%2Fv1%2Fquery",
        "/api/v1%2Fquery",
        "/API/v1/query",
        "/api/v1/query;x=1",
        "/api/v1/query%00",
        "/api/v1/query%20",
        "\\api\\v1\\query",
        "api/v1/query",
        "http://host/api/v1/query",
        "/ready",
        "/users/x",
        "/users/-1",
        "/users/٣",
        "/users/" + "9" * 19,
        "/users/7/",
        "/api/1/envelope",
        "/api/v1/label//values",
        "/hosts%2Fx",
        "/prometheus",
        "/prometheus/users/me",
        "/x" * 10_000,
    ],
)
def test_what_is_not_there(path: str) -> None:
    assert ROUTES.find("GET", path) is None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/query", ("GET", "HEAD", "POST")),
        ("GET", "/api/1/envelope/", ("POST",)),
        ("HEAD", "/api/1/envelope/", ("POST",)),
        ("POST", "/users/7", ("GET", "HEAD", "PATCH")),
        ("get", "/api/v1/query", ("GET", "HEAD", "POST")),
    ],
)
def test_wrong_methods(method: str, path: str, allowed: tuple[str, ...]) -> None:
    assert ROUTES.find(method, path) == WrongMethod(allowed)


@pytest.mark.parametrize(
    "pair",
    [
        [QUERY, endpoint("GET", "/api/v1/query")],
        [QUERY, endpoint("GET", "/prometheus/api/v1/query")],
        [VALUES, endpoint("GET", "/api/v1/label/{label}/values")],
        [ONE, endpoint("GET", "/users/{number:int}")],
    ],
    ids=["same path", "same path under a prefix", "same shape", "same shape of numbers"],
)
def test_two_answers_to_one_question_are_refused(pair: list[Endpoint]) -> None:
    with pytest.raises(ValueError, match=r"twice|match the same"):
        Routes(pair)


@given(st.text(min_size=1, max_size=40))
def test_a_parameter_is_what_the_client_quoted(name: str) -> None:
    try:
        quoted = quote(name, safe="")
    except UnicodeEncodeError:
        return
    assert ROUTES.find("GET", f"/api/v1/label/{quoted}/values") == Found(VALUES, {"name": name})


@given(st.sampled_from(["GET", "HEAD", "POST", "x"]), st.text(max_size=60))
def test_any_path_is_found_or_not_but_never_raises(method: str, path: str) -> None:
    ROUTES.find(method, path)
    ROUTES.find(method, "/" + path)
