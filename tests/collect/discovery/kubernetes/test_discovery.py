"""Kubernetes discovery against a little API server: lists in pages, watches, versions that are forgotten, refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hannun.collect.discovery import discover
from hannun.collect.discovery.kubernetes import KubernetesDiscovery, discovery, mirror
from hannun.config.prometheus.model import KubernetesSd, KubernetesSelector


def service(name: str, version: int, namespace: str = "shop", port: int = 80) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "resourceVersion": str(version)},
        "spec": {"ports": [{"port": port}]},
    }


class Api:
    """The objects of each path, and the events of its watches, which stay open until `end` is called."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {}
        self.version = 10
        self.refused: dict[str, int] = {}
        self.page = 500
        self.watches: list[tuple[str, dict[str, str]]] = []
        self.lists: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self._events: list[asyncio.Queue[bytes | None]] = []

    def reply(self, asked):
        self.headers.append(asked.headers)
        if asked.path in self.refused:
            status = self.refused[asked.path]
            return status, {}, {"kind": "Status", "code": status, "message": f"{asked.path} is refused"}
        if asked.query.get("watch"):
            self.watches.append((asked.path, asked.query))
            return self._watch()
        self.lists.append((asked.path, asked.query))
        found = self.objects.get(asked.path, [])
        begin = int(asked.query.get("continue", "0"))
        end = begin + min(self.page, int(asked.query["limit"]))
        more = {"continue": str(end)} if end < len(found) else {}
        return 200, {}, {"metadata": {"resourceVersion": str(self.version), **more}, "items": found[begin:end]}

    async def _watch(self) -> AsyncIterator[bytes]:
        events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._events.append(events)
        while (event := await events.get()) is not None:
            yield event

    def tell(self, kind: str, thing: dict[str, Any]) -> None:
        self.raw(json.dumps({"type": kind, "object": thing}).encode() + b"\n")

    def raw(self, text: bytes) -> None:
        for events in self._events:
            events.put_nowait(text)

    def end(self) -> None:
        """The server ends its watches, as it does every few minutes."""
        for events in self._events:
            events.put_nowait(None)
        self._events.clear()


SERVICES = "/api/v1/services"


@pytest.fixture
def api(peer, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(discovery, "SETTLE_S", 0.01)
    monkeypatch.setattr(mirror, "retry_delay_s", lambda failures, at_most_s: 0.05)
    monkeypatch.setattr(mirror, "SHORT_S", 0.0)
    made = Api()
    peer.reply = made.reply
    return made


async def test_what_is_listed_and_then_watched_becomes_targets(api: Api, peer, watching) -> None:
    api.objects[SERVICES] = [service("a", 3), service("b", 4)]
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: seen.addresses == ["a.shop.svc:80", "b.shop.svc:80"])
        await seen.until(lambda: len(api.watches) == 1)
        assert api.watches[0][1]["resourceVersion"] == "10"
        api.tell("ADDED", service("c", 11))
        api.tell("MODIFIED", service("a", 12, port=81))
        api.tell("DELETED", service("b", 13))
        await seen.until(lambda: seen.addresses == ["a.shop.svc:81", "c.shop.svc:80"])
        api.tell("BOOKMARK", {"metadata": {"resourceVersion": "40"}})
        await asyncio.sleep(0.05)
        api.end()
        await seen.until(lambda: len(api.watches) == 2)
        assert api.watches[1][1]["resourceVersion"] == "40"
        assert len(api.lists) == 1
        assert seen.discoverer.failing == ""


async def test_an_event_in_pieces_and_several_in_one_piece_are_read(api: Api, peer, watching) -> None:
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: len(api.watches) == 1)
        one, two = (json.dumps({"type": "ADDED", "object": service(name, 11)}).encode() + b"\n" for name in "ab")
        api.raw(one[:30])
        await asyncio.sleep(0.02)
        api.raw(one[30:] + b"\n" + two)
        await seen.until(lambda: seen.addresses == ["a.shop.svc:80", "b.shop.svc:80"])


@pytest.mark.parametrize("as_event", [True, False], ids=["an ERROR event", "the watch's status"])
async def test_a_version_that_the_server_forgot_is_listed_anew(api: Api, peer, watching, as_event: bool) -> None:
    api.objects[SERVICES] = [service("a", 3)]
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: len(api.watches) == 1)
        api.objects[SERVICES] = [service("z", 90)]
        api.version = 100
        if as_event:
            api.tell("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})
        else:
            plain = peer.reply
            once = iter([410])

            def gone(asked):
                status = next(once, None) if asked.query.get("watch") else None
                return (status, {}, {}) if status else plain(asked)

            peer.reply = gone
            api.end()
        await seen.until(lambda: seen.addresses == ["z.shop.svc:80"])
        await seen.until(lambda: api.watches[-1][1]["resourceVersion"] == "100")
        assert seen.discoverer.failing == ""


async def test_long_lists_come_in_pages(api: Api, peer, watching) -> None:
    api.page = 2
    api.objects[SERVICES] = [service(f"s{at}", at) for at in range(5)]
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: len(seen.addresses) == 5)
    assert [query.get("continue") for _, query in api.lists] == [None, "2", "4"]


