"""Every role's targets and labels, from objects shaped as the API documents them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hannun.collect.discovery.kubernetes import roles
from hannun.collect.discovery.kubernetes.ingress import matches
from hannun.collect.discovery.kubernetes.roles import (
    ENDPOINT_SLICES,
    ENDPOINTS,
    INGRESSES,
    NAMESPACES,
    NODES,
    PODS,
    ROLES,
    SERVICES,
    Resource,
    View,
)
from hannun.model.target import TargetGroup

META = "__meta_kubernetes_"

NODE = {
    "metadata": {"name": "node-1", "labels": {"topology.kubernetes.io/zone": "a"}, "annotations": {"note": "x"}},
    "spec": {"providerID": "aws:///i-1", "podCIDR": "10.0.0.0/24"},
    "status": {
        "addresses": [
            {"type": "Hostname", "address": "node-1.local"},
            {"type": "InternalIP", "address": "192.168.0.5"},
            {"type": "InternalIP", "address": "fd00::5"},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    },
}
POD = {
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "uid": "uid-1",
        "labels": {"app.kubernetes.io/name": "web"},
        "annotations": {"prometheus.io/scrape": "true"},
        "ownerReferences": [
            {"kind": "Other", "name": "x"},
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "controller": True},
        ],
    },
    "spec": {
        "nodeName": "node-1",
        "containers": [
            {
                "name": "web",
                "image": "web:1",
                "ports": [
                    {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                    {"containerPort": 9100},
                ],
            },
            {"name": "sidecar", "image": "side:2"},
        ],
        "initContainers": [{"name": "init", "image": "init:3"}],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.0.0.7",
        "hostIP": "192.168.0.5",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "web", "containerID": "containerd://abc", "ready": True}],
        "initContainerStatuses": [{"name": "init", "containerID": "containerd://def"}],
    },
}
SERVICE = {
    "metadata": {"name": "web", "namespace": "shop", "labels": {"tier": "front"}},
    "spec": {
        "type": "LoadBalancer",
        "clusterIP": "10.96.0.1",
        "loadBalancerIP": "1.2.3.4",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
    },
}
NAMESPACE = {"metadata": {"name": "shop", "labels": {"team": "red"}}}
TARGET_POD = {"kind": "Pod", "namespace": "shop", "name": "web-1"}
ENDPOINTS_OBJECT = {
    "metadata": {"name": "web", "namespace": "shop", "labels": {"of": "web"}},
    "subsets": [
        {
            "addresses": [{"ip": "10.0.0.7", "hostname": "w1", "nodeName": "node-1", "targetRef": TARGET_POD}],
            "notReadyAddresses": [
                {"ip": "10.0.0.8", "targetRef": {"kind": "Pod", "namespace": "shop", "name": "gone"}}
            ],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        }
    ],
}
SLICE_OBJECT = {
    "metadata": {"name": "web-x", "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "endpoints": [
        {
            "addresses": ["10.0.0.7"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "nodeName": "node-1",
            "zone": "a",
            "targetRef": TARGET_POD,
            "deprecatedTopology": {"kubernetes.io/hostname": "node-1"},
        },
        {"addresses": ["10.0.0.9"], "targetRef": {"kind": "Node", "name": "node-1"}},
    ],
    "ports": [{"name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "http"}],
}
INGRESS = {
    "metadata": {"name": "front", "namespace": "shop"},
    "spec": {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["*.example.com"]}],
        "rules": [
            {"host": "www.example.com", "http": {"paths": [{"path": "/a"}, {"pathType": "Prefix"}]}},
            {"host": "plain.example.org"},
        ],
    },
}

POD_LABELS = {
    "pod_name": "web-1",
    "pod_ip": "10.0.0.7",
    "pod_ready": "true",
    "pod_phase": "Running",
    "pod_node_name": "node-1",
    "pod_host_ip": "192.168.0.5",
    "pod_uid": "uid-1",
    "pod_controller_kind": "ReplicaSet",
    "pod_controller_name": "web",
    "pod_label_app_kubernetes_io_name": "web",
    "pod_labelpresent_app_kubernetes_io_name": "true",
    "pod_annotation_prometheus_io_scrape": "true",
    "pod_annotationpresent_prometheus_io_scrape": "true",
}
WEB = {"pod_container_name": "web", "pod_container_image": "web:1", "pod_container_init": "false"}
HTTP = {
    "pod_container_port_name": "http",
    "pod_container_port_number": "8080",
    "pod_container_port_protocol": "TCP",
}
METRICS = {
    "pod_container_port_name": "",
    "pod_container_port_number": "9100",
    "pod_container_port_protocol": "TCP",
}
SERVICE_LABELS = {"service_name": "web", "service_label_tier": "front", "service_labelpresent_tier": "true"}


def meta(address: str = "", **labels: str) -> dict[str, str]:
    return {**({"__address__": address} if address else {}), **{META + name: value for name, value in labels.items()}}


def built(role: str, known: dict[Resource, list[dict[str, Any]]], **attach: bool) -> list[TargetGroup]:
    roles.register_all()
    objects = {resource: [msgspec.convert(each, resource.type) for each in those] for resource, those in known.items()}
    view = View({resource: {each.key: each for each in those} for resource, those in objects.items()}, **attach)
    return list(ROLES[role].build(view))


def test_a_node_is_scraped_at_its_kubelet() -> None:
    (group,) = built("node", {NODES: [NODE, {"metadata": {"name": "addressless"}}]})
    assert group.source == "node/node-1"
    (target,) = group.targets
    assert target == {
        "__address__": "192.168.0.5:10250",
        "instance": "node-1",
        f"{META}node_address_InternalIP": "192.168.0.5",
        f"{META}node_address_Hostname": "node-1.local",
    }
    assert group.labels == meta(
        node_name="node-1",
        node_provider_id="aws:///i-1",
        node_label_topology_kubernetes_io_zone="a",
        node_labelpresent_topology_kubernetes_io_zone="true",
        node_annotation_note="x",
        node_annotationpresent_note="true",
    )


def test_a_pod_has_a_target_per_port_and_per_portless_container() -> None:
    starting = {"metadata": {"name": "new", "namespace": "shop"}, "spec": POD["spec"], "status": {"phase": "Pending"}}
    (group,) = built("pod", {PODS: [POD, starting]})
    assert group.source == "pod/shop/web-1"
    assert list(group.targets) == [
        meta("10.0.0.7:8080", **WEB, **HTTP, pod_container_id="containerd://abc"),
        meta("10.0.0.7:9100", **WEB, **METRICS, pod_container_id="containerd://abc"),
        meta(
            "10.0.0.7",
            pod_container_name="sidecar",
            pod_container_image="side:2",
            pod_container_init="false",
            pod_container_id="",
        ),
        meta(
            "10.0.0.7",
            pod_container_name="init",
            pod_container_image="init:3",
            pod_container_init="true",
            pod_container_id="containerd://def",
        ),
    ]
    assert group.labels == meta(namespace="shop", **POD_LABELS)


def test_metadata_of_node_and_namespace_is_attached_when_asked_for() -> None:
    known = {PODS: [POD], NODES: [NODE], NAMESPACES: [NAMESPACE]}
    (plain,) = built("pod", known)
    (group,) = built("pod", known, attach_node=True, attach_namespace=True)
    assert {name: value for name, value in group.labels.items() if name not in plain.labels} == meta(
        node_name="node-1",
        node_label_topology_kubernetes_io_zone="a",
        node_labelpresent_topology_kubernetes_io_zone="true",
        namespace_label_team="red",
        namespace_labelpresent_team="true",
    )


def test_a_service_is_probed_by_its_name() -> None:
    external = {
        "metadata": {"name": "ext", "namespace": "shop"},
        "spec": {"type": "ExternalName", "externalName": "db.example.com", "ports": [{"port": 5432}]},
    }
    other, group = built("service", {SERVICES: [SERVICE, external]})
    assert group.source == "svc/shop/web"
    assert list(group.targets) == [
        meta(
            "web.shop.svc:80",
            service_port_name="http",
            service_port_number="80",
            service_port_protocol="TCP",
            service_type="LoadBalancer",
            service_cluster_ip="10.96.0.1",
            service_loadbalancer_ip="1.2.3.4",
        )
    ]
    assert group.labels == meta(namespace="shop", **SERVICE_LABELS)
    assert other.targets[0][f"{META}service_external_name"] == "db.example.com"
    assert f"{META}service_cluster_ip" not in other.targets[0]


def test_endpoints_bring_the_labels_of_their_service_and_pods_and_the_ports_nobody_named() -> None:
    known = {ENDPOINTS: [ENDPOINTS_OBJECT], SERVICES: [SERVICE], PODS: [POD]}
    (group,) = built("endpoints", known)
    assert group.source == "endpoints/shop/web"
    assert list(group.targets) == [
        meta(
            "10.0.0.7:8080",
            endpoint_port_name="http",
            endpoint_port_protocol="TCP",
            endpoint_ready="true",
            endpoint_address_target_kind="Pod",
            endpoint_address_target_name="web-1",
            endpoint_node_name="node-1",
            endpoint_hostname="w1",
            **POD_LABELS,
            **WEB,
            **HTTP,
        ),
        meta(
            "10.0.0.8:8080",
            endpoint_port_name="http",
            endpoint_port_protocol="TCP",
            endpoint_ready="false",
            endpoint_address_target_kind="Pod",
            endpoint_address_target_name="gone",
        ),
        meta("10.0.0.7:9100", **WEB, **METRICS, **POD_LABELS),
    ]
    assert group.labels == meta(
        namespace="shop",
        endpoints_name="web",
        endpoints_label_of="web",
        endpoints_labelpresent_of="true",
        **SERVICE_LABELS,
    )


def test_an_endpoint_slice_brings_conditions_zone_and_topology() -> None:
    known = {ENDPOINT_SLICES: [SLICE_OBJECT], SERVICES: [SERVICE], PODS: [POD], NODES: [NODE]}
    (group,) = built("endpointslice", known, attach_node=True)
    assert group.source == "endpointslice/shop/web-x"
    node = {
        "node_name": "node-1",
        "node_label_topology_kubernetes_io_zone": "a",
        "node_labelpresent_topology_kubernetes_io_zone": "true",
    }
    port = {
        "endpointslice_port_name": "http",
        "endpointslice_port_protocol": "TCP",
        "endpointslice_port": "8080",
        "endpointslice_port_app_protocol": "http",
    }
    assert list(group.targets) == [
        meta(
            "10.0.0.7:8080",
            **port,
            endpointslice_endpoint_conditions_ready="true",
            endpointslice_endpoint_conditions_serving="true",
            endpointslice_endpoint_conditions_terminating="false",
            endpointslice_endpoint_node_name="node-1",
            endpointslice_endpoint_zone="a",
            endpointslice_address_target_kind="Pod",
            endpointslice_address_target_name="web-1",
            endpointslice_endpoint_topology_kubernetes_io_hostname="node-1",
            endpointslice_endpoint_topology_present_kubernetes_io_hostname="true",
            **node,
            **POD_LABELS,
            **WEB,
            **HTTP,
        ),
        meta(
            "10.0.0.9:8080",
            **port,
            endpointslice_address_target_kind="Node",
            endpointslice_address_target_name="node-1",
            **node,
        ),
        meta("10.0.0.7:9100", **WEB, **METRICS, **POD_LABELS),
    ]
    assert group.labels == meta(
        namespace="shop",
        endpointslice_name="web-x",
        endpointslice_address_type="IPv4",
        endpointslice_label_kubernetes_io_service_name="web",
        endpointslice_labelpresent_kubernetes_io_service_name="true",
        **SERVICE_LABELS,
    )


def test_an_ingress_is_probed_per_path() -> None:
    (group,) = built("ingress", {INGRESSES: [INGRESS]})
    assert group.source == "ingress/shop/front"
    assert [
        (target["__address__"], target[f"{META}ingress_scheme"], target[f"{META}ingress_path"])
        for target in group.targets
    ] == [
        ("www.example.com", "https", "/a"),
        ("www.example.com", "https", "/"),
        ("plain.example.org", "http", "/"),
    ]
    assert group.targets[0][f"{META}ingress_host"] == "www.example.com"
    assert group.labels == meta(namespace="shop", ingress_name="front", ingress_class_name="nginx")


@pytest.mark.parametrize(
    ("pattern", "host", "same"),
    [
        ("a.example.com", "a.example.com", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "example.com", False),
        ("*", "localhost", False),
        ("", "", True),
    ],
)
def test_a_certificate_covers_one_level(pattern: str, host: str, same: bool) -> None:
    assert matches(pattern, host) is same


@pytest.mark.parametrize("role", ["node", "pod", "service", "endpoints", "endpointslice", "ingress"])
def test_a_cluster_without_anything_is_no_targets(role: str) -> None:
    everything = (NODES, NAMESPACES, PODS, SERVICES, ENDPOINTS, ENDPOINT_SLICES, INGRESSES)
    assert built(role, {}) == []
    bare = {resource: [{"metadata": {"name": "x", "namespace": "y"}}] for resource in everything}
    assert built(role, bare, attach_node=True, attach_namespace=True) == []
