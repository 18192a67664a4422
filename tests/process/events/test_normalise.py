"""What becomes of an event's parts, field by field."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hannun.model.errors import WireError
from hannun.process.events.facts import EventFacts
from hannun.process.events.normalise import normalise
from hannun.testing import sentry_events

NOW_MS = sentry_events.START_MS
FACTS = EventFacts(project=1, received_ms=NOW_MS, client_ip="198.51.100.9", user_agent=sentry_events.KAKAO)


def read(raw: dict[str, Any], facts: EventFacts = FACTS) -> dict[str, Any]:
    return normalise(raw, facts)


def reasons(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(remark["type"], remark["name"]) for remark in event.get("errors", [])]


@pytest.mark.parametrize("raw", [[], "x", None, 3], ids=repr)
def test_what_is_no_object_is_refused(raw: Any) -> None:
    with pytest.raises(WireError, match="expected a JSON object"):
        normalise(raw, FACTS)


def test_an_empty_event_is_an_error_of_now_in_production() -> None:
    event = read({})
    assert len(event.pop("event_id")) == 32
    assert event == {
        "timestamp": NOW_MS / 1000,
        "received": NOW_MS / 1000,
        "platform": "other",
        "environment": "production",
        "level": "error",
        "type": "error",
    }


@pytest.mark.parametrize("name", sentry_events.ALL)
def test_what_an_sdk_sends_needs_no_remark(name: str) -> None:
    event = read(sentry_events.ALL[name](1))
    assert "errors" not in event


@pytest.mark.parametrize(
    ("told", "envelope", "kept"),
    [
        pytest.param("ABCDEF" + "0" * 26, "", "abcdef" + "0" * 26, id="upper case"),
        pytest.param("fc6d8c0c-43fc-4630-ad85-0ee518f1b9d0", "", "fc6d8c0c43fc4630ad850ee518f1b9d0", id="dashed"),
        pytest.param("1" * 32, "2" * 32, "2" * 32, id="the envelope's wins"),
        pytest.param("1" * 32, "no id", "1" * 32, id="unless it is none"),
    ],
)
def test_event_ids(told: str, envelope: str, kept: str) -> None:
    assert read({"event_id": told}, EventFacts(1, NOW_MS, event_id=envelope))["event_id"] == kept


@pytest.mark.parametrize("told", ["0" * 32, "x" * 32, "12", 7, None], ids=repr)
def test_an_event_without_an_id_gets_one_of_its_own(told: Any) -> None:
    first, second = read({"event_id": told}), read({"event_id": told})
    assert first["event_id"] != second["event_id"]


HOUR, DAY = 3600, 86_400
NOW = NOW_MS / 1000


@pytest.mark.parametrize(
    ("told", "sent_s", "kept", "remark"),
    [
        pytest.param(NOW - 5, None, NOW - 5, None, id="seconds"),
        pytest.param((NOW - 5) * 1000, None, NOW - 5, None, id="milliseconds"),
        pytest.param(str(NOW - 5), None, NOW - 5, None, id="seconds as text"),
        pytest.param("2026-11-21T02:59:00", None, NOW - 60, None, id="without an offset it is UTC"),
        pytest.param("2026-11-21T11:59:00+09:00", None, NOW - 60, None, id="of Seoul"),
        pytest.param("2026-11-21T02:59:00.123456789Z", None, NOW - 59.877, None, id="nanoseconds"),
        pytest.param(NOW + 59, None, NOW + 59, None, id="a little ahead"),
        pytest.param(NOW + 61, None, NOW, "future_timestamp", id="too far ahead"),
        pytest.param(NOW - 29 * DAY, None, NOW - 29 * DAY, None, id="a month late"),
        pytest.param(NOW - 31 * DAY, None, NOW, "past_timestamp", id="older"),
        pytest.param(0, None, NOW, "past_timestamp", id="1970"),
        pytest.param("yesterday", None, NOW, "invalid_data", id="no time"),
        pytest.param(float("inf"), None, NOW, "invalid_data", id="endless"),
        pytest.param(NOW - 90, NOW - 59 * 60, NOW - 90, None, id="a clock 59 minutes off is believed"),
        pytest.param(NOW - 5 - 2 * HOUR, NOW - 2 * HOUR, NOW - 5, "clock_drift", id="a clock two hours slow"),
        pytest.param(NOW - 5 + DAY, NOW + DAY, NOW - 5, "clock_drift", id="a clock a day fast"),
    ],
)
def test_when_it_happened(told: Any, sent_s: float | None, kept: float, remark: str | None) -> None:
    facts = EventFacts(1, NOW_MS, sent_ms=None if sent_s is None else round(sent_s * 1000))
    event = read({"timestamp": told}, facts)
    assert event["timestamp"] == pytest.approx(kept, abs=0.002)
    assert reasons(event) == ([] if remark is None else [(remark, "timestamp")])


def test_breadcrumbs_move_with_a_clock_that_is_off() -> None:
    facts = EventFacts(1, NOW_MS, sent_ms=NOW_MS - 2 * HOUR * 1000)
    event = read({"breadcrumbs": [{"timestamp": NOW - 2 * HOUR - 7, "message": "a"}]}, facts)
    assert event["breadcrumbs"]["values"] == [{"timestamp": NOW - 7, "message": "a"}]


@pytest.mark.parametrize(
    ("told", "level"),
    [("warn", "warning"), ("LOG", "info"), ("critical", "fatal"), (40, "error"), ("30", "warning"), (None, "error")],
    ids=repr,
)
def test_levels(told: Any, level: str) -> None:
    assert read({"level": told})["level"] == level


def test_a_level_that_is_none_is_an_error_and_said() -> None:
    event = read({"level": "loud"})
    assert event["level"] == "error"
    assert reasons(event) == [("invalid_data", "level")]


@pytest.mark.parametrize("exception", [[{"type": "A"}], {"values": [{"type": "A"}]}, {"type": "A"}], ids=repr)
def test_exceptions_come_in_three_forms(exception: Any) -> None:
    assert read({"exception": exception})["exception"] == {"values": [{"type": "A"}]}


@pytest.mark.parametrize(
    ("value", "kept"),
    [(None, None), (404, "404"), (True, "true"), ({"code": 1}, '{"code":1}'), ([1, "a"], '[1,"a"]')],
    ids=repr,
)
def test_the_value_of_an_exception_may_be_anything(value: Any, kept: str | None) -> None:
    [exception] = read({"exception": [{"type": "A", "value": value}]})["exception"]["values"]
    assert exception.get("value") == kept


def frames(count: int) -> list[dict[str, Any]]:
    return [{"function": f"f{at}", "in_app": True} for at in range(count)]


def test_a_stack_of_100_000_frames_keeps_both_ends_and_says_so() -> None:
    event = read({"exception": [{"type": "RecursionError", "stacktrace": {"frames": frames(100_000)}}]})
    stack = event["exception"]["values"][0]["stacktrace"]
    assert [frame["function"] for frame in stack["frames"]] == [
        f"f{at}" for at in [*range(125), *range(99_875, 100_000)]
    ]
    assert stack["frames_omitted"] == [125, 99_875]
    assert reasons(event) == [("too_many_values", "exception.values.0.stacktrace.frames")]


def test_250_frames_are_all_kept() -> None:
    event = read({"stacktrace": {"frames": frames(250)}})
    assert len(event["stacktrace"]["frames"]) == 250
    assert "errors" not in event


def test_of_a_thousand_exceptions_the_first_and_the_raised_ones_are_kept() -> None:
    event = read({"exception": [{"type": f"E{at}"} for at in range(1000)]})
    kept = [value["type"] for value in event["exception"]["values"]]
    assert kept == [f"E{at}" for at in [*range(25), *range(975, 1000)]]


def test_an_exception_that_is_its_own_ancestor_loses_its_parent() -> None:
    ids = [(0, 1), (1, 0), (2, 0), (3, 3)]
    values = [{"type": f"E{own}", "mechanism": {"exception_id": own, "parent_id": parent}} for own, parent in ids]
    event = read({"exception": values})
    assert [value["mechanism"].get("parent_id") for value in event["exception"]["values"]] == [None, None, 0, None]
    assert reasons(event) == [("invalid_data", "exception.values")]


def test_a_frame_that_cannot_be_read_keeps_its_place() -> None:
    event = read({"stacktrace": {"frames": [{"function": "a"}, None, 7, {"function": "b", "lineno": "12"}]}})
    assert event["stacktrace"]["frames"] == [{"function": "a"}, {}, {}, {"function": "b", "lineno": 12}]


@pytest.mark.parametrize(
    ("platform", "frame", "own"),
    [
        ("python", {"abs_path": "/usr/lib/python3.11/site-packages/flask/app.py"}, False),
        ("python", {"abs_path": "/usr/lib/python3.11/json/decoder.py"}, False),
        ("python", {"filename": "<frozen importlib._bootstrap>"}, False),
        ("python", {"abs_path": "/srv/shop/views.py"}, True),
        ("node", {"filename": "/srv/shop/node_modules/express/lib/router.js"}, False),
        ("node", {"filename": "node:internal/process/task_queues"}, False),
        ("node", {"filename": "/srv/shop/src/pay.js"}, True),
        ("javascript", {"abs_path": "webpack:///./node_modules/react-dom/index.js"}, False),
        ("javascript", {"abs_path": "https://shop.example.kr/app.js"}, True),
        ("php", {"filename": "/srv/shop/vendor/laravel/framework/Router.php"}, False),
        ("ruby", {"abs_path": "/usr/lib/ruby/gems/3.2.0/gems/rack-3/lib/rack.rb"}, False),
        ("java", {"module": "org.springframework.web.servlet.FrameworkServlet"}, False),
        ("java", {"module": "kr.example.shop.PayController"}, True),
        ("go", {"module": "net/http", "abs_path": "/usr/local/go/src/net/http/server.go"}, False),
        ("go", {"abs_path": "/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9/context.go"}, False),
        ("csharp", {"module": "System.Linq.Enumerable"}, False),
        ("rust", {"function": "tokio::runtime::park"}, False),
        ("native", {"function": "main", "package": "/usr/lib/libc.so"}, None),
        ("other", {"function": "main"}, None),
    ],
    ids=lambda one: str(one) if not isinstance(one, dict) else next(iter(one.values())),
)
def test_in_app_where_the_sdk_did_not_say(platform: str, frame: dict[str, str], own: bool | None) -> None:
    event = read({"platform": platform, "stacktrace": {"frames": [frame]}})
    assert event["stacktrace"]["frames"][0].get("in_app") == own


def test_in_app_of_the_sdk_stands() -> None:
    frame = {"abs_path": "/x/site-packages/a.py", "in_app": True}
    assert read({"platform": "python", "stacktrace": {"frames": [frame]}})["stacktrace"]["frames"] == [frame]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        pytest.param({"message": "plain"}, {"formatted": "plain"}, id="text"),
        pytest.param(
            {"logentry": {"message": "a %s took %.1f ms", "params": ["job", "12.5"]}},
            {"message": "a %s took %.1f ms", "params": ["job", "12.5"], "formatted": "a job took 12.5 ms"},
            id="percent",
        ),
        pytest.param(
            {"logentry": {"message": "{} of {name}", "params": {"name": "x"}}},
            {"message": "{} of {name}", "params": {"name": "x"}, "formatted": "{} of x"},
            id="braces by name",
        ),
        pytest.param(
            {"message": {"message": "100%% of %(who)s", "params": {"who": "all"}}},
            {"message": "100%% of %(who)s", "params": {"who": "all"}, "formatted": "100% of all"},
            id="percent by name, under the old key",
        ),
        pytest.param(
            {"message": "said", "logentry": {"params": [1]}}, {"params": [1], "formatted": "said"}, id="both keys"
        ),
        pytest.param({"logentry": {"message": "%s and %s", "params": ["one"]}},
                     {"message": "%s and %s", "params": ["one"], "formatted": "one and %s"}, id="too few params"),
    ],
)  # fmt: skip
def test_messages(raw: dict[str, Any], kept: dict[str, Any]) -> None:
    assert read(raw)["logentry"] == kept


def test_a_template_of_many_places_stays_within_the_bound() -> None:
    event = read({"logentry": {"message": "%s" * 2000, "params": ["x" * 8000] * 90}})
    assert len(event["logentry"]["formatted"]) <= 8192


def test_a_long_message_is_cut_and_said() -> None:
    event = read({"message": "m" * 1_000_000})
    assert len(event["logentry"]["formatted"]) == 8192
    assert reasons(event) == [("value_too_long", "logentry.formatted")]


@pytest.mark.parametrize("tags", [{"a": "b", "n": 1, "yes": True}, [["a", "b"], ["n", 1], ["yes", True]]], ids=repr)
def test_tags_are_a_map_or_pairs(tags: Any) -> None:
    assert read({"tags": tags})["tags"] == {"a": "b", "n": "1", "yes": "true"}


def test_tags_by_the_thousand_are_bounded() -> None:
    event = read({"tags": {f"k{at}": "v" * 300 for at in range(5000)} | {"k" * 300: "x"}})
    assert len(event["tags"]) == 100
    assert all(len(key) <= 200 and len(value) == 200 for key, value in event["tags"].items())
    assert event["errors"][-1]["type"] == "more_errors"


@pytest.mark.parametrize("value", [7, "/api/x", True, 1.5, ["a"], None, {"deep": {"er": 1}}], ids=repr)
def test_contexts_that_are_no_objects_are_kept_as_they_are(value: Any) -> None:
    event = read({"contexts": {"mine": value}, "extra": {"mine": value}})
    assert event["contexts"]["mine"] == value
    assert event["extra"]["mine"] == value
    assert "errors" not in event


def test_extra_that_is_no_object_is_kept_too() -> None:
    assert read({"extra": "just text"})["extra"] == "just text"


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("?a=1&b=%ED%95%9C", [["a", "1"], ["b", "한"]]),
        ({"a": "1", "b": None}, [["a", "1"], ["b", ""]]),
        ([["a", "1"], ["a", 2]], [["a", "1"], ["a", "2"]]),
        ("flag", [["flag", ""]]),
    ],
    ids=repr,
)
def test_query_strings(query: Any, pairs: list[list[str]]) -> None:
    assert read({"request": {"query_string": query}})["request"]["query_string"] == pairs


def test_a_url_is_taken_apart() -> None:
    request = read({"request": {"url": "http://x.kr/a?b=c#d"}})["request"]
    assert request == {"url": "http://x.kr/a", "fragment": "d", "query_string": [["b", "c"]]}


@pytest.mark.parametrize(
    "headers", [{"user-agent": "x", "COOKIE": "a=1; b=%20"}, [["User-Agent", "x"], ["cookie", "a=1; b=%20"]]], ids=repr
)
def test_headers_are_a_map_or_pairs_and_cookies_come_out_of_them(headers: Any) -> None:
    request = read({"request": {"headers": headers}})["request"]
    assert request == {"headers": [["User-Agent", "x"]], "cookies": [["a", "1"], ["b", " "]]}


@pytest.mark.parametrize(
    ("data", "headers", "kept", "inferred"),
    [
        ('{"a": [1]}', {}, {"a": [1]}, "application/json"),
        ("{broken", {}, "{broken", None),
        ("a=1&b=2", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
         {"a": "1", "b": "2"}, "application/x-www-form-urlencoded"),
        ("plain", {}, "plain", None),
        ({"a": 1}, {}, {"a": 1}, None),
    ],
    ids=lambda one: str(one)[:24],
)  # fmt: skip
def test_bodies(data: Any, headers: Any, kept: Any, inferred: str | None) -> None:
    request = read({"request": {"data": data, "headers": headers}})["request"]
    assert request["data"] == kept
    assert request.get("inferred_content_type") == inferred


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        pytest.param({"user": {"ip_address": "{{auto}}"}}, "198.51.100.9", id="asked for"),
        pytest.param({"user": {"id": 1}}, None, id="a server's events name nobody"),
        pytest.param({"platform": "javascript"}, "198.51.100.9", id="a browser is the visitor"),
        pytest.param({"platform": "javascript", "sdk": {"settings": {"infer_ip": "never"}}}, None, id="never"),
        pytest.param({"platform": "node", "sdk": {"settings": {"infer_ip": "auto"}}}, "198.51.100.9", id="auto"),
        pytest.param({"request": {"env": {"REMOTE_ADDR": "203.0.113.7"}}}, "203.0.113.7", id="what the server saw"),
        pytest.param({"user": {"ip_address": "2001:DB8::1"}}, "2001:db8::1", id="told"),
        pytest.param({"user": {"ip_address": "home"}}, None, id="no address"),
    ],
)
def test_the_address_of_the_user(raw: dict[str, Any], address: str | None) -> None:
    assert read(raw).get("user", {}).get("ip_address") == address


def test_attributes_of_the_senders_own_stand_in_the_users_data() -> None:
    user = read({"user": {"id": 7, "plan": "pro", "data": {"a": 1}}})["user"]
    assert user == {"id": "7", "data": {"plan": "pro", "a": 1}}


def test_the_visitor_of_a_server_and_of_a_page() -> None:
    server = read({"platform": "python", "request": {"headers": {"User-Agent": sentry_events.WHALE}}})["contexts"]
    assert server["browser"] == {"type": "browser", "name": "Whale", "version": "3.23.214.10"}
    assert server["client_os"]["name"] == "Windows"
    assert "os" not in server
    page = read({"platform": "javascript"})["contexts"]
    assert page["browser"]["name"] == "KakaoTalk"
    assert page["os"] == {"type": "os", "name": "iOS", "version": "17.1.2"}
    assert page["device"]["model"] == "iPhone"


def test_what_the_sdk_knows_of_the_browser_wins() -> None:
    raw = {"platform": "javascript", "contexts": {"browser": {"name": "Mine", "version": "1"}}}
    assert read(raw)["contexts"]["browser"] == {"name": "Mine", "version": "1"}


@pytest.mark.parametrize("name", ["unknown", "None", "null", "undefined", "n/a", "", " ", "."])
def test_what_is_no_release_names_none(name: str) -> None:
    assert "release" not in read({"release": name})


@pytest.mark.parametrize("name", ["a/b", "a\tb", "a\\b", "x" * 201, ".."])
def test_names_that_no_release_may_have_are_said(name: str) -> None:
    event = read({"release": name})
    assert "release" not in event
    assert reasons(event) == [("invalid_data", "release")]


def test_release_and_environment_of_old_clients_are_tags() -> None:
    event = read({"tags": {"release": "shop@1", "environment": "staging", "server_name": "web-1"}})
    assert (event["release"], event["environment"], event["server_name"]) == ("shop@1", "staging", "web-1")


@pytest.mark.parametrize("name", ["", "none", "a/b", "x" * 65])
def test_what_is_no_environment_is_production(name: str) -> None:
    assert read({"environment": name})["environment"] == "production"


def test_the_names_of_raven_are_read_as_those_of_today() -> None:
    event = read(sentry_events.raven())
    assert event["logentry"]["formatted"] == "day cannot be closed: 2026-11-20"
    assert event["level"] == "error"
    assert event["request"] == {"url": "http://shop/close", "method": "POST", "data": "day=2026-11-20&force=1"}
    assert event["user"] == {"id": "7", "data": {"is_authenticated": True}}
    assert event["release"] == "shop@0.9"
    assert event["sdk"] == {"name": "raven-python", "version": "6.10.0"}


def test_a_client_that_names_itself_only_on_the_wire_is_the_sdk() -> None:
    facts = EventFacts(1, NOW_MS, client="raven-js/3.27.2")
    assert read({}, facts)["sdk"] == {"name": "raven-js", "version": "3.27.2"}
    assert read({"sdk": {"name": "mine"}}, facts)["sdk"] == {"name": "mine"}


def test_ids_of_the_trace_are_hex_or_left_out() -> None:
    trace = {"trace_id": "A" * 32, "span_id": "zz", "parent_span_id": None, "op": "http"}
    event = read({"contexts": {"trace": trace}})
    assert event["contexts"]["trace"] == {"trace_id": "a" * 32, "op": "http"}
    assert reasons(event) == [("invalid_data", "contexts.trace.span_id")]


def test_a_wrong_type_is_left_out_with_a_remark_and_costs_nothing_else() -> None:
    raw = {"exception": 7, "tags": "x", "request": [], "user": "me", "threads": 3, "breadcrumbs": "no", "modules": 1}
    event = read({**raw, "message": "still here"})
    assert event["logentry"] == {"formatted": "still here"}
    assert {name for _, name in reasons(event)} >= set(raw) - {"request"}


def test_locals_that_contain_themselves_without_end_are_cut() -> None:
    deep: Any = "bottom"
    for _ in range(200):
        deep = {"next": deep}
    event = read({"stacktrace": {"frames": [{"function": "f", "vars": deep}]}})
    [frame] = event["stacktrace"]["frames"]
    assert frame["vars"]["next"]["next"]["next"]["next"]["next"] == "[too deep]"
    assert reasons(event) == [("value_too_long", "stacktrace.frames.0.vars")]


def test_the_event_that_came_is_left_as_it_is() -> None:
    raw = sentry_events.django()
    before = orjson.dumps(raw)
    read(raw)
    assert orjson.dumps(raw) == before


def test_remarks_of_the_sdk_come_first_and_the_list_is_bounded() -> None:
    told = [{"type": "js_error", "name": "x"}]
    event = read({"errors": told, "exception": [7] * 200})
    assert event["errors"][0] == told[0]
    assert len(event["errors"]) == 52
