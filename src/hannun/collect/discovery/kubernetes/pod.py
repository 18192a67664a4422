"""role: pod. One target per container port, and one per container without ports, at the pod's bare address."""

from __future__ import annotations

from collections.abc import Iterator

from hannun.collect.discovery.kubernetes.objects import Container, ContainerPort, Pod
from hannun.collect.discovery.kubernetes.roles import META, NAMESPACE, NAMESPACES, NODES, PODS, View, meta_labels, role
from hannun.collect.discovery.labels import ADDRESS, join_host_port
from hannun.model.target import TargetGroup


@role("pod", PODS, NODES, NAMESPACES)
def pods(view: View) -> Iterator[TargetGroup]:
    for pod in view.all(PODS):
        targets = tuple(_targets(pod)) if pod.status.pod_ip else ()  # Without: starting, or evicted.
        if not targets:
            continue
        namespace = pod.metadata.namespace
        shared = {
            NAMESPACE: namespace,
            **pod_labels(pod),
            **view.node_labels(pod.spec.node_name),
            **view.namespace_labels(namespace),
        }
        yield TargetGroup(f"pod/{pod.key}", targets, shared)


def _targets(pod: Pod) -> Iterator[dict[str, str]]:
    ip = pod.status.pod_ip
    for container, is_init in pod.containers:
        labels = {**container_labels(container, is_init=is_init), **_id(pod, container)}
        for port in container.ports or ():
            yield {ADDRESS: join_host_port(ip, port.container_port), **labels, **port_labels(port)}
        if not container.ports:
            yield {ADDRESS: ip, **labels}


def pod_labels(pod: Pod) -> dict[str, str]:
    """What every target that a pod stands behind is told about it."""
    labels = {
        f"{META}pod_name": pod.metadata.name,
        f"{META}pod_ip": pod.status.pod_ip,
        f"{META}pod_ready": _ready(pod),
        f"{META}pod_phase": pod.status.phase,
        f"{META}pod_node_name": pod.spec.node_name,
        f"{META}pod_host_ip": pod.status.host_ip,
        f"{META}pod_uid": pod.metadata.uid,
        **meta_labels(pod, "pod"),
    }
    for owner in pod.metadata.owner_references or ():
        if owner.controller:
            labels |= {f"{META}pod_controller_kind": owner.kind, f"{META}pod_controller_name": owner.name}
            break
    return labels


def container_labels(container: Container, *, is_init: bool) -> dict[str, str]:
    return {
        f"{META}pod_container_name": container.name,
        f"{META}pod_container_image": container.image,
        f"{META}pod_container_init": str(is_init).lower(),
    }


def port_labels(port: ContainerPort) -> dict[str, str]:
    return {
        f"{META}pod_container_port_name": port.name,
        f"{META}pod_container_port_number": str(port.container_port),
        f"{META}pod_container_port_protocol": port.protocol,
    }


def _id(pod: Pod, container: Container) -> dict[str, str]:
    statuses = (*(pod.status.container_statuses or ()), *(pod.status.init_container_statuses or ()))
    found = next((status.container_id for status in statuses if status.name == container.name), "")
    return {f"{META}pod_container_id": found}


def _ready(pod: Pod) -> str:
    found = (condition.status for condition in pod.status.conditions or () if condition.type == "Ready")
    return next(found, "Unknown").lower()
