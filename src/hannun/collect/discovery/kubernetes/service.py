"""role: service. One target per service port, at the service's DNS name: for probes, not for scraping pods."""

from __future__ import annotations

from collections.abc import Iterator

from hannun.collect.discovery.kubernetes.objects import Service
from hannun.collect.discovery.kubernetes.roles import META, NAMESPACE, NAMESPACES, SERVICES, View, meta_labels, role
from hannun.collect.discovery.labels import ADDRESS, join_host_port
from hannun.model.target import TargetGroup


@role("service", SERVICES, NAMESPACES)
def services(view: View) -> Iterator[TargetGroup]:
    for service in view.all(SERVICES):
        name, namespace = service.metadata.name, service.metadata.namespace
        told = _told(service)
        targets = tuple(
            {
                ADDRESS: join_host_port(f"{name}.{namespace}.svc", port.port),
                f"{META}service_port_name": port.name,
                f"{META}service_port_number": str(port.port),
                f"{META}service_port_protocol": port.protocol,
                **told,
            }
            for port in service.spec.ports or ()
        )
        if targets:
            labels = {NAMESPACE: namespace, **service_labels(service), **view.namespace_labels(namespace)}
            yield TargetGroup(f"svc/{service.key}", targets, labels)


def service_labels(service: Service) -> dict[str, str]:
    """What every target behind a service is told about it."""
    return {f"{META}service_name": service.metadata.name, **meta_labels(service, "service")}


def _told(service: Service) -> dict[str, str]:
    spec = service.spec
    told = {f"{META}service_type": spec.type}
    if spec.type == "ExternalName":
        told[f"{META}service_external_name"] = spec.external_name
    else:
        told[f"{META}service_cluster_ip"] = spec.cluster_ip
    if spec.type == "LoadBalancer":
        told[f"{META}service_loadbalancer_ip"] = spec.load_balancer_ip
    return told
