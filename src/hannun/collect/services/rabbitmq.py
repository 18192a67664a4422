"""RabbitMQ over its management API, named as RabbitMQ's own prometheus plugin names things.

Per queue with `vhost` and `queue`, per node with `node`. The plugin's page (port 15692), where it is switched on, is
an ordinary scrape target; this is for brokers that have the management plugin only, as most do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hannun.collect.host.builder import Builder
from hannun.collect.services.fetch import Asker, explain
from hannun.collect.services.registry import Part, Reading, Session, service
from hannun.config.services import ServiceUrl
from hannun.model.family import Pairs

QUEUES_MAX = 500
"""Those with the most messages; also the largest page that the API gives."""

# Field of an answer -> (metric, type, help).
Fields = Mapping[str, tuple[str, str, str]]
OBJECTS: Fields = {
    "connections": ("rabbitmq_connections", "gauge", "Connections currently open"),
    "channels": ("rabbitmq_channels", "gauge", "Channels currently open"),
    "queues": ("rabbitmq_queues", "gauge", "Queues available"),
    "consumers": ("rabbitmq_consumers", "gauge", "Consumers currently connected"),
    "exchanges": ("rabbitmq_exchanges", "gauge", "Exchanges available"),
}
TOTALS: Fields = {
    "messages": ("rabbitmq_queue_messages_global", "gauge", "Messages in all queues"),
    "messages_ready": ("rabbitmq_queue_messages_ready_global", "gauge", "Messages ready in all queues"),
    "messages_unacknowledged": (
        "rabbitmq_queue_messages_unacknowledged_global",
        "gauge",
        "Messages delivered but not yet acknowledged in all queues",
    ),
}
CHURN: Fields = {
    "connection_created": ("rabbitmq_connections_opened_total", "counter", "Total number of connections opened"),
    "connection_closed": (
        "rabbitmq_connections_closed_total",
        "counter",
        "Total number of connections closed or terminated",
    ),
    "channel_created": ("rabbitmq_channels_opened_total", "counter", "Total number of channels opened"),
    "channel_closed": ("rabbitmq_channels_closed_total", "counter", "Total number of channels closed"),
    "queue_declared": ("rabbitmq_queues_declared_total", "counter", "Total number of queues declared"),
    "queue_created": ("rabbitmq_queues_created_total", "counter", "Total number of queues created"),
    "queue_deleted": ("rabbitmq_queues_deleted_total", "counter", "Total number of queues deleted"),
}
NODE: Fields = {
    "running": ("rabbitmq_running", "gauge", "Whether the node is running"),
    "fd_used": ("rabbitmq_process_open_fds", "gauge", "Open file descriptors"),
    "fd_total": ("rabbitmq_process_max_fds", "gauge", "Open file descriptors limit"),
    "sockets_used": ("rabbitmq_process_open_tcp_sockets", "gauge", "Open TCP sockets"),
    "sockets_total": ("rabbitmq_process_max_tcp_sockets", "gauge", "Open TCP sockets limit"),
    "mem_used": ("rabbitmq_process_resident_memory_bytes", "gauge", "Memory used in bytes"),
    "mem_limit": ("rabbitmq_resident_memory_limit_bytes", "gauge", "Memory high watermark in bytes"),
    "disk_free": ("rabbitmq_disk_space_available_bytes", "gauge", "Disk space available in bytes"),
    "disk_free_limit": ("rabbitmq_disk_space_available_limit_bytes", "gauge", "Free disk space low watermark in bytes"),
    "proc_used": ("rabbitmq_erlang_processes_used", "gauge", "Erlang processes used"),
    "proc_total": ("rabbitmq_erlang_processes_limit", "gauge", "Erlang processes limit"),
    "run_queue": ("rabbitmq_erlang_scheduler_run_queue", "gauge", "Erlang scheduler run queue"),
    "mem_alarm": (
        "rabbitmq_alarms_memory_used_watermark",
        "gauge",
        "is 1 if a memory alarm is in effect",
    ),
    "disk_free_alarm": (
        "rabbitmq_alarms_free_disk_space_watermark",
        "gauge",
        "is 1 if a free disk space alarm is in effect",
    ),
}
QUEUE: Fields = {
    "messages": ("rabbitmq_queue_messages", "gauge", "Sum of ready and unacknowledged messages - total queue depth"),
    "messages_ready": ("rabbitmq_queue_messages_ready", "gauge", "Messages ready to be delivered to consumers"),
    "messages_unacknowledged": (
        "rabbitmq_queue_messages_unacked",
        "gauge",
        "Messages delivered to consumers but not yet acknowledged",
    ),
    "messages_persistent": ("rabbitmq_queue_messages_persistent", "gauge", "Persistent messages"),
    "messages_ram": ("rabbitmq_queue_messages_ram", "gauge", "Ready and unacknowledged messages stored in memory"),
    "message_bytes": ("rabbitmq_queue_messages_bytes", "gauge", "Size in bytes of ready and unacknowledged messages"),
    "message_bytes_ready": ("rabbitmq_queue_messages_ready_bytes", "gauge", "Size in bytes of ready messages"),
    "message_bytes_unacknowledged": (
        "rabbitmq_queue_messages_unacked_bytes",
        "gauge",
        "Size in bytes of all unacknowledged messages",
    ),
    "consumers": ("rabbitmq_queue_consumers", "gauge", "Consumers on a queue"),
    "consumer_utilisation": ("rabbitmq_queue_consumer_utilisation", "gauge", "Consumer utilisation"),
    "memory": ("rabbitmq_queue_process_memory_bytes", "gauge", "Memory in bytes used by the Erlang queue process"),
}
QUEUE_STATS: Fields = {
    "publish": ("rabbitmq_queue_messages_published_total", "counter", "Total number of messages published to queues"),
    "deliver": (
        "rabbitmq_queue_messages_delivered_ack_total",
        "counter",
        "Total number of messages delivered to consumers with manual acknowledgment mode",
    ),
    "deliver_no_ack": (
        "rabbitmq_queue_messages_delivered_total",
        "counter",
        "Total number of messages delivered to consumers with automatic acknowledgment mode",
    ),
    "get": (
        "rabbitmq_queue_get_ack_total",
        "counter",
        "Total number of messages fetched with basic.get in manual acknowledgment mode",
    ),
    "ack": (
        "rabbitmq_queue_messages_acked_total",
        "counter",
        "Total number of messages acknowledged by consumers",
    ),
    "redeliver": (
        "rabbitmq_queue_messages_redelivered_total",
        "counter",
        "Total number of messages redelivered to consumers",
    ),
}
_COLUMNS = ",".join(["name", "vhost", *QUEUE, *(f"message_stats.{field}" for field in QUEUE_STATS)])
QUEUES_PATH = f"/api/queues?page=1&page_size={QUEUES_MAX}&sort=messages&sort_reverse=true&columns={_COLUMNS}"


@service("rabbitmq")
class RabbitMq(Session):
    up = ("rabbitmq_up", "Was the last scrape of rabbitmq successful.")

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        self._asker = Asker(url, password, timeout_s)
        self._prefix = url.path.partition("?")[0].rstrip("/")
        self._overview_: dict[str, Any] = {}

    def check(self) -> None:
        told = self._ask("/api/overview")
        if not isinstance(told, dict):
            raise ValueError("/api/overview is not what RabbitMQ answers")
        self._overview_ = told

    def parts(self) -> Sequence[tuple[str, Part]]:
        return (("overview", self._overview), ("node", self._nodes), ("queue", self._queues))

    def close(self) -> None:
        self._asker.close()

    def _ask(self, path: str) -> Any:
        return msgspec.json.decode(self._asker.get(self._prefix + path))

    def _overview(self, builder: Builder) -> None:
        tell_overview(self._overview_, builder)

    def _nodes(self, builder: Builder) -> None:
        for node in _dicts(self._ask("/api/nodes")):
            tell_node(node, builder)

    def _queues(self, builder: Builder) -> None:
        told = self._ask(QUEUES_PATH)
        # Brokers from before 3.6.5 know no pages and answer with the list itself.
        for queue in _dicts(told.get("items") if isinstance(told, dict) else told)[:QUEUES_MAX]:
            tell_queue(queue, builder)

    @classmethod
    def report(cls, builder: Builder, reading: Reading) -> None:
        for outcome in reading.outcomes:
            labels: Pairs = (("module", outcome.part),)
            text = "Was the last scrape of rabbitmq successful per module."
            builder.gauge("rabbitmq_module_up", text, labels, float(not outcome.error))

    @classmethod
    def explain(cls, err: BaseException) -> str:
        return explain(
            err,
            missing="switch on the management plugin: rabbitmq-plugins enable rabbitmq_management",
            login="give a user with the tag `monitoring`: rabbitmq://USER:PASSWORD@host:15672",
        )


def tell_overview(told: Mapping[str, Any], builder: Builder) -> None:
    """GET /api/overview -> samples. Pure."""
    labels: Pairs = (
        ("rabbitmq_version", _text(told.get("rabbitmq_version"))),
        ("erlang_version", _text(told.get("erlang_version"))),
    )
    builder.gauge("rabbitmq_build_info", "RabbitMQ & Erlang/OTP version info", labels, 1.0)
    labels = (("rabbitmq_node", _text(told.get("node"))), ("rabbitmq_cluster", _text(told.get("cluster_name"))))
    builder.gauge("rabbitmq_identity_info", "RabbitMQ node & cluster identity info", labels, 1.0)
    _tell(OBJECTS, told.get("object_totals"), (), builder)
    _tell(TOTALS, told.get("queue_totals"), (), builder)
    _tell(CHURN, told.get("churn_rates"), (), builder)


def tell_node(node: Mapping[str, Any], builder: Builder) -> None:
    """An entry of GET /api/nodes -> samples. Pure."""
    labels: Pairs = (("node", _text(node.get("name"))),)
    _tell(NODE, node, labels, builder)
    uptime_ms = _number(node.get("uptime"))
    seconds = None if uptime_ms is None else uptime_ms / 1000
    builder.gauge("rabbitmq_erlang_uptime_seconds", "Node uptime", labels, seconds)
    if isinstance(parted := node.get("partitions"), list):
        builder.gauge("rabbitmq_partitions", "Nodes that this node cannot see", labels, float(len(parted)))


def tell_queue(queue: Mapping[str, Any], builder: Builder) -> None:
    """An entry of GET /api/queues -> samples. Pure."""
    labels: Pairs = (("vhost", _text(queue.get("vhost"))), ("queue", _text(queue.get("name"))))
    _tell(QUEUE, queue, labels, builder)
    _tell(QUEUE_STATS, queue.get("message_stats"), labels, builder)


def _tell(fields: Fields, told: object, labels: Pairs, builder: Builder) -> None:
    if not isinstance(told, Mapping):
        return
    for field, (name, kind, text) in fields.items():
        builder.add(name, kind, text, labels, _number(told.get(field)))


def _dicts(told: object) -> list[dict[str, Any]]:
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _text(value: object) -> str:
    return value[:255] if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """Numbers and yes or no; what is not known yet is the text "" or "undefined" here."""
    try:
        return float(value) if isinstance(value, bool | int | float) else None
    except OverflowError:  # JSON knows no largest integer.
        return None
