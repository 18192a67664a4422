"""Docker discovery: the labels of containers in every kind of network, and the engine's API over its socket."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.collect.discovery.docker import Container, DockerDiscovery, Network, targets
from hannun.config.http_client import Authorization, HttpClientConfig, Secret
from hannun.config.prometheus.model import DockerSd


def container(name: str, mode: str = "front", **more: Any) -> dict[str, Any]:
    """An entry of /containers/json, shaped like the API 1.50 answers it."""
    return {
        "Id": f"id-{name}",
        "Names": [f"/{name}"],
        "Image": f"{name}:1",
        "ImageID": f"sha256:{name}",
        "Command": "run",
        "Created": 1_700_000_000,
        "Ports": [],
        "Labels": {},
        "State": "running",
        "Status": "Up 2 hours",
        "HostConfig": {"NetworkMode": mode, "Annotations": None},
        "NetworkSettings": {"Networks": {}},
        "Mounts": [],
        **more,
    }


def on(**networks: str) -> dict[str, Any]:
    return {
        "Networks": {
            name: {"NetworkID": f"net-{name}", "IPAddress": ip, "GlobalIPv6Address": "", "Aliases": None}
            for name, ip in networks.items()
        }
    }


WEB = container(
    "web",
    Labels={"com.docker.compose.service": "web"},
    Ports=[
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 9100, "Type": "tcp"},
        {"PrivatePort": 53, "Type": "udp"},
    ],
    NetworkSettings=on(front="172.18.0.2", back="172.19.0.2"),
)
PORTLESS = container("job", NetworkSettings=on(front="172.18.0.3"))
ON_HOST = container("host", "host", NetworkSettings=on(host=""))
SIDECAR = container("sidecar", "container:id-web", Ports=[{"PrivatePort": 9113, "Type": "tcp"}])
NETWORKS = [
    {
        "Id": f"net-{name}",
        "Name": name,
        "Scope": "local",
        "Driver": "bridge",
        "Internal": name == "back",
        "Ingress": False,
        "Labels": {"com.docker.compose.network": name},
    }
    for name in ("front", "back", "host")
]


def found(containers: list[dict[str, Any]], config: DockerSd | None = None) -> dict[str, dict[str, str]]:
    made = targets(
        msgspec.convert(containers, list[Container]),
        msgspec.convert(NETWORKS, list[Network]),
        config or DockerSd("unix:///x"),
    )
    return {target["__address__"]: dict(target) for target in made}


def test_a_container_port_has_exactly_prometheus_labels() -> None:
    assert found([WEB])["172.19.0.2:80"] == {
        "__address__": "172.19.0.2:80",
        "__meta_docker_container_id": "id-web",
        "__meta_docker_container_name": "/web",
        "__meta_docker_container_network_mode": "front",
        "__meta_docker_container_image": "web:1",
        "__meta_docker_container_image_id": "sha256:web",
        "__meta_docker_container_label_com_docker_compose_service": "web",
        "__meta_docker_network_id": "net-back",
        "__meta_docker_network_name": "back",
        "__meta_docker_network_scope": "local",
        "__meta_docker_network_internal": "true",
        "__meta_docker_network_ingress": "false",
        "__meta_docker_network_label_com_docker_compose_network": "back",
        "__meta_docker_network_ip": "172.19.0.2",
        "__meta_docker_port_private": "80",
        "__meta_docker_port_public": "8080",
        "__meta_docker_port_public_ip": "0.0.0.0",
    }
    assert "__meta_docker_port_public" not in found([WEB])["172.19.0.2:9100"]


@pytest.mark.parametrize(
    ("containers", "config", "addresses"),
    [
        pytest.param([WEB], {}, ["172.19.0.2:80", "172.19.0.2:9100"], id="TCP ports on the first network by name"),
        pytest.param(
            [WEB],
            {"match_first_network": False},
            ["172.19.0.2:80", "172.19.0.2:9100", "172.18.0.2:80", "172.18.0.2:9100"],
            id="every network",
        ),
        pytest.param([PORTLESS], {"port": 9000}, ["172.18.0.3:9000"], id="without ports: the configured one"),
        pytest.param([ON_HOST], {"host_networking_host": "10.0.0.1"}, ["10.0.0.1"], id="in the host's network"),
        pytest.param([SIDECAR, WEB], {}, ["172.19.0.2:9113", "172.19.0.2:80", "172.19.0.2:9100"], id="a sidecar"),
        pytest.param([SIDECAR], {}, [], id="a sidecar of nobody"),
        pytest.param([container("a", "container:id-b"), container("b", "container:id-a")], {}, [], id="a circle"),
        pytest.param([container("x", Names=None)], {}, [], id="without a name"),
        pytest.param([container("x", "none", NetworkSettings=None)], {}, [], id="without a network"),
        pytest.param(
            [container("six", NetworkSettings={"Networks": {"n": {"GlobalIPv6Address": "fd00::2"}}})],
            {},
            ["[fd00::2]:80"],
            id="IPv6 alone",
        ),
    ],
)
def test_addresses(containers, config, addresses: list[str]) -> None:
    assert list(found(containers, DockerSd("unix:///x", **config))) == addresses


def engine(asked):
    if asked.path == "/networks":
        return 200, {}, NETWORKS
    assert asked.path == "/containers/json"
    return 200, {}, [WEB, PORTLESS]


async def test_the_engine_is_asked_over_its_socket_with_filters(socket_peer, watching) -> None:
    socket_peer.reply = engine
    filters = (("label", ("scrape=yes", "env=prod")), ("status", ("running",)))
    config = DockerSd(f"unix://{socket_peer.address}", filters=filters)
    async with watching(DockerDiscovery(config)) as seen:
        await seen.until(lambda: seen.addresses == ["172.19.0.2:80", "172.19.0.2:9100", "172.18.0.3:80"])
    assert msgspec.json.decode(socket_peer.asked[0].query["filters"]) == {
        "label": ["scrape=yes", "env=prod"],
        "status": ["running"],
    }


async def test_the_engine_is_asked_over_tcp_and_http_with_client_options(peer, watching) -> None:
    peer.reply = engine
    for scheme, credentials in (("tcp", None), ("http", "Bearer t")):
        client = HttpClientConfig(authorization=Authorization(credentials=Secret("t")))
        async with watching(DockerDiscovery(DockerSd(f"{scheme}://{peer.address}", client=client))) as seen:
            await seen.until(lambda seen=seen: len(seen.addresses) == 3)
        assert peer.asked[-1].headers.get("authorization") == credentials


async def test_what_the_engine_refuses_keeps_the_targets_and_is_said(peer, watching) -> None:
    peer.reply = engine
    async with watching(DockerDiscovery(DockerSd(f"tcp://{peer.address}", refresh_ms=100))) as seen:
        await seen.until(lambda: len(seen.addresses) == 3)
        peer.reply = lambda asked: (400, {}, {"message": "invalid filter 'colour'"})
        await seen.until(lambda: "invalid filter 'colour'" in seen.discoverer.failing)
        peer.reply = lambda asked: (200, {}, '{"not": "a list"}')
        await seen.until(lambda: "/containers/json: not what Docker answers" in seen.discoverer.failing)
        assert len(seen.addresses) == 3


async def test_an_address_that_is_no_engine_is_explained(watching) -> None:
    async with watching(DockerDiscovery(DockerSd("npipe:////./pipe/docker_engine"))) as seen:
        await seen.until(lambda: "unix:///var/run/docker.sock" in seen.discoverer.failing)


ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["Id", "Names", "Ports", "NetworkSettings", "Networks", "Labels"]), inner),
    ),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(["Id", "Names", "Ports", "NetworkSettings", "HostConfig"]), ANY_JSON)))
def test_any_answer_is_targets_or_refused_by_its_type(containers: list[dict[str, Any]]) -> None:
    with contextlib.suppress(msgspec.ValidationError):
        assert all(address for address in found([*containers, WEB]))
