"""Bytes of an API server: objects, or a WireError that says what is wrong; never another exception."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.discovery.kubernetes.mirror import Gone, Mirror
from hannun.collect.discovery.kubernetes.roles import ENDPOINT_SLICES, PODS, ROLES, Resource, View, register_all
from hannun.collect.http_client import make_client
from hannun.config.http_client import HttpClientConfig
from hannun.model.errors import WireError

WORDS = ["metadata", "name", "namespace", "spec", "status", "podIP", "containers", "ports", "endpoints", "addresses"]
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**30), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)),
    max_leaves=12,
)


def mirror(resource: Resource) -> Mirror:
    client = make_client(HttpClientConfig(), timeout_s=1)
    return Mirror(client, "http://k8s", resource, "", {}, lambda: None)


@pytest.mark.parametrize("resource", [PODS, ENDPOINT_SLICES], ids=lambda resource: resource.name)
@given(
    st.one_of(
        st.binary(max_size=80),
        ANY_JSON.map(json.dumps).map(str.encode),
        st.lists(ANY_JSON, max_size=4).map(
            lambda items: json.dumps({"metadata": {"resourceVersion": "1"}, "items": items}).encode()
        ),
    )
)
def test_any_list_is_objects_or_a_wire_error(resource: Resource, body: bytes) -> None:
    with contextlib.suppress(WireError):
        version, _, found = mirror(resource)._read_page(body, {})
        assert version
        register_all()
        for role in ("pod", "endpointslice"):
            list(ROLES[role].build(View({resource: found}, attach_node=True, attach_namespace=True)))


@given(
    st.one_of(
        st.binary(max_size=80),
        st.tuples(st.sampled_from(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "?"]), ANY_JSON).map(
            lambda event: json.dumps({"type": event[0], "object": event[1]}).encode()
        ),
    )
)
def test_any_event_is_taken_or_a_wire_error(line: bytes) -> None:
    with contextlib.suppress(WireError, Gone):
        mirror(PODS)._take(line)


def test_how_many_objects_are_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hannun.collect.discovery.kubernetes.mirror.OBJECTS_MAX", 1)
    pods = mirror(PODS)
    pods._take(b'{"type": "ADDED", "object": {"metadata": {"name": "a"}}}')
    pods._take(b'{"type": "MODIFIED", "object": {"metadata": {"name": "a"}}}')
    with pytest.raises(WireError, match="narrow them down"):
        pods._take(b'{"type": "ADDED", "object": {"metadata": {"name": "b"}}}')
