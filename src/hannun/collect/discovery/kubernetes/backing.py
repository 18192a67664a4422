"""Pods behind endpoints: shared by the roles endpoints and endpointslice.

A target that a pod stands behind is told the pod's labels and those of the container whose port it is. Ports of these
pods that no endpoint names become targets too, because that is where metrics often are.
"""

from __future__ import annotations

from collections.abc import Iterator

from hannun.collect.discovery.kubernetes.objects import Pod, Reference
from hannun.collect.discovery.kubernetes.pod import container_labels, pod_labels, port_labels
from hannun.collect.discovery.kubernetes.roles import PODS, View
from hannun.collect.discovery.labels import ADDRESS, join_host_port


class Backing:
    """The pods behind one object; remembers which of their ports are targets already."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._seen: dict[str, tuple[Pod, set[int]]] = {}

    def labels(self, reference: Reference | None, port: int | None) -> dict[str, str]:
        """Of the pod that is referred to, and of the container that has `port`; nothing if it is no pod we know."""
        if reference is None or reference.kind != "Pod":
            return {}
        pod: Pod | None = self._view.get(PODS, f"{reference.namespace}/{reference.name}")
        if pod is None:
            return {}
        ports = self._seen.setdefault(pod.key, (pod, set()))[1]
        labels = pod_labels(pod)
        if port is not None:
            ports.add(port)
            for container, is_init in pod.containers:
                for own in container.ports or ():
                    if own.container_port == port:
                        labels |= {**container_labels(container, is_init=is_init), **port_labels(own)}
        return labels

    def unbound(self) -> Iterator[dict[str, str]]:
        """A target for each port of the pods seen that `labels` was not asked for."""
        for pod, ports in self._seen.values():
            if not pod.status.pod_ip:
                continue
            shared = pod_labels(pod)
            for container, is_init in pod.containers:
                for port in container.ports or ():
                    if port.container_port not in ports:
                        yield {
                            ADDRESS: join_host_port(pod.status.pod_ip, port.container_port),
                            **container_labels(container, is_init=is_init),
                            **port_labels(port),
                            **shared,
                        }
