"""docker_sd_configs: the containers of one Docker engine, asked over its API (a Unix socket or TCP).

One target per container, network and TCP port; a container without such a port has one target per network, on the
configured port. `targets` is the pure part, checked against Prometheus's labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from hannun.collect.discovery.http import without_password
from hannun.collect.discovery.labels import ADDRESS, join_host_port, sanitized
from hannun.collect.discovery.poll import ASK_TIMEOUT_S, PolledDiscovery
from hannun.collect.discovery.registry import discoverer
from hannun.collect.http_client import make_client
from hannun.config.http_client import HttpClientConfig
from hannun.config.prometheus.model import DockerSd
from hannun.model.errors import WireError
from hannun.model.target import TargetGroup

BODY_BYTES_MAX = 32 << 20
TARGETS_MAX = 50_000
SHARED_DEPTH_MAX = 32
META = "__meta_docker_"
T = TypeVar("T")


class _HostConfig(msgspec.Struct, rename="pascal"):
    network_mode: str = ""


class _Endpoint(msgspec.Struct):
    network_id: str = msgspec.field(name="NetworkID", default="")
    ip: str = msgspec.field(name="IPAddress", default="")
    ipv6: str = msgspec.field(name="GlobalIPv6Address", default="")


class _NetworkSettings(msgspec.Struct, rename="pascal"):
    networks: dict[str, _Endpoint | None] | None = None


class _Port(msgspec.Struct, rename="pascal"):
    private_port: int = 0
    public_port: int = 0
    type: str = ""
    ip: str = msgspec.field(name="IP", default="")


class Container(msgspec.Struct, rename="pascal"):
    """What we read of an entry of `GET /containers/json`."""

    id: str
    names: list[str] | None = None
    image: str = ""
    image_id: str = msgspec.field(name="ImageID", default="")
    labels: dict[str, str] | None = None
    ports: list[_Port] | None = None
    host_config: _HostConfig = msgspec.field(default_factory=_HostConfig)
    network_settings: _NetworkSettings | None = None

    @property
    def networks(self) -> dict[str, _Endpoint]:
        found = (self.network_settings.networks if self.network_settings else None) or {}
        return {name: endpoint for name, endpoint in sorted(found.items()) if endpoint is not None}


class Network(msgspec.Struct, rename="pascal"):
    """What we read of an entry of `GET /networks`."""

    id: str
    name: str = ""
    scope: str = ""
    internal: bool = False
    ingress: bool = False
    labels: dict[str, str] | None = None


_CONTAINERS = msgspec.json.Decoder(list[Container])
_NETWORKS = msgspec.json.Decoder(list[Network])


@discoverer(DockerSd)
class DockerDiscovery(PolledDiscovery):
    def __init__(self, config: DockerSd) -> None:
        super().__init__(f"Docker at {without_password(config.host)}", config.refresh_ms)
        self._config = config
        self._base, unix_socket, client = _way(config)
        self._client = make_client(
            client, timeout_s=min(config.refresh_ms / 1000, ASK_TIMEOUT_S), unix_socket=unix_socket
        )

    async def close(self) -> None:
        await self._client.close()

    async def ask(self) -> Sequence[TargetGroup]:
        asked = json.dumps({name: list(values) for name, values in self._config.filters})
        filters = f"?filters={quote(asked)}" if self._config.filters else ""
        containers = await self._list(f"/containers/json{filters}", _CONTAINERS)
        networks = await self._list("/networks", _NETWORKS)
        found: list[Mapping[str, str]] = []
        for target in targets(containers, networks, self._config):
            if len(found) >= TARGETS_MAX:
                raise WireError(f"more than {TARGETS_MAX:,} targets", "narrow them down with filters")
            found.append(target)
        return [TargetGroup("Docker", tuple(found), {})]

    async def _list(self, path: str, decoder: msgspec.json.Decoder[list[T]]) -> list[T]:
        if not self._base:
            raise WireError(
                f"{without_password(self._config.host)!r} is no way to a Docker engine",
                "write unix:///var/run/docker.sock or tcp://host:2375",
            )
        answer = await self._client.get(self._base + path, body_bytes_max=BODY_BYTES_MAX)
        if answer.status != 200:
            raise WireError(f"{path.partition('?')[0]}: HTTP status {answer.status} {_message(answer.body)}".rstrip())
        try:
            return decoder.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as err:
            raise WireError(f"{path.partition('?')[0]}: not what Docker answers: {err}") from None


def _way(config: DockerSd) -> tuple[str, str, HttpClientConfig]:
    """(base URL, Unix socket, client options). Prometheus, too, applies client options to http(s) only."""
    parts = urlsplit(config.host)
    match parts.scheme:
        case "unix":
            # Docker takes `unix://var/run/docker.sock` as well.
            path = parts.path if not parts.netloc else f"/{parts.netloc}{parts.path}"
            return "http://docker", path, HttpClientConfig()
        case "tcp":
            return f"http://{parts.netloc}", "", HttpClientConfig()
        case "http" | "https":
            return config.host.rstrip("/"), "", config.client
        case _:
            return "", "", HttpClientConfig()


def _message(body: bytes) -> str:
    """Docker explains its refusals as {"message": …}."""
    try:
        told = msgspec.json.decode(body[:4096], type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return told.get("message", "")[:200]


def targets(
    containers: Sequence[Container], networks: Sequence[Network], config: DockerSd
) -> Iterator[Mapping[str, str]]:
    """Every target with its labels."""
    by_id = {container.id: container for container in containers}
    network_labels = {network.id: _network_labels(network) for network in networks}
    for container in containers:
        if not container.names:
            continue
        common = _container_labels(container)
        attached = _attached(container, by_id)
        if config.match_first_network and attached:
            attached = attached[:1]
        for endpoint in attached:
            ip = endpoint.ip or endpoint.ipv6
            labels = {**common, **network_labels.get(endpoint.network_id, {}), f"{META}network_ip": ip}
            ports = [port for port in container.ports or () if port.type == "tcp"]
            for port in ports:
                public = (
                    {f"{META}port_public": str(port.public_port), f"{META}port_public_ip": port.ip}
                    if port.public_port
                    else {}
                )
                address = join_host_port(ip, port.private_port)
                yield {ADDRESS: address, **labels, f"{META}port_private": str(port.private_port), **public}
            if not ports:
                # Containers in the host's network have no ports: the user gives one by relabeling.
                on_host = container.host_config.network_mode == "host"
                address = config.host_networking_host if on_host else join_host_port(ip, config.port)
                yield {ADDRESS: address, **labels}


def _attached(container: Container, by_id: Mapping[str, Container]) -> list[_Endpoint]:
    """Its networks, or those of the container whose network it shares (sidecars), sorted by name."""
    at: Container | None = container
    for _ in range(SHARED_DEPTH_MAX):
        if at is None:
            break
        if at.networks:
            return list(at.networks.values())
        kind, _, other = at.host_config.network_mode.partition(":")
        at = by_id.get(other) if kind == "container" else None
    return []


def _container_labels(container: Container) -> dict[str, str]:
    assert container.names
    return {
        f"{META}container_id": container.id,
        f"{META}container_name": container.names[0],
        f"{META}container_network_mode": container.host_config.network_mode,
        f"{META}container_image": container.image,
        f"{META}container_image_id": container.image_id,
        **{f"{META}container_label_{sanitized(key)}": value for key, value in (container.labels or {}).items()},
    }


def _network_labels(network: Network) -> dict[str, str]:
    return {
        f"{META}network_id": network.id,
        f"{META}network_name": network.name,
        f"{META}network_scope": network.scope,
        f"{META}network_internal": str(network.internal).lower(),
        f"{META}network_ingress": str(network.ingress).lower(),
        **{f"{META}network_label_{sanitized(key)}": value for key, value in (network.labels or {}).items()},
    }
