"""HTTP discovery against a small local server."""

from __future__ import annotations

import pytest

from hannun.collect.discovery.http import HttpDiscovery, without_password
from hannun.config.http_client import BasicAuth, HttpClientConfig, Secret
from hannun.config.prometheus.model import HttpSd

LIST = [{"targets": ["a:1", "b:1"], "labels": {"env": "prod"}}, {"targets": ["c:1"]}]


async def test_groups_are_read_with_the_url_and_the_interval_is_told(peer, watching) -> None:
    peer.reply = lambda asked: (200, {"Content-Type": "application/json; charset=utf-8"}, LIST)
    url = f"{peer.url}/targets?dc=1"
    async with watching(HttpDiscovery(HttpSd(url, refresh_ms=90_000))) as seen:
        await seen.until(lambda: seen.addresses == ["a:1", "b:1", "c:1"])
        assert seen.labels("b:1") == {"__address__": "b:1", "env": "prod", "__meta_url": url}
        assert [group.source for group in seen.published[-1]] == [f"{url}:0", f"{url}:1"]
    (asked,) = peer.asked
    assert asked.headers["x-prometheus-refresh-interval-seconds"] == "90"
    assert asked.headers["accept"] == "application/json"
    assert asked.query == {"dc": "1"}


async def test_client_options_are_used(peer, watching) -> None:
    peer.reply = lambda asked: (200, {}, [])
    client = HttpClientConfig(basic_auth=BasicAuth("bob", password=Secret("pw")))
    async with watching(HttpDiscovery(HttpSd(peer.url, client=client))) as seen:
        await seen.until(lambda: seen.published == [[]])
    assert peer.asked[0].headers["authorization"] == "Basic Ym9iOnB3"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param((500, {}, "oops"), "server returned HTTP status 500 Internal Server Error", id="an error"),
        pytest.param((200, {"Content-Type": "text/html"}, []), 'unsupported content type "text/html"', id="a web page"),
        pytest.param((200, {}, "{"), "not a list of target groups", id="half an answer"),
        pytest.param((200, {}, b" " * (17 << 20)), "body size limit exceeded", id="too much"),
    ],
)
async def test_an_unusable_answer_keeps_the_targets(peer, watching, answer, words: str) -> None:
    peer.reply = lambda asked: (200, {}, LIST)
    async with watching(HttpDiscovery(HttpSd(peer.url, refresh_ms=100))) as seen:
        await seen.until(lambda: seen.addresses == ["a:1", "b:1", "c:1"])
        peer.reply = lambda asked: answer
        await seen.until(lambda: words in seen.discoverer.failing)
        peer.reply = lambda asked: (200, {}, [{"targets": ["d:1"]}])
        await seen.until(lambda: seen.addresses == ["d:1"])
        assert seen.discoverer.failing == ""
        assert len(seen.published) == 2


async def test_nobody_there_is_said(watching) -> None:
    async with watching(HttpDiscovery(HttpSd("http://127.0.0.1:9/"))) as seen:
        await seen.until(lambda: "connection refused" in seen.discoverer.failing)
        assert seen.published == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:1/x?y=z", "http://h:1/x?y=z"),
        ("https://bob:s3cret@h/x", "https://bob:<secret>@h/x"),
        ("https://bob:a@b@h/x", "https://bob:<secret>@h/x"),
    ],
)
def test_a_password_in_the_url_is_never_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
