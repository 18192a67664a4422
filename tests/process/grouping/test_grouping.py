"""Which events are one bug: the same one in five browsers, in two deployments; never two different ones."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import ConfigError
from hannun.process.grouping import NO_RULES, GroupingRules, explain, group
from hannun.process.grouping.v1.parameterize import PATTERNS, message_of

PAGE = "file:///srv/shop.html"


def thrown(*frames: dict[str, Any], kind: str = "Error", value: str = "bad", platform: str = "javascript") -> Any:
    exception: dict[str, Any] = {"type": kind, "value": value}
    if frames:
        exception["stacktrace"] = {"frames": list(frames)}
    return {"platform": platform, "exception": {"values": [exception]}}


def js(function: str | None = None, path: str = PAGE, **more: Any) -> dict[str, Any]:
    frame = {"abs_path": path, "filename": path.rpartition("//")[2] or path, **more}
    return frame if function is None else {**frame, "function": function}


def py(module: str, function: str, line: str = "", *, in_app: bool = True, **more: Any) -> dict[str, Any]:
    path = f"/srv/{module.replace('.', '/')}.py"
    frame = {"module": module, "function": function, "abs_path": path, "filename": path[5:], "in_app": in_app}
    return {**frame, **({"context_line": line} if line else {}), **more}


BROWSERS = {
    "Chrome": [js(), js("Cart.add"), js("eval"), js("pay"), js("Array.map", "<anonymous>"), js("Object.callback")],
    "Safari": [js(), js("add"), js("eval", "[native code]"), js("pay"), js("map", "[native code]"), js("callback")],
    "Firefox": [js(), js("add"), js("pay"), js("callback")],
    "Edge": [js(), js("Cart.add"), js("eval code", "eval code"), js("pay"), js("Object.callback")],
    "old Edge": [js(), js("Cart.prototype.add"), js("pay"), js("map", "native code"), js("Object.callback")],
}


def test_the_same_bug_in_five_browsers_is_one_issue() -> None:
    assert {group(thrown(*frames)).hashes for frames in BROWSERS.values()} == {
        group(thrown(*BROWSERS["Firefox"])).hashes
    }


SAME = {
    "other numbers in the message": (thrown(value="order 17 is gone"), thrown(value="order 4,711 is gone")),
    "another deployment": (
        thrown(js("pay", "https://cdn.shop.kr/app.3f2a.js"), js("total", "https://cdn.shop.kr/app.3f2a.js")),
        thrown(js("pay", "https://cdn.shop.kr/app.99bc.js"), js("total", "https://cdn.shop.kr/app.99bc.js")),
    ),
    "other lines above": (
        thrown(py("shop.pay", "charge", "raise Declined()", lineno=10), platform="python"),
        thrown(py("shop.pay", "charge", "    raise  Declined()", lineno=99), platform="python"),
    ),
    "recursion of another depth": (
        thrown(*[py("shop.tree", "walk", "walk(x)", lineno=3)] * 2, platform="python"),
        thrown(*[py("shop.tree", "walk", "walk(x)", lineno=3)] * 40, platform="python"),
    ),
    "another text where the stack decides": (
        thrown(py("shop.pay", "charge"), value="a", platform="python"),
        thrown(py("shop.pay", "charge"), value="b", platform="python"),
    ),
    "a library called otherwise": (
        thrown(py("shop.pay", "charge"), py("requests.api", "get", in_app=False), platform="python"),
        thrown(py("shop.pay", "charge"), py("httpx.client", "get", in_app=False), platform="python"),
    ),
    "a generated class": (
        thrown({"module": "kr.shop.Pay$$EnhancerBySpringCGLIB$$1ebdddb0", "function": "go"}, platform="java"),
        thrown({"module": "kr.shop.Pay$$EnhancerBySpringCGLIB$$99999999", "function": "go"}, platform="java"),
    ),
    "polyfills in between": (
        thrown(js("f", "https://a/x.js"), {"function": "e.sent", "module": "tslib/tslib.es6"}),
        thrown(js("f", "https://a/x.js"), {"function": "listener", "module": "core-js/internals/task"}),
    ),
    "a chunk that is gone": (
        thrown(js("a"), kind="ChunkLoadError", value="Loading chunk 12 failed"),
        thrown(js("b"), js("c"), kind="ChunkLoadError", value="Loading chunk 99 failed"),
    ),
}
DIFFERENT = {
    "another type": (thrown(kind="KeyError"), thrown(kind="ValueError")),
    "another message": (thrown(value="no money"), thrown(value="no card")),
    "another function": (
        thrown(py("shop.pay", "charge"), platform="python"),
        thrown(py("shop.pay", "refund"), platform="python"),
    ),
    "another line of one function": (
        thrown(py("shop.pay", "charge", "a = rows[0]"), platform="python"),
        thrown(py("shop.pay", "charge", "b = rows[1].id"), platform="python"),
    ),
    "another cause": (
        {"exception": {"values": [{"type": "OSError", "value": "x"}, {"type": "PayError", "value": "y"}]}},
        {"exception": {"values": [{"type": "KeyError", "value": "x"}, {"type": "PayError", "value": "y"}]}},
    ),
}


def shared(one: Any, other: Any) -> bool:
    """Two events are one issue as soon as they share a hash."""
    return bool(set(group(one).hashes) & set(group(other).hashes))


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_one_bug(pair: tuple[Any, Any]) -> None:
    assert shared(*pair)


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_two_bugs(pair: tuple[Any, Any]) -> None:
    assert not shared(*pair)


def test_the_hash_that_sentry_publishes_for_a_hybrid_fingerprint() -> None:
    event = thrown(kind="FailedToFetchError", value="FailedToFetchError: Charlie didn't bring the ball back!")
    event["fingerprint"] = ["{{ default }}", "dogs are great"]
    assert group(event).hashes == ("e3d593b4335190212ca7c18b8e967fb1",)


def test_in_app_frames_name_the_group_and_all_frames_are_its_second_hash() -> None:
    event = thrown(py("shop.pay", "charge"), py("requests.api", "get", in_app=False), platform="python")
    found = explain(event)
    assert [variant["name"] for variant in found.variants] == ["app", "system"]
    assert [variant["hash"] for variant in found.variants] == list(found.hashes)
    assert len(found.hashes) == 2
    assert found.variants[0]["values"] == ["Error", "shop.pay", "charge"]
    assert found.reason == "exception with its in-app frames"


def test_without_in_app_frames_all_frames_decide() -> None:
    event = thrown(py("requests.api", "get", in_app=False), platform="python")
    assert [variant["name"] for variant in explain(event).variants] == ["system"]


@pytest.mark.parametrize("path", ["http://127.0.0.1:3000/", "app:///", "shop/", "<anonymous>", "[native code]"])
def test_frames_that_say_nothing_leave_it_to_the_text(path: str) -> None:
    frame = {"function": "?", "filename": path, "in_app": True}
    assert explain(thrown(frame, frame, value="no card")).variants[0]["values"] == ["Error", "no card"]


def test_a_synthetic_exception_is_grouped_without_its_type() -> None:
    events = [thrown(py("a", "f"), kind=kind, platform="python") for kind in ("SIGSEGV", "EXC_BAD_ACCESS")]
    for event in events:
        event["exception"]["values"][0]["mechanism"] = {"type": "x", "synthetic": True}
    assert shared(*events)


@pytest.mark.parametrize(
    ("threads", "decides"),
    [
        pytest.param([{"crashed": True, "n": "a"}, {"n": "b"}], "a", id="the one that crashed"),
        pytest.param([{"current": True, "n": "a"}, {"n": "b"}], "a", id="the current one"),
        pytest.param([{"n": "a"}], "a", id="the only one"),
        pytest.param([{"n": "a"}, {"n": "b"}], None, id="two of which neither stands out"),
        pytest.param([{"crashed": True, "n": "a"}, {"crashed": True, "n": "b"}], None, id="two crashed"),
    ],
)
def test_which_thread_decides(threads: list[dict[str, Any]], decides: str | None) -> None:
    values = [{**one, "stacktrace": {"frames": [py(one["n"], "f")]}} for one in threads]
    found = explain({"platform": "python", "threads": {"values": values}})
    assert found.variants[0]["values"] == [decides, "f"] if decides else found.reason == "nothing to group by"


def node(number: int, parent: int | None, kind: str, value: str = "", *, is_group: bool = False) -> dict[str, Any]:
    mechanism = {"type": "chained", "exception_id": number, "is_exception_group": is_group}
    if parent is not None:
        mechanism["parent_id"] = parent
    return {"type": kind, "value": value, "mechanism": mechanism}


def of(*values: dict[str, Any]) -> dict[str, Any]:
    return {"platform": "python", "exception": {"values": list(reversed(values))}}


def test_a_group_of_one_kind_of_exception_is_that_exception() -> None:
    one = of(node(0, None, "ExceptionGroup", is_group=True), node(1, 0, "KeyError", "'a'"))
    many = of(
        node(0, None, "ExceptionGroup", is_group=True),
        node(1, 0, "KeyError", "'a'"),
        node(2, 0, "KeyError", "'a'"),
        node(3, 0, "ExceptionGroup", is_group=True),
        node(4, 3, "KeyError", "'a'"),
    )
    plain = {"platform": "python", "exception": {"values": [{"type": "KeyError", "value": "'a'"}]}}
    assert group(one).hashes == group(many).hashes == group(plain).hashes
    assert many["exception"]["values"][group(many).main_exception]["type"] == "KeyError"


def test_a_group_of_several_kinds_counts_each_once_and_the_group() -> None:
    root = node(0, None, "ExceptionGroup", "2 failed", is_group=True)
    found = group(of(root, node(1, 0, "KeyError"), node(2, 0, "ValueError")))
    again = group(of(root, node(1, 0, "ValueError"), node(2, 0, "KeyError"), node(3, 0, "KeyError")))
    assert found.hashes == again.hashes
    assert not shared(of(root, node(1, 0, "KeyError"), node(2, 0, "OSError")), of(root, node(1, 0, "KeyError")))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([node(0, None, "G", is_group=True), node(1, 1, "A")], id="its own parent"),
        pytest.param([node(0, None, "G", is_group=True), node(1, 2, "A"), node(2, 1, "B")], id="a cycle"),
        pytest.param([node(0, None, "G", is_group=True), node(0, 0, "A")], id="an id twice"),
        pytest.param([node(1, None, "G", is_group=True), node(2, 1, "A")], id="no root"),
        pytest.param([node(0, None, "G", is_group=True), node(1, 9, "A")], id="a parent that is not there"),
    ],
)
def test_a_broken_tree_is_taken_as_a_list(values: list[dict[str, Any]]) -> None:
    bare = [{"type": one["type"], "value": one["value"]} for one in values]
    assert group(of(*values)).hashes == group(of(*bare)).hashes


MESSAGES = {
    "mail to kim@example.com failed": "mail to <email> failed",
    "GET https://a.kr/x?y=1 took 35ms": "GET <url> took <duration>",
    "connect db.prod.internal refused": "connect <hostname> refused",
    "10.0.0.1:8080 and ::1 and fe80::1ff:fe23:4567:890a": "<ip>:<int> and <ip> and <ip>",
    "id 7d1c2f60-1111-2222-3333-444455556666": "id <uuid>",
    "sha 5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8": "sha <sha1>",
    "md5 d41d8cd98f00b204e9800998ecf8427e": "md5 <md5>",
    "at 2024-01-02T03:04:05.123Z": "at <date>",
    "at 2024-01-02 03:04:05,123": "at <date>",
    "Mon, 02 Jan 2006 15:04:05 GMT": "<date>",
    "mac 00:1b:44:11:3a:b7": "mac <mac>",
    "ptr 0xDEADBEEF": "ptr <hex>",
    "session 4f3a9c1e2b": "session <hex>",
    "load -1.5 of 3": "load <float> of <int>",
    "name='kim lee' ok=true": "name=<quoted_str> ok=<bool>",
    "'kim' is true": "'kim' is true",
    "결제 실패: 주문 33, 금액 12,000원": "결제 실패: 주문 <int>, 금액 <int>원",
    "2024년 1월 2일 3건": "<date> <int>건",
    "one\n\n two\nthree": "one\n two...",
    "nothing to see": "nothing to see",
}


@pytest.mark.parametrize(("said", "grouped"), MESSAGES.items(), ids=list(MESSAGES))
def test_what_a_message_is_grouped_by(said: str, grouped: str) -> None:
    assert message_of(said) == grouped


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_parameters_of_a_grouped_message_stay(text: str) -> None:
    once = message_of(text)
    names = {f"<{name}>" for name, _ in PATTERNS}
    assert once == text or any(name in once for name in names) or once.endswith("...")


@pytest.mark.parametrize("piece", ["a", "a.", "a-", "1:", "aA1", ".", "@", "a@", "1.", "f", "Mon ", "=", "::", "='a"])
def test_a_hostile_message_costs_little(piece: str) -> None:
    from time import thread_time

    began_s = thread_time()
    message_of((piece * 8192)[:8192])
    assert thread_time() - began_s < 1.0


CSP = {
    "a script of elsewhere": (
        {"effective_directive": "img-src", "blocked_uri": "https://cdn.x.kr/a.js"},
        ["img-src", "cdn.x.kr"],
    ),
    "an inline script": (
        {"effective_directive": "script-src", "violated_directive": "script-src 'unsafe-inline'", "blocked_uri": ""},
        ["script-src", "'unsafe-inline'"],
    ),
    "data": ({"effective_directive": "font-src", "blocked_uri": "data:text/plain;x"}, ["font-src", "data:"]),
    "its own host": (
        {"effective_directive": "img-src", "blocked_uri": "http://a.kr/x", "document_uri": "http://a.kr/"},
        ["img-src", "'self'"],
    ),
}


@pytest.mark.parametrize(("report", "values"), CSP.values(), ids=CSP.keys())
def test_security_reports(report: dict[str, str], values: list[str]) -> None:
    found = explain({"platform": "other", "csp": report})
    assert found.variants[0]["values"] == values
    assert found.reason == "csp report"


def test_the_order_of_fingerprints() -> None:
    event = thrown(value="db 5 is down")
    default = group(event)
    client = group({**event, "fingerprint": ["mine"]})
    rules = GroupingRules.parse('error.value:"db * is down" -> database-down {{ tags.region }}')
    server = group({**event, "fingerprint": ["mine"], "tags": {"region": "seoul"}}, rules)
    assert len({default.hashes, client.hashes, server.hashes}) == 3
    assert (default.reason, client.reason, server.reason) == ("exception", "client fingerprint", "server fingerprint")
    assert group({**event, "checksum": "D41D8CD98F00B204E9800998ECF8427E"}).hashes == (
        "d41d8cd98f00b204e9800998ecf8427e",
    )
    assert len(group({**event, "checksum": "no hash"}).hashes[0]) == 32


def test_a_fingerprint_that_repeats_the_message_makes_no_issue_of_every_event() -> None:
    events = [{**thrown(value=f"order {n}"), "fingerprint": [f"order {n}"]} for n in (1, 2)]
    assert shared(*events)


def test_project_rules_win_over_those_that_always_hold() -> None:
    event = thrown(py("shop.pay", "charge"), py("shop.retry", "again"), platform="python")
    ours = GroupingRules.parse("", "module:shop.retry -group")
    assert group(event, ours).hashes == group(thrown(py("shop.pay", "charge"), platform="python")).hashes
    away = GroupingRules.parse("", "function:charge ^-group")
    assert group(event, away).hashes == group(event, ours).hashes
    app = GroupingRules.parse("", "module:org.springframework.* +app")
    spring = thrown({"module": "org.springframework.web.X", "function": "go"}, platform="java")
    assert [v["name"] for v in explain(spring, app).variants] == ["app"]
    assert [v["name"] for v in explain(spring, NO_RULES).variants] == ["system"]


def test_neighbours_of_a_frame() -> None:
    rules = GroupingRules.parse("", "[ function:charge ] | function:again -group")
    called = thrown(py("shop.pay", "charge"), py("shop.retry", "again"), platform="python")
    alone = thrown(py("shop.retry", "again"), platform="python")
    assert group(called, rules).hashes == group(thrown(py("shop.pay", "charge"), platform="python")).hashes
    assert group(alone, rules).hashes == group(alone).hashes


@pytest.mark.parametrize(
    ("fingerprints", "stacks", "told"),
    [
        pytest.param("a:b -> c", "", "line 1: `a:b` is no matcher", id="an unknown matcher"),
        pytest.param("# fine\nerror.type:X", "", "line 2: a rule has the form", id="no fingerprint"),
        pytest.param("", "path:x", "line 1: a rule needs an action", id="no action"),
        pytest.param("", "-app", "line 1: a rule needs a matcher", id="no matcher"),
        pytest.param("", "[ path:x -app", "line 1: `[` without `]`", id="an open bracket"),
        pytest.param("", 'path:"x -app', "line 1: a quote is opened", id="an open quote"),
        pytest.param("", "path:x max-frames=many", "line 1: `max-frames=many`", id="no number"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(fingerprints: str, stacks: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        GroupingRules.parse(fingerprints, stacks)
    assert told in caught.value.say("en")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_event = st.fixed_dictionaries(
    {},
    optional={
        "platform": st.sampled_from(["python", "javascript", "java", "native", "ruby", "php", "csharp", "x"]),
        "exception": st.fixed_dictionaries({"values": st.lists(_json, max_size=3)}) | _json,
        "threads": _json,
        "logentry": _json,
        "fingerprint": _json,
        "tags": _json,
        "csp": _json,
        "checksum": _json,
        "template": _json,
    },
)


@given(_event)
@settings(max_examples=150, deadline=None)
def test_whatever_comes_gets_a_hash_and_stays_as_it_was(event: dict[str, Any]) -> None:
    before = copy.deepcopy(event)
    found = group(event)
    assert found.hashes
    assert all(len(one) == 32 for one in found.hashes)
    assert event == before
    assert explain(event).hashes == found.hashes
