"""role: ingress. One target per path of each rule, at the rule's host: for probes from outside."""

from __future__ import annotations

from collections.abc import Iterator

from hannun.collect.discovery.kubernetes.objects import Ingress, IngressRule
from hannun.collect.discovery.kubernetes.roles import INGRESSES, META, NAMESPACE, NAMESPACES, View, meta_labels, role
from hannun.collect.discovery.labels import ADDRESS
from hannun.model.target import TargetGroup


@role("ingress", INGRESSES, NAMESPACES)
def ingresses(view: View) -> Iterator[TargetGroup]:
    for ingress in view.all(INGRESSES):
        targets = tuple(
            {
                ADDRESS: rule.host,
                f"{META}ingress_scheme": _scheme(ingress, rule.host),
                f"{META}ingress_host": rule.host,
                f"{META}ingress_path": path,
            }
            for rule in ingress.spec.rules or ()
            for path in _paths(rule)
        )
        if not targets:
            continue
        namespace, class_name = ingress.metadata.namespace, ingress.spec.ingress_class_name
        labels = {
            NAMESPACE: namespace,
            f"{META}ingress_name": ingress.metadata.name,
            **({f"{META}ingress_class_name": class_name} if class_name is not None else {}),
            **meta_labels(ingress, "ingress"),
            **view.namespace_labels(namespace),
        }
        yield TargetGroup(f"ingress/{ingress.key}", targets, labels)


def _paths(rule: IngressRule) -> tuple[str, ...]:
    if rule.http is None:
        return ("/",)
    return tuple(each.path or "/" for each in rule.http.paths or ())


def _scheme(ingress: Ingress, host: str) -> str:
    patterns = (pattern for tls in ingress.spec.tls or () for pattern in tls.hosts or ())
    return "https" if any(matches(pattern, host) for pattern in patterns) else "http"


def matches(pattern: str, host: str) -> bool:
    """Equal, or `*.` before what follows the host's first label."""
    if pattern == host:
        return True
    first, _, rest = pattern.partition(".")
    return first == "*" and rest == host.partition(".")[2] and bool(rest)