async def test_a_refusal_is_said_with_what_to_grant_and_ends_by_itself(api: Api, peer, watching) -> None:
    api.refused[SERVICES] = 403
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: "needs get, list and watch" in seen.discoverer.failing)
        assert seen.discoverer.failing.startswith("Kubernetes service: services: HTTP status 403 /api/v1/services is")
        assert seen.published == []
        api.objects[SERVICES] = [service("a", 3)]
        api.refused.clear()
        await seen.until(lambda: seen.addresses == ["a.shop.svc:80"])
        assert seen.discoverer.failing == ""


async def test_a_server_that_goes_away_keeps_the_targets(api: Api, peer, watching) -> None:
    api.objects[SERVICES] = [service("a", 3)]
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: len(api.watches) == 1)
        api.refused[SERVICES] = 503
        api.end()
        await seen.until(lambda: "HTTP status 503" in seen.discoverer.failing)
        assert seen.addresses == ["a.shop.svc:80"]
        api.refused.clear()
        await seen.until(lambda: seen.discoverer.failing == "")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        pytest.param(b"<html>\n", "not an event", id="no JSON"),
        pytest.param(b'{"type": "ERROR", "object": {"code": 500, "message": "etcd"}}\n', "500 etcd", id="an error"),
        pytest.param(b"x" * (9 << 20), "an event larger than 8 MiB", id="an event without end"),
    ],
)
async def test_a_watch_that_goes_wrong_is_begun_anew(
    api: Api, peer, watching, caplog: pytest.LogCaptureFixture, event: bytes, words: str
) -> None:
    api.objects[SERVICES] = [service("a", 3)]
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: len(api.watches) == 1)
        api.raw(event)
        await seen.until(lambda: len(api.watches) >= 2)
        await seen.until(lambda: seen.discoverer.failing == "")
        assert words in caplog.text
        assert seen.addresses == ["a.shop.svc:80"]


async def test_an_object_that_cannot_be_read_hides_no_other(api: Api, peer, watching) -> None:
    api.objects[SERVICES] = [{"metadata": {"name": 5}}, service("a", 3)]
    async with watching(discover(KubernetesSd("service", peer.url))) as seen:
        await seen.until(lambda: seen.addresses == ["a.shop.svc:80"])


async def test_namespaces_selectors_and_what_a_role_needs_are_asked_for(api: Api, peer, watching) -> None:
    config = KubernetesSd(
        "endpointslice",
        peer.url,
        namespaces=("shop", "lab"),
        selectors=(
            KubernetesSelector("pod", label="app=web"),
            KubernetesSelector("endpointslice", field="metadata.name=x"),
        ),
        attach_node=True,
    )
    async with watching(discover(config)) as seen:
        await seen.until(lambda: len(api.watches) == 7)
    asked = {path: (query.get("labelSelector"), query.get("fieldSelector")) for path, query in api.lists}
    assert asked == {
        "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices": (None, "metadata.name=x"),
        "/apis/discovery.k8s.io/v1/namespaces/lab/endpointslices": (None, "metadata.name=x"),
        "/api/v1/namespaces/shop/services": (None, None),
        "/api/v1/namespaces/lab/services": (None, None),
        "/api/v1/namespaces/shop/pods": ("app=web", None),
        "/api/v1/namespaces/lab/pods": ("app=web", None),
        "/api/v1/nodes": (None, None),
    }
    assert {path for path, _ in api.watches} == set(asked)


async def test_targets_wait_until_everything_needed_is_known(api: Api, peer, watching) -> None:
    api.objects["/api/v1/endpoints"] = [
        {
            "metadata": {"name": "web", "namespace": "shop"},
            "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}],
        }
    ]
    api.refused["/api/v1/pods"] = 403
    async with watching(discover(KubernetesSd("endpoints", peer.url))) as seen:
        await seen.until(lambda: "pods: HTTP status 403" in seen.discoverer.failing)
        assert seen.published == []
        api.refused.clear()
        await seen.until(lambda: seen.addresses == ["10.0.0.1:80"])


async def test_a_kubeconfig_brings_server_and_token(api: Api, peer, watching, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        f"""
current-context: c
contexts: [{{name: c, context: {{cluster: k, user: u, namespace: shop}}}}]
clusters: [{{name: k, cluster: {{server: "{peer.url}/"}}}}]
users: [{{name: u, user: {{token: t0ken}}}}]
"""
    )
    config = KubernetesSd("service", kubeconfig_file=tmp_path / "config", own_namespace=True)
    async with watching(discover(config)) as seen:
        await seen.until(lambda: seen.published == [[]])
    assert {headers.get("authorization") for headers in api.headers} == {"Bearer t0ken"}
    assert api.lists[0][0] == "/api/v1/namespaces/shop/services"


async def test_outside_of_any_cluster_it_says_what_to_set(watching, tmp_path: Path) -> None:
    outside = KubernetesDiscovery(KubernetesSd("pod"), env={}, account=tmp_path)
    async with watching(outside) as seen:
        await seen.until(lambda: "set api_server or kubeconfig_file" in seen.discoverer.failing)
        assert seen.discoverer.failing.startswith("Kubernetes pod: not in a cluster")
