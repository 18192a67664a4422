"""What the default scrubbing hides, and what it leaves to be read."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.model.project import ProjectOptions
from hannun.process.events.facts import EventFacts
from hannun.process.events.normalise import normalise
from hannun.process.scrubbing import scrubbed
from hannun.process.scrubbing.values import luhn, without_parts
from hannun.testing import sentry_events

FACTS = EventFacts(project=1, received_ms=sentry_events.START_MS)
DEFAULTS = ProjectOptions()
FILTERED = "[Filtered]"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n+wn9Iu+zgamKDUu2\n2xc45F2gdwM04rTI\n-----END RSA PRIVATE KEY-----"


def clean(raw: dict[str, Any], options: ProjectOptions = DEFAULTS) -> dict[str, Any]:
    return scrubbed(normalise(raw, FACTS), options)


@pytest.mark.parametrize(
    "key",
    ["password", "my_passwd", "db_password_old", "the_secret", "api_key", "apiKey", "API-KEY", "Authorization", "auth",
     "token", "accessToken", "credentials", "mysql_pwd", "private_key", "otp", "two_factor", "csrfmiddlewaretoken",
     "비밀번호"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["x", 7, {"a": 1}, ["a"]], ids=repr)
def test_names_that_promise_a_secret(key: str, value: Any) -> None:
    frames = {"frames": [{"function": "f", "vars": {key: value, "other": "seen"}}]}
    raw = {
        "extra": {"in": {key: value}},
        "contexts": {"mine": {key: value}},
        "request": {"data": {key: value}},
        "stacktrace": frames,
        "user": {"data": {key: value}},
        "breadcrumbs": [{"data": {key: value}}],
    }
    event = clean(raw)
    assert event["extra"]["in"][key] == FILTERED
    assert event["contexts"]["mine"][key] == FILTERED
    assert event["request"]["data"][key] == FILTERED
    assert event["stacktrace"]["frames"][0]["vars"] == {key: FILTERED, "other": "seen"}
    assert event["user"]["data"][key] == FILTERED
    assert event["breadcrumbs"]["values"][0]["data"][key] == FILTERED


@pytest.mark.parametrize("key", ["otpauth_no", "name", "tok", "monkey", "pass", "key"])
def test_other_names(key: str) -> None:
    wanted = FILTERED if "auth" in key else "value"
    assert clean({"extra": {key: "value"}})["extra"][key] == wanted


@pytest.mark.parametrize("value", [None, True, False, "", [], {}], ids=repr)
def test_that_nothing_is_there_may_be_seen(value: Any) -> None:
    assert clean({"extra": {"password": value}})["extra"] == {"password": value}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("paid with 4111 1111 1111 1111 today", f"paid with {FILTERED} today", id="a card"),
        pytest.param("4242-4242-4242-4242", FILTERED, id="a card with hyphens"),
        pytest.param("378282246310005", FILTERED, id="American Express"),
        pytest.param("order 4111111111111112", "order 4111111111111112", id="no check digit: an order number"),
        pytest.param("1795230000123456", "1795230000123456", id="microseconds"),
        pytest.param("id a4111111111111111", "id a4111111111111111", id="part of an id"),
        pytest.param("주민 900101-1234568 확인", f"주민 {FILTERED} 확인", id="주민등록번호"),
        pytest.param("9001011234568", FILTERED, id="주민등록번호 without its hyphen"),
        pytest.param("900101-1234567", "900101-1234567", id="one digit off"),
        pytest.param("991332-1234567", "991332-1234567", id="no date"),
        pytest.param("078-05-1120", FILTERED, id="US SSN"),
        pytest.param("tel 010-1234-5678", "tel 010-1234-5678", id="a telephone number"),
        pytest.param("GB82WEST12345698765432", FILTERED, id="IBAN"),
        pytest.param("GB82WEST12345698765431", "GB82WEST12345698765431", id="no IBAN"),
        pytest.param("Bearer abc.def-ghi sent", f"Bearer {FILTERED} sent", id="bearer"),
        pytest.param(
            "see postgres://app:hunter2@db/shop", f"see postgres://app:{FILTERED}@db/shop", id="a URL's password"
        ),
        pytest.param("http://host:80/a@b", "http://host:80/a@b", id="a port is none"),
    ],
)
def test_values_that_give_themselves_away(text: str, kept: str) -> None:
    raw = {"message": text, "exception": [{"type": "A", "value": text}], "extra": {"a": [text]}, "tags": {"t": text}}
    event = clean(raw)
    assert event["logentry"]["formatted"] == kept
    assert event["exception"]["values"][0]["value"] == kept
    assert event["extra"] == {"a": [kept]}
    assert event["tags"] == {"t": kept}


def test_private_keys_lose_what_is_within() -> None:
    found = clean({"extra": {"a": PEM}})["extra"]["a"]
    assert found.startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert "zgamKDUu2" not in found
    assert "w M04rTI" not in found


@pytest.mark.parametrize(
    "text", ["'my password is x'", '{"secret": 1}', "auth failed", "token: abc", "session token=7"]
)
def test_a_value_that_speaks_of_a_secret_is_hidden_whole(text: str) -> None:
    event = clean({"extra": {"a": text}, "breadcrumbs": [{"message": text}], "message": text})
    assert event["extra"] == {"a": FILTERED}
    assert event["breadcrumbs"]["values"][0]["message"] == FILTERED
    # What an issue is known by is not: an error that is about a password must have a title.
    assert event["logentry"]["formatted"] == text


def test_contexts_of_plain_values_go_by_their_own_name() -> None:
    event = clean({"contexts": {"auth_token": "hunter2", "pin_secret": 7, "endpoint": "/api/x", "file_size": 7}})
    assert event["contexts"] == {
        "auth_token": FILTERED, "pin_secret": FILTERED, "endpoint": "/api/x", "file_size": 7,
    }  # fmt: skip


def test_what_a_visitor_wrote_stays_to_be_read() -> None:
    message = "비밀번호 찾기가 안 돼요, card 4111 1111 1111 1111"
    event = clean({"type": "feedback", "contexts": {"feedback": {"message": message, "source": "auth"}}})
    assert event["contexts"]["feedback"] == {"message": f"비밀번호 찾기가 안 돼요, card {FILTERED}", "source": "auth"}


def test_remarks_quote_no_secret() -> None:
    event = clean({"release": "a/4111111111111111", "level": "my password"})
    assert [remark["value"] for remark in event["errors"]] == [f"a/{FILTERED}", FILTERED]


def test_a_transaction_named_by_a_url_loses_its_secrets() -> None:
    assert clean({"transaction": "/reset?token=abc&page=2"})["transaction"] == f"/reset?token={FILTERED}&page=2"
    assert clean({"transaction": "/auth/login"})["transaction"] == "/auth/login"


def test_a_token_alone_is_a_word() -> None:
    assert clean({"extra": {"a": "unexpected token <"}})["extra"] == {"a": "unexpected token <"}


def test_email_addresses_of_messages() -> None:
    event = clean({"message": "no mailbox kim@example.com", "extra": {"a": "kim@example.com"}})
    assert event["logentry"]["formatted"] == "no mailbox [email]"
    assert event["extra"] == {"a": "kim@example.com"}


def test_urls_keep_their_way() -> None:
    url = "https://shop.kr/oauth/authorize?access_token=abc&page=2"
    event = clean(
        {"request": {"url": url}, "breadcrumbs": [{"category": "http", "data": {"url": url}}], "tags": {"url": url}}
    )
    kept = f"https://shop.kr/oauth/authorize?access_token={FILTERED}&page=2"
    assert event["request"]["url"] == "https://shop.kr/oauth/authorize"
    assert event["request"]["query_string"] == [["access_token", FILTERED], ["page", "2"]]
    assert event["breadcrumbs"]["values"][0]["data"]["url"] == kept
    assert event["tags"]["url"] == kept


def test_headers_and_cookies() -> None:
    headers = {
        "Authorization": "Basic x",
        "X-Api-Key": "k",
        "X-CSRFToken": "c",
        "Accept": "*/*",
        "User-Agent": "auth/1",
    }
    cookies = {"sessionid": "s", "PHPSESSID": "p", "theme": "dark", "csrftoken": "c", "remember_token": "r"}
    request = clean({"request": {"headers": headers, "cookies": cookies}})["request"]
    assert dict(request["headers"]) == {
        "Authorization": FILTERED, "X-Api-Key": FILTERED, "X-Csrftoken": FILTERED, "Accept": "*/*",
        "User-Agent": "auth/1",
    }  # fmt: skip
    assert dict(request["cookies"]) == {
        "sessionid": FILTERED, "PHPSESSID": FILTERED, "theme": "dark", "csrftoken": FILTERED,
        "remember_token": FILTERED,
    }  # fmt: skip


def test_paths_source_lines_and_debug_images_are_never_touched() -> None:
    frame = {
        "filename": "auth/password.py",
        "abs_path": "/srv/4111111111111111/secret/auth.py",
        "function": "check_password",
        "module": "auth.token",
        "context_line": "password = 'hunter2'",
        "pre_context": ["secret = 1"],
    }
    images = {"images": [{"type": "sourcemap", "code_file": "https://u:p@x/auth.js", "debug_id": "4111111111111111"}]}
    event = clean({"stacktrace": {"frames": [frame]}, "debug_meta": images, "modules": {"auth": "1"}})
    assert event["stacktrace"]["frames"] == [frame]
    assert event["debug_meta"] == images
    assert event["modules"] == {"auth": "1"}


def test_fields_of_the_projects_own() -> None:
    options = ProjectOptions(sensitive_fields=("계좌", "plan.x"), safe_fields=("token",))
    event = clean(
        {"extra": {"내_계좌번호": "110", "planxx": "y", "plan.x": "z", "token": "seen", "password": "p"}}, options
    )
    assert event["extra"] == {
        "내_계좌번호": FILTERED,
        "planxx": "y",
        "plan.x": FILTERED,
        "token": "seen",
        "password": FILTERED,
    }


@pytest.mark.parametrize(
    ("safe", "kept"),
    [
        ("extra.token", {"extra"}),
        ("$frame.vars.token", {"vars"}),
        ("**.token", {"extra", "vars", "deep"}),
        ("extra.**", {"extra", "deep"}),
        ("$http.headers.authorization", {"header"}),
        ("extra..broken", set()),
    ],
)
def test_safe_fields_may_name_a_place(safe: str, kept: set[str]) -> None:
    raw = {
        "extra": {"token": "x", "more": [{"token": "x"}]},
        "stacktrace": {"frames": [{"function": "f", "vars": {"token": "x"}}]},
        "request": {"headers": {"Authorization": "x"}},
    }
    event = clean(raw, ProjectOptions(safe_fields=(safe,)))
    seen = {
        "extra": event["extra"]["token"],
        "deep": event["extra"]["more"][0]["token"],
        "vars": event["stacktrace"]["frames"][0]["vars"]["token"],
        "header": event["request"]["headers"][0][1],
    }
    assert {name for name, value in seen.items() if value == "x"} == kept
    assert set(seen.values()) <= {"x", FILTERED}


def test_without_the_defaults_only_the_projects_own_fields_count() -> None:
    options = ProjectOptions(scrub_defaults=False, sensitive_fields=("mine",))
    extra = {"mine": "x", "password": "p", "card": "4111111111111111"}
    assert clean({"extra": extra}, options)["extra"] == {**extra, "mine": FILTERED}


def test_with_scrubbing_off_all_stays() -> None:
    extra = {"password": "p"}
    assert (
        clean({"extra": extra}, ProjectOptions(scrub_data=False, pii_config='{"applications": {}}'))["extra"] == extra
    )


def test_addresses_when_a_project_hides_them() -> None:
    raw = {
        "user": {"id": 1, "ip_address": "203.0.113.7"},
        "request": {"env": {"REMOTE_ADDR": "203.0.113.7", "PORT": "80"}},
        "extra": {"a": "from 203.0.113.7 and 2001:db8::1, v1.2.3", "time": "12:30:45"},
        "message": "203.0.113.7 refused",
    }
    event = clean(raw, ProjectOptions(scrub_ips=True))
    assert event["user"] == {"id": "1"}
    assert event["request"]["env"] == {"PORT": "80"}
    assert event["extra"] == {"a": "from [ip] and [ip], v1.2.3", "time": "12:30:45"}
    assert event["logentry"]["formatted"] == "[ip] refused"
    assert clean(raw)["user"]["ip_address"] == "203.0.113.7"


def test_the_event_is_left_as_it_is() -> None:
    event = normalise({"extra": {"password": "x"}, "exception": [{"type": "A", "value": "4111111111111111"}]}, FACTS)
    before = orjson.dumps(event)
    assert orjson.dumps(scrubbed(event, DEFAULTS)) != before
    assert orjson.dumps(event) == before


def test_what_holds_no_secret_is_not_even_copied() -> None:
    event = normalise({"extra": {"a": 1}, "message": "x"}, FACTS)
    assert scrubbed(event, DEFAULTS) is event


@pytest.mark.parametrize("name", sentry_events.ALL)
def test_scrubbing_twice_changes_nothing_more(name: str) -> None:
    once = clean(sentry_events.ALL[name](3))
    assert scrubbed(once, DEFAULTS) == once


def card(digits: str) -> str:
    return next(digits + str(last) for last in range(10) if luhn(digits + str(last)))


@given(
    st.from_regex(r"4[0-9]{14}", fullmatch=True), st.sampled_from(["", " ", "-"]), st.sampled_from(["", "카드 ", "n="])
)
def test_every_card_is_found_wherever_the_search_looks(digits: str, separator: str, before: str) -> None:
    number = separator.join([card(digits)[at : at + 4] for at in range(0, 16, 4)])
    event = clean({"extra": {"deep": [{"er": f"{before}{number}"}]}})
    assert event["extra"]["deep"][0]["er"] == f"{before}{FILTERED}"


@pytest.mark.parametrize(
    "text",
    ["4111 " * 100_000, "-----BEGIN A PRIVATE KEY-----" * 30_000, "//a:" * 200_000 + "@", "Bearer " * 100_000,
     "1-" * 400_000, "GB82" * 200_000, "900101-" * 100_000, "-----BEGIN PRIVATE KEY-----" + "a-b" * 300_000],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_near_secrets_take_no_second(text: str) -> None:
    start = time.thread_time()
    without_parts(text)
    assert time.thread_time() - start < 1
