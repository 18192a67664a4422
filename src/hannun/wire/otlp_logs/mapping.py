"""Records -> columns: which attributes name the stream and which become metadata, as Loki's `otlp_config` has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hannun.wire.loki.columns import ColumnsBuilder, PushColumns
from hannun.wire.loki.limits import PushLimits
from hannun.wire.otlp_logs import records
from hannun.wire.otlp_logs.records import Found, Record, Scope
from hannun.wire.otlp_logs.values import Pairs, as_text, flat, label_name

INDEX_LABELS = (
    "service.name", "service.namespace", "service.instance.id", "deployment.environment",
    "deployment.environment.name", "cloud.region", "cloud.availability_zone", "k8s.cluster.name", "k8s.namespace.name",
    "k8s.pod.name", "k8s.container.name", "container.name", "k8s.replicaset.name", "k8s.deployment.name",
    "k8s.statefulset.name", "k8s.daemonset.name", "k8s.cronjob.name", "k8s.job.name",
)  # fmt: skip
SALT = b"otlp"
Action = Literal["index_label", "structured_metadata", "drop"]
Metadata = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`matches` takes an attribute's name as it was sent."""

    action: Action
    matches: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class OtlpMapping:
    """Rules are asked in order, before the defaults; scope and record attributes are never labels."""

    index_labels: tuple[str, ...] = INDEX_LABELS
    resource: tuple[Rule, ...] = ()
    scope: tuple[Rule, ...] = ()
    record: tuple[Rule, ...] = ()
    severity_text_as_label: bool = False

    def labels(self, resource: Pairs) -> tuple[list[tuple[str, str]], Metadata]:
        """Labels of the stream, and the metadata that its resource brings to every line."""
        labels: dict[str, str] = {}
        rest: Pairs = []
        for key, value in resource:
            action = _action(self.resource, key) or ("index_label" if key in self.index_labels else None)
            if action == "index_label":
                labels[label_name(key)] = as_text(value)
            elif action != "drop":
                rest.append((key, value))
        if not labels.get("service_name"):
            labels["service_name"] = "unknown_service"
        return sorted(labels.items()), encoded(flat(rest))


DEFAULT = OtlpMapping()


def decode_protobuf(
    body: bytes, *, now_ns: int, mapping: OtlpMapping = DEFAULT, limits: PushLimits | None = None
) -> PushColumns:
    """Raises WireError, or TooLarge for more lines or metadata than one request may bring."""
    return columns(records.protobuf(body), now_ns, mapping, limits or PushLimits())


def decode_json(
    body: bytes, *, now_ns: int, mapping: OtlpMapping = DEFAULT, limits: PushLimits | None = None
) -> PushColumns:
    """Raises WireError, or TooLarge for more lines or metadata than one request may bring."""
    return columns(records.from_json(body), now_ns, mapping, limits or PushLimits())


def columns(found: Iterable[Found], now_ns: int, mapping: OtlpMapping, limits: PushLimits) -> PushColumns:
    built = ColumnsBuilder(SALT)
    pairs_seen = 0
    last_resource: Pairs | None = None
    last_scope: Scope | None = None
    labels: list[tuple[str, str]] = []
    of_resource: Metadata = []
    with_scope: Metadata = []
    for resource, scope, record in found:
        # Records of one scope share these objects: what they say is made into texts once.
        if resource is not last_resource:
            last_resource = resource
            labels, of_resource = mapping.labels(resource)
        if scope is not last_scope:
            last_scope = scope
            with_scope = of_scope(scope, mapping)
        metadata = [*of_resource, *with_scope, *of_record(record, mapping)]
        pairs_seen += len(metadata)
        limits.check_lines(len(built) + 1)
        limits.check_pairs(pairs_seen)
        with_level = mapping.severity_text_as_label and record.severity_text
        built.of([*labels, ("severity_text", record.severity_text)] if with_level else labels)
        line = as_text(record.body).encode("utf-8", "replace")
        built.line(record.time_ns or record.observed_ns or now_ns, line, metadata)
    return built.columns()


def of_scope(scope: Scope, mapping: OtlpMapping) -> Metadata:
    """What a scope says of every one of its records."""
    told = encoded(flat(_kept(scope.attributes, mapping.scope)))
    if scope.name:
        told.append((b"scope_name", scope.name.encode("utf-8", "replace")))
    if scope.version:
        told.append((b"scope_version", scope.version.encode("utf-8", "replace")))
    if scope.dropped:
        told.append((b"scope_dropped_attributes_count", b"%d" % scope.dropped))
    return told


def of_record(record: Record, mapping: OtlpMapping) -> Metadata:
    """What a record says beside its line."""
    told = encoded(flat(_kept(record.attributes, mapping.record)))
    if record.observed_ns:
        told.append((b"observed_timestamp", b"%d" % record.observed_ns))
    if record.severity_number:
        told.append((b"severity_number", b"%d" % record.severity_number))
    if record.severity_text:
        told.append((b"severity_text", record.severity_text.encode("utf-8", "replace")))
    if record.dropped:
        told.append((b"dropped_attributes_count", b"%d" % record.dropped))
    if record.flags:
        told.append((b"flags", b"%d" % record.flags))
    if record.trace_id.strip("0"):
        told.append((b"trace_id", record.trace_id.encode("utf-8", "replace")))
    if record.span_id.strip("0"):
        told.append((b"span_id", record.span_id.encode("utf-8", "replace")))
    if record.event_name:
        told.append((b"event_name", record.event_name.encode("utf-8", "replace")))
    return told


def _kept(attributes: Pairs, rules: Sequence[Rule]) -> Pairs:
    if not rules:
        return attributes
    return [(key, value) for key, value in attributes if _action(rules, key) != "drop"]


def _action(rules: Sequence[Rule], key: str) -> Action | None:
    return next((rule.action for rule in rules if rule.matches(key)), None)


def encoded(pairs: Iterable[tuple[str, str]]) -> Metadata:
    return [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in pairs if name]
