"""role: endpointslice. One target per address and port of a slice, and the unbound ports of its pods."""

from __future__ import annotations

from collections.abc import Iterator

from hannun.collect.discovery.kubernetes.backing import Backing
from hannun.collect.discovery.kubernetes.objects import EndpointSlice, SliceEndpoint, SlicePort
from hannun.collect.discovery.kubernetes.roles import (
    ENDPOINT_SLICES,
    META,
    NAMESPACE,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    View,
    meta_labels,
    role,
)
from hannun.collect.discovery.kubernetes.service import service_labels
from hannun.collect.discovery.labels import ADDRESS, join_host_port, sanitized
from hannun.model.target import TargetGroup

SLICE = f"{META}endpointslice_"
SERVICE_NAME = "kubernetes.io/service-name"


@role("endpointslice", ENDPOINT_SLICES, SERVICES, PODS, NODES, NAMESPACES)
def endpoint_slices(view: View) -> Iterator[TargetGroup]:
    for each in view.all(ENDPOINT_SLICES):
        targets = tuple(_targets(view, each))
        if not targets:
            continue
        namespace = each.metadata.namespace
        owner = (each.metadata.labels or {}).get(SERVICE_NAME, "")
        service = view.get(SERVICES, f"{namespace}/{owner}")
        labels = {
            NAMESPACE: namespace,
            f"{SLICE}name": each.metadata.name,
            f"{SLICE}address_type": each.address_type,
            **meta_labels(each, "endpointslice"),
            **(service_labels(service) if service is not None else {}),
            **view.namespace_labels(namespace),
        }
        yield TargetGroup(f"endpointslice/{each.key}", targets, labels)


def _targets(view: View, each: EndpointSlice) -> Iterator[dict[str, str]]:
    backing = Backing(view)
    for endpoint in each.endpoints or ():
        for port in each.ports or ():
            for address in endpoint.addresses or ():
                yield {
                    ADDRESS: address if port.port is None else join_host_port(address, port.port),
                    **_labels(view, endpoint, port),
                    **backing.labels(endpoint.target_ref, port.port),
                }
    yield from backing.unbound()


def _labels(view: View, endpoint: SliceEndpoint, port: SlicePort) -> dict[str, str]:
    conditions = endpoint.conditions
    told: dict[str, str | bool | int | None] = {
        "port_name": port.name,
        "port_protocol": port.protocol,
        "port": port.port,
        "port_app_protocol": port.app_protocol,
        "endpoint_conditions_ready": conditions.ready,
        "endpoint_conditions_serving": conditions.serving,
        "endpoint_conditions_terminating": conditions.terminating,
        "endpoint_hostname": endpoint.hostname,
        "endpoint_node_name": endpoint.node_name,
        "endpoint_zone": endpoint.zone,
    }
    node = endpoint.node_name
    if (target := endpoint.target_ref) is not None:
        told |= {"address_target_kind": target.kind, "address_target_name": target.name}
        node = target.name if target.kind == "Node" else node
    labels = {f"{SLICE}{name}": _shown(value) for name, value in told.items() if value is not None}
    for key, value in (endpoint.deprecated_topology or {}).items():
        labels[f"{SLICE}endpoint_topology_{sanitized(key)}"] = value
        labels[f"{SLICE}endpoint_topology_present_{sanitized(key)}"] = "true"
    return labels | view.node_labels(node)


def _shown(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
