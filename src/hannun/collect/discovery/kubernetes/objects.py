"""What we read of Kubernetes' objects. Everything may be absent: the API leaves out what is empty.

Frozen, so that a thread may build targets of them while the watch goes on; nothing else of an object is kept, because
a cluster's pods carry megabytes of fields that nobody asks for. `gc=False`: they hold no cycles, and a collection that
had to walk them all would stop the event loop.
"""

from __future__ import annotations

import msgspec

Texts = dict[str, str] | None


class _Frozen(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    pass


class Owner(_Frozen, frozen=True, gc=False):
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class Meta(_Frozen, frozen=True, gc=False):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: Texts = None
    annotations: Texts = None
    owner_references: tuple[Owner, ...] | None = None


class Object(_Frozen, frozen=True, gc=False):
    """`key` is how other objects refer to it: `namespace/name`, or the name where there are no namespaces."""

    metadata: Meta = Meta()

    @property
    def key(self) -> str:
        return key_of(self.metadata.namespace, self.metadata.name)


def key_of(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


class Namespace(Object, frozen=True, gc=False):
    pass


# --- nodes ------------------------------------------------------------------------------------------------------------


class NodeAddress(_Frozen, frozen=True, gc=False):
    type: str = ""
    address: str = ""


class KubeletEndpoint(msgspec.Struct, frozen=True, gc=False):
    port: int = msgspec.field(name="Port", default=0)


class DaemonEndpoints(_Frozen, frozen=True, gc=False):
    kubelet_endpoint: KubeletEndpoint = KubeletEndpoint()


class NodeStatus(_Frozen, frozen=True, gc=False):
    addresses: tuple[NodeAddress, ...] | None = None
    daemon_endpoints: DaemonEndpoints = DaemonEndpoints()


class NodeSpec(msgspec.Struct, frozen=True, gc=False):
    provider_id: str = msgspec.field(name="providerID", default="")


class Node(Object, frozen=True, gc=False):
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


# --- pods -------------------------------------------------------------------------------------------------------------


class ContainerPort(_Frozen, frozen=True, gc=False):
    container_port: int = 0
    name: str = ""
    protocol: str = "TCP"


class Container(_Frozen, frozen=True, gc=False):
    name: str = ""
    image: str = ""
    ports: tuple[ContainerPort, ...] | None = None


class ContainerStatus(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    container_id: str = msgspec.field(name="containerID", default="")


class Condition(_Frozen, frozen=True, gc=False):
    type: str = ""
    status: str = ""


class PodStatus(msgspec.Struct, frozen=True, gc=False):
    pod_ip: str = msgspec.field(name="podIP", default="")
    host_ip: str = msgspec.field(name="hostIP", default="")
    phase: str = ""
    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = msgspec.field(name="containerStatuses", default=None)
    init_container_statuses: tuple[ContainerStatus, ...] | None = msgspec.field(
        name="initContainerStatuses", default=None
    )


class PodSpec(_Frozen, frozen=True, gc=False):
    node_name: str = ""
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None


class Pod(Object, frozen=True, gc=False):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def containers(self) -> tuple[tuple[Container, bool], ...]:
        """Each with whether it is an init container; the others first."""
        return (
            *((container, False) for container in self.spec.containers or ()),
            *((container, True) for container in self.spec.init_containers or ()),
        )


# --- services and what stands behind them -----------------------------------------------------------------------------


class ServicePort(_Frozen, frozen=True, gc=False):
    port: int = 0
    name: str = ""
    protocol: str = "TCP"


class ServiceSpec(msgspec.Struct, frozen=True, gc=False):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    load_balancer_ip: str = msgspec.field(name="loadBalancerIP", default="")
    external_name: str = msgspec.field(name="externalName", default="")
    ports: tuple[ServicePort, ...] | None = None


class Service(Object, frozen=True, gc=False):
    spec: ServiceSpec = ServiceSpec()


class Reference(_Frozen, frozen=True, gc=False):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class EndpointAddress(_Frozen, frozen=True, gc=False):
    ip: str = ""
    hostname: str = ""
    node_name: str | None = None
    target_ref: Reference | None = None


class EndpointPort(_Frozen, frozen=True, gc=False):
    port: int = 0
    name: str = ""
    protocol: str = "TCP"


class Subset(_Frozen, frozen=True, gc=False):
    addresses: tuple[EndpointAddress, ...] | None = None
    not_ready_addresses: tuple[EndpointAddress, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None


class Endpoints(Object, frozen=True, gc=False):
    subsets: tuple[Subset, ...] | None = None


class SliceConditions(_Frozen, frozen=True, gc=False):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class SliceEndpoint(_Frozen, frozen=True, gc=False):
    addresses: tuple[str, ...] | None = None
    conditions: SliceConditions = SliceConditions()
    hostname: str | None = None
    node_name: str | None = None
    zone: str | None = None
    target_ref: Reference | None = None
    deprecated_topology: Texts = None


class SlicePort(_Frozen, frozen=True, gc=False):
    name: str | None = None
    protocol: str | None = None
    port: int | None = None
    app_protocol: str | None = None


class EndpointSlice(Object, frozen=True, gc=False):
    address_type: str = ""
    endpoints: tuple[SliceEndpoint, ...] | None = None
    ports: tuple[SlicePort, ...] | None = None


# --- ingresses --------------------------------------------------------------------------------------------------------


class IngressPath(_Frozen, frozen=True, gc=False):
    path: str = ""


class IngressHttp(_Frozen, frozen=True, gc=False):
    paths: tuple[IngressPath, ...] | None = None


class IngressRule(_Frozen, frozen=True, gc=False):
    host: str = ""
    http: IngressHttp | None = None


class IngressTls(_Frozen, frozen=True, gc=False):
    hosts: tuple[str, ...] | None = None


class IngressSpec(_Frozen, frozen=True, gc=False):
    ingress_class_name: str | None = None
    rules: tuple[IngressRule, ...] | None = None
    tls: tuple[IngressTls, ...] | None = None


class Ingress(Object, frozen=True, gc=False):
    spec: IngressSpec = IngressSpec()
