"""Who a signal speaks of: service, environment, host and release, found in the labels that each ecosystem uses.

The same words must come out for a metric, a log line, a span and an error of one program, so the rules are few and
stand here together. What says "I do not know" (`unknown`, `none`, OTel's `unknown_service:python`) is not known.
"""

from __future__ import annotations

from hannun.model.identity import Identity
from hannun.model.labels import METRIC_NAME, Labels

SERVICE = ("job", "service_name", "service")
ENVIRONMENT = ("deployment_environment_name", "deployment_environment", "environment", "env")
HOST = ("host", "hostname", "host_name", "nodename", "node")
STREAM_SERVICE = ("service_name", "service", "app", "app_kubernetes_io_name", "job", "container", "container_name")
"""Of a log stream. `app` comes before `job`: Promtail's job often names the folder that was read."""
STREAM_HOST = (*HOST, "node_name", "k8s_node_name")
RELEASE = ("release", "service_version", "app_version", "version")

NODE_LIKE = frozenset({"node", "node-exporter", "node_exporter", "nodes", "host", "hannun", "cadvisor", "windows"})
"""Jobs whose `instance` names the machine itself; elsewhere it is often a container or a load balancer."""

_NOT_KNOWN = frozenset({"", "-", "?", "unknown", "none", "null", "nil", "undefined", "n/a", "na", "not set", "(none)"})
_OF_MACHINE_OR_RUNTIME = ("node_", "go_", "python_", "jvm_", "nodejs_", "process_", "container_", "machine_")


def known(value: str) -> str:
    """`value` trimmed, or "" when it is a way to say that nobody knows."""
    trimmed = value.strip()
    lowered = trimmed.lower()
    return "" if lowered in _NOT_KNOWN or lowered.startswith("unknown_service") else trimmed


def of_metric(labels: Labels) -> Identity:
    """Identity of a series by its labels. `job` may be OTel's `namespace/name`: the name is the service."""
    pairs = dict(labels.pairs)
    service = known(_first(pairs, SERVICE).rpartition("/")[2])
    host = _first(pairs, HOST)
    if not host and service in NODE_LIKE:
        host = known(without_port(pairs.get("instance", "")))
    # `version` of node_uname_info, go_info or python_info is that of a kernel or a runtime, not of the service.
    machine = pairs.get(METRIC_NAME, "").startswith(_OF_MACHINE_OR_RUNTIME)
    return Identity(
        service=service,
        environment=_first(pairs, ENVIRONMENT),
        host=host,
        release="" if machine else _first(pairs, RELEASE),
    )


def of_stream(labels: Labels) -> Identity:
    """Identity of a log stream by its labels."""
    pairs = dict(labels.pairs)
    return Identity(
        service=known(_first(pairs, STREAM_SERVICE).rpartition("/")[2]),
        environment=_first(pairs, ENVIRONMENT),
        host=_first(pairs, STREAM_HOST),
        release=_first(pairs, RELEASE),
    )


def without_port(instance: str) -> str:
    """`web-1:9100` -> `web-1`, `[::1]:9100` -> `::1`; a bare IPv6 address stays whole."""
    if instance.startswith("["):
        return instance[1:].partition("]")[0]
    name, separator, port = instance.rpartition(":")
    return name if separator and port.isdigit() and ":" not in name else instance


def _first(pairs: dict[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        if found := known(pairs.get(name, "")):
            return found
    return ""
