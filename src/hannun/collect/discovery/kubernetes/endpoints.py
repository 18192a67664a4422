"""role: endpoints. One target per address and port of an Endpoints object, and the unbound ports of its pods."""

from __future__ import annotations

from collections.abc import Iterator

from hannun.collect.discovery.kubernetes.backing import Backing
from hannun.collect.discovery.kubernetes.objects import EndpointAddress, EndpointPort, Endpoints
from hannun.collect.discovery.kubernetes.roles import (
    ENDPOINTS,
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
from hannun.collect.discovery.labels import ADDRESS, join_host_port
from hannun.model.target import TargetGroup


@role("endpoints", ENDPOINTS, SERVICES, PODS, NODES, NAMESPACES)
def endpoints(view: View) -> Iterator[TargetGroup]:
    for each in view.all(ENDPOINTS):
        targets = tuple(_targets(view, each))
        if not targets:
            continue
        namespace = each.metadata.namespace
        service = view.get(SERVICES, each.key)  # Of the same name, by Kubernetes' own rule.
        labels = {
            NAMESPACE: namespace,
            f"{META}endpoints_name": each.metadata.name,
            **(service_labels(service) if service is not None else {}),
            **meta_labels(each, "endpoints"),
            **view.namespace_labels(namespace),
        }
        yield TargetGroup(f"endpoints/{each.key}", targets, labels)


def _targets(view: View, each: Endpoints) -> Iterator[dict[str, str]]:
    backing = Backing(view)
    for subset in each.subsets or ():
        for port in subset.ports or ():
            for addresses, ready in ((subset.addresses, "true"), (subset.not_ready_addresses, "false")):
                for address in addresses or ():
                    yield {
                        **_labels(view, address, port, ready),
                        **backing.labels(address.target_ref, port.port),
                    }
    yield from backing.unbound()


def _labels(view: View, address: EndpointAddress, port: EndpointPort, ready: str) -> dict[str, str]:
    labels = {
        ADDRESS: join_host_port(address.ip, port.port),
        f"{META}endpoint_port_name": port.name,
        f"{META}endpoint_port_protocol": port.protocol,
        f"{META}endpoint_ready": ready,
    }
    node = address.node_name
    if (target := address.target_ref) is not None:
        labels |= {
            f"{META}endpoint_address_target_kind": target.kind,
            f"{META}endpoint_address_target_name": target.name,
        }
        node = target.name if target.kind == "Node" else node
    if address.node_name is not None:
        labels[f"{META}endpoint_node_name"] = address.node_name
    if address.hostname:
        labels[f"{META}endpoint_hostname"] = address.hostname
    return labels | view.node_labels(node)
