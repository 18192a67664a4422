"""role: node. One target per node, at its kubelet's port."""

from __future__ import annotations

from collections.abc import Iterator

from hannun.collect.discovery.kubernetes.objects import Node
from hannun.collect.discovery.kubernetes.roles import META, NODES, View, meta_labels, role
from hannun.collect.discovery.labels import ADDRESS, join_host_port, sanitized
from hannun.model.target import TargetGroup

ADDRESS_TYPES = ("InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname")
"""In the order in which Prometheus prefers them."""


@role("node", NODES)
def nodes(view: View) -> Iterator[TargetGroup]:
    for node in view.all(NODES):
        addresses = _addresses(node)
        address = next((addresses[kind] for kind in ADDRESS_TYPES if kind in addresses), "")
        if not address:
            continue
        name = node.metadata.name
        target = {
            ADDRESS: join_host_port(address, node.status.daemon_endpoints.kubelet_endpoint.port),
            "instance": name,
            **{f"{META}node_address_{sanitized(kind)}": where for kind, where in addresses.items()},
        }
        labels = {
            f"{META}node_name": name,
            f"{META}node_provider_id": node.spec.provider_id,
            **meta_labels(node, "node"),
        }
        yield TargetGroup(f"node/{name}", (target,), labels)


def _addresses(node: Node) -> dict[str, str]:
    """The first of each type."""
    found: dict[str, str] = {}
    for each in node.status.addresses or ():
        found.setdefault(each.type, each.address)
    return found
