"""Every key of the search, over issues of which each has something of its own."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.event import EventUser
from hannun.model.issue import IssueChange, IssueQuestion, IssueStatus, Priority
from hannun.model.issue_search import ALIASES, EVENT_KEYS, ISSUE_KEYS, STATES, Compare, FreeText, Has

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def stream(shared_bench: Any) -> Any:
    """`one` is old, handled and of the browser; `two` is loud and of the server; `three` is new and resolved."""
    bench = shared_bench
    bench.put(
        bench.event(
            "one",
            at_ms=NOW_MS - 50 * HOUR_MS,
            level=2,
            handled=True,
            platform="javascript",
            environment="staging",
            release="web@1.0.0+7",
            user=EventUser(id="7", email="kim@example.com", username="kim", ip="10.0.0.1"),
            tags={"browser.name": "Chrome", "url": "https://a.example/cart?x=1", "build": "12", "star": "a*b"},
            filename="src/cart.ts",
            function="add",
            transaction="/cart",
            error_type="TypeError",
            trace_id="0123456789abcdef0123456789abcdef",
            culprit="add(cart)",
            title="TypeError: 결제 100% failed",
        )
    )
    bench.put(
        *[
            bench.event(
                "two",
                at_ms=NOW_MS - hours * HOUR_MS,
                handled=False,
                platform="python",
                environment="production",
                release="api@2.1.0",
                host="web-1",
                service="api",
                dist="arm",
                logger="app.db",
                user=f"u{hours}",
                tags={"browser.name": "Firefox", "build": "9"},
                filename="db.py",
            )
            for hours in (30, 20, 2)
        ]
    )
    bench.send("three", "three", at_ms=NOW_MS - HOUR_MS, level=4, environment="production", release="api@2.2.0-rc.1")
    ids = {name: bench.of(name).id for name in ("one", "two", "three")}
    bench.store.change([ids["three"]], IssueChange(status=IssueStatus.RESOLVED), "kim")
    bench.store.change([ids["one"]], IssueChange(assignee="team:front", priority=Priority.LOW, bookmarked=True), "kim")
    bench.store.change([ids["two"]], IssueChange(assignee="user:lee"), "kim")
    bench.store.sweep()
    return bench


def eq(key: str, *values: Any, **options: Any) -> Compare:
    return Compare(key, "=", values, **options)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        pytest.param([], "three two one", id="nothing asked"),
        pytest.param([eq("is", "unresolved")], "two one", id="is:unresolved"),
        pytest.param([eq("is", "resolved")], "three", id="is:resolved"),
        pytest.param([eq("is", "archived", "resolved")], "three", id="is of several"),
        pytest.param([eq("is", "unresolved", negated=True)], "three", id="is, negated"),
        pytest.param([eq("is", "unassigned")], "three", id="is:unassigned"),
        pytest.param([eq("is", "unhandled")], "two", id="is:unhandled"),
        pytest.param([eq("is", "for_review")], "two one", id="is:for_review"),
        pytest.param([eq("is", "linked")], "", id="is:linked"),
        pytest.param([eq("assigned", "#front")], "one", id="assigned to a team"),
        pytest.param([eq("assigned", "lee")], "two", id="assigned by bare name"),
        pytest.param([eq("assigned", "none")], "three", id="assigned:none"),
        pytest.param([eq("bookmarks", "user:kim")], "one", id="bookmarks"),
        pytest.param([eq("issue", "DEFAULT-2")], "two", id="short id"),
        pytest.param([eq("issue.priority", "high")], "three two", id="priority"),
        pytest.param([eq("issue.category", "error")], "three two one", id="category"),
        pytest.param([eq("issue.category", "cron")], "", id="another category"),
        pytest.param([eq("project", "default")], "three two one", id="project by slug"),
        pytest.param([eq("project", 2)], "", id="project by number"),
        pytest.param([eq("firstRelease", "api@*")], "three two", id="first release"),
        pytest.param([Compare("age", ">=", (NOW_MS - 24 * HOUR_MS,))], "three", id="age"),
        pytest.param([Compare("firstSeen", "<", (NOW_MS - 40 * HOUR_MS,))], "one", id="firstSeen"),
        pytest.param([Compare("lastSeen", "<=", (NOW_MS - 2 * HOUR_MS,))], "two one", id="lastSeen"),
        pytest.param([Compare("timesSeen", ">", (2,))], "two", id="timesSeen"),
        pytest.param([Compare("userCount", ">", (1,))], "two", id="userCount"),
        pytest.param([FreeText("결제")], "one", id="free text"),
        pytest.param([FreeText("100%")], "one", id="a percent sign is itself"),
        pytest.param([FreeText("typeerror*failed")], "one", id="free text with a star"),
        pytest.param([FreeText("failed", negated=True)], "three two", id="free text, negated"),
        pytest.param([eq("message", "결제")], "one", id="message"),
        pytest.param([eq("title", "TypeError: 결제 100% failed")], "one", id="title"),
        pytest.param([eq("culprit", "add(*")], "one", id="culprit"),
        pytest.param([eq("level", "warning")], "one", id="level"),
        pytest.param([Compare("level", ">=", ("error",))], "three two", id="level and worse"),
        pytest.param([eq("release", "api@2.1.0")], "two", id="release"),
        pytest.param([eq("release", "latest")], "three", id="release:latest"),
        pytest.param([eq("release.package", "api")], "three two", id="package"),
        pytest.param([eq("release.build", "7")], "one", id="build"),
        pytest.param([Compare("release.version", ">=", ("2.1",))], "three two", id="version at least"),
        pytest.param([Compare("release.version", "<", ("2.2.0",))], "three two one", id="version below: rc is below"),
        pytest.param([eq("release.version", "1.0.0")], "one", id="version"),
        pytest.param([eq("environment", "staging")], "one", id="environment"),
        pytest.param([eq("dist", "arm")], "two", id="dist"),
        pytest.param([eq("platform.name", "python", "javascript")], "two one", id="one of several"),
        pytest.param([eq("logger", "app.*")], "two", id="logger"),
        pytest.param([eq("transaction", "/cart")], "one", id="transaction"),
        pytest.param([eq("error.type", "typeerror")], "", id="exact values have a case"),
        pytest.param([eq("error.type", "type*")], "one", id="stars have none"),
        pytest.param([eq("error.value", "one")], "one", id="error.value"),
        pytest.param([eq("error.handled", "true")], "one", id="handled"),
        pytest.param([eq("error.handled", "0")], "two", id="not handled"),
        pytest.param([eq("error.unhandled", "true")], "two", id="unhandled"),
        pytest.param([eq("stack.filename", "*.ts")], "one", id="stack.filename"),
        pytest.param([eq("stack.function", "add")], "one", id="stack.function"),
        pytest.param([eq("user.email", "kim@example.com")], "one", id="user.email"),
        pytest.param([eq("user.id", "u20")], "two", id="user.id"),
        pytest.param([eq("user", "id:u20")], "two", id="user"),
        pytest.param([eq("user.username", "k?m", "kim")], "one", id="user.username"),
        pytest.param([eq("user.ip", "10.0.*")], "one", id="user.ip"),
        pytest.param([eq("trace", "0123456789abcdef0123456789abcdef")], "one", id="trace"),
        pytest.param([eq("id", f"{2:032x}")], "two", id="event id"),
        pytest.param([eq("server_name", "web-1")], "two", id="server_name"),
        pytest.param([eq("service", "api")], "two", id="service"),
        pytest.param([eq("event.type", "error")], "three two one", id="event.type"),
        pytest.param([Compare("timestamp", "<", (NOW_MS - 25 * HOUR_MS,))], "two one", id="timestamp"),
        pytest.param([eq("url", "https://a.example/*")], "one", id="url"),
        pytest.param([eq("browser.name", "Chrome")], "one", id="a tag"),
        pytest.param([eq("browser.name", "Chrome", negated=True)], "three two", id="not that tag"),
        pytest.param([eq("release", "x", tag=True)], "", id="tags[release] is a tag only"),
        pytest.param([eq("star", "a\\*b")], "one", id="a star that is a star"),
        pytest.param([Compare("build", ">", ("10",))], "one", id="tags compare as numbers"),
        pytest.param([Has("user.email")], "one", id="has a column"),
        pytest.param([Has("build", negated=True)], "three", id="has no tag"),
        pytest.param([Has("user")], "two one", id="has:user"),
        pytest.param([Has("assigned", negated=True)], "three", id="!has:assigned"),
        pytest.param([eq("environment", "production"), eq("build", "9")], "two", id="one event has both"),
        pytest.param([eq("user.id", "u20"), eq("level", "fatal")], "", id="no event has both"),
        pytest.param([eq("nobody", "'; DROP TABLE events --")], "", id="values are values"),
        pytest.param([eq("it's", "a\\tag")], "", id="names are values"),
    ],
)
def test_terms_find(stream: Any, terms: list[Any], found: str) -> None:
    assert " ".join(stream.list(*terms)) == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        pytest.param({"sort": "new"}, "three two one", id="new"),
        pytest.param({"sort": "freq"}, "two three one", id="freq"),
        pytest.param({"sort": "user"}, "two one three", id="user"),
        pytest.param({"sort": "priority"}, "three two one", id="priority"),
        pytest.param({"sort": "trends"}, "three two one", id="trends"),
        pytest.param({"start_ms": NOW_MS - 3 * HOUR_MS}, "three two", id="a window"),
        pytest.param({"start_ms": NOW_MS - 3 * HOUR_MS, "sort": "freq"}, "three two", id="freq in a window"),
        pytest.param({"end_ms": NOW_MS - 10 * HOUR_MS}, "two one", id="until"),
        pytest.param(
            {"start_ms": NOW_MS - 19 * HOUR_MS, "end_ms": NOW_MS - 3 * HOUR_MS}, "", id="a window without events"
        ),
        pytest.param({"environments": ("production",)}, "three two", id="environment"),
        pytest.param({"environments": ("staging", "production"), "sort": "user"}, "two one three", id="users there"),
        pytest.param({"projects": (1,)}, "three two one", id="project"),
        pytest.param({"projects": (2,)}, "", id="another project"),
    ],
)
def test_orders_windows_and_scopes(stream: Any, question: dict[str, Any], found: str) -> None:
    assert " ".join(stream.list(**question)) == found


@pytest.mark.parametrize(
    "question",
    [
        {"sort": "beauty"},
        {"cursor": "x"},
        {"cursor": "1:2:3"},
        {"terms": (eq("is", "unsolved"),)},
        {"terms": (eq("level", "loud"),)},
        {"terms": (eq("issue.priority", "urgent"),)},
        {"terms": (eq("timesSeen", "many"),)},
        {"terms": (Compare("title", ">", ("a",)),)},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_told(stream: Any, question: dict[str, Any]) -> None:
    with pytest.raises(BadQuery):
        stream.store.list(IssueQuestion(**question), Budget())


def test_every_key_and_state_of_the_language_is_answered(stream: Any) -> None:
    for key in sorted(ISSUE_KEYS | EVENT_KEYS):
        value = {"is": "unresolved", "level": "error", "issue.priority": "high"}.get(key, 5)
        stream.list(eq(key, value))
        stream.list(Has(key))
    for state in sorted(STATES):
        stream.list(eq("is", state))


def test_aliases_lead_to_keys() -> None:
    assert set(ALIASES.values()) <= ISSUE_KEYS | EVENT_KEYS
