"""The registry of roles: what each needs to see of the cluster, and how it makes groups of it.

Adding one is adding a file with `@role(...)` above its function and its resource to `RESOURCES`. The functions are
pure: they take a `View` and return groups, so that a test needs no server.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hannun.collect.discovery.kubernetes import objects
from hannun.collect.discovery.kubernetes.objects import Object
from hannun.collect.discovery.labels import sanitized
from hannun.config.prometheus.model import Role
from hannun.model.target import TargetGroup

META = "__meta_kubernetes_"
NAMESPACE = f"{META}namespace"


@dataclass(frozen=True, slots=True)
class Resource:
    """`api` is the root of its URL; `role` is the word for it in `selectors`."""

    api: str
    name: str
    type: type[Object]
    role: str
    namespaced: bool = True

    def path(self, namespace: str) -> str:
        """Of one namespace, or of all of them ("")."""
        return f"{self.api}/namespaces/{namespace}/{self.name}" if namespace else f"{self.api}/{self.name}"


NODES = Resource("/api/v1", "nodes", objects.Node, "node", namespaced=False)
NAMESPACES = Resource("/api/v1", "namespaces", objects.Namespace, "namespace", namespaced=False)
PODS = Resource("/api/v1", "pods", objects.Pod, "pod")
SERVICES = Resource("/api/v1", "services", objects.Service, "service")
ENDPOINTS = Resource("/api/v1", "endpoints", objects.Endpoints, "endpoints")
ENDPOINT_SLICES = Resource("/apis/discovery.k8s.io/v1", "endpointslices", objects.EndpointSlice, "endpointslice")
INGRESSES = Resource("/apis/networking.k8s.io/v1", "ingresses", objects.Ingress, "ingress")

_NOTHING: Mapping[str, Object] = {}


@dataclass(frozen=True, slots=True)
class View:
    """The cluster as it is known now. `attach_*` say whether to add labels of the node and of the namespace."""

    known: Mapping[Resource, Mapping[str, Object]]
    attach_node: bool = False
    attach_namespace: bool = False

    def all(self, resource: Resource) -> Iterable[Any]:
        """Sorted, so that an unchanged cluster gives an unchanged list."""
        found = self.known.get(resource, _NOTHING)
        return (found[key] for key in sorted(found))

    def get(self, resource: Resource, key: str) -> Any:
        return self.known.get(resource, _NOTHING).get(key)

    def node_labels(self, name: str | None) -> dict[str, str]:
        """Those that attach_metadata adds to a target on this node."""
        node = self.get(NODES, name) if self.attach_node and name else None
        if node is None:
            return {}
        return {f"{META}node_name": node.metadata.name, **_texts(node.metadata.labels, f"{META}node_label")}

    def namespace_labels(self, name: str) -> dict[str, str]:
        namespace = self.get(NAMESPACES, name) if self.attach_namespace else None
        return meta_labels(namespace, "namespace") if namespace is not None else {}


Build = Callable[[View], Iterable[TargetGroup]]


@dataclass(frozen=True, slots=True)
class RoleKind:
    needs: tuple[Resource, ...]
    build: Build


ROLES: dict[str, RoleKind] = {}


def role(name: Role, *needs: Resource) -> Callable[[Build], Build]:
    """Make a function the maker of groups for one role; `needs` is what its view must hold."""

    def register(build: Build) -> Build:
        assert name not in ROLES, f"{name} is already provided by {ROLES[name].build.__module__}"
        ROLES[name] = RoleKind(needs, build)
        return build

    return register


@cache
def register_all() -> None:
    package = importlib.import_module("hannun.collect.discovery.kubernetes")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def meta_labels(thing: Object, kind: str) -> dict[str, str]:
    """Labels and annotations of any object, each with a `…present_…` beside it."""
    return {
        **_texts(thing.metadata.labels, f"{META}{kind}_label"),
        **_texts(thing.metadata.annotations, f"{META}{kind}_annotation"),
    }


def _texts(texts: Mapping[str, str] | None, prefix: str) -> dict[str, str]:
    told: dict[str, str] = {}
    for key, value in (texts or {}).items():
        name = sanitized(key)
        told[f"{prefix}_{name}"] = value
        told[f"{prefix}present_{name}"] = "true"
    return told
