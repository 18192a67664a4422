"""Redis and Valkey, read from INFO, CONFIG and SLOWLOG and named as redis_exporter names it.

`tell_info` is the pure part: the text of INFO -> samples. What a managed server refuses (CONFIG, SLOWLOG) costs only
itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hannun.collect.host.builder import Builder
from hannun.collect.services.redis_fields import COUNTERS, GAUGES
from hannun.collect.services.registry import Lost, Part, Reading, Session, service, words
from hannun.config.services import ServiceUrl
from hannun.model.family import Pairs

COMMANDS_MAX = 500
DATABASES_MAX = 256
REPLICAS_MAX = 100
INFO_LABELS = (
    "role",
    "redis_version",
    "redis_build_id",
    "redis_mode",
    "os",
    "maxmemory_policy",
    "tcp_port",
    "run_id",
    "process_id",
    "master_replid",
)
_DATABASE = re.compile(r"db\d{1,5}")
_REPLICA = re.compile(r"slave\d{1,5}")
# CONFIG's parameter -> metric.
CONFIG = {"maxclients": "redis_config_maxclients", "maxmemory": "redis_config_maxmemory"}


@service("redis")
class Redis(Session):
    up = ("redis_up", "Information about the Redis instance")

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        self._connection = _connection(url, password, timeout_s)
        self._connection.connect()

    def check(self) -> None:
        if self._ask("PING") != "PONG":
            raise Lost("no answer to PING")

    def parts(self) -> Sequence[tuple[str, Part]]:
        return (("info", self._info), ("config", self._config), ("slowlog", self._slowlog))

    def close(self) -> None:
        self._connection.disconnect()

    def _ask(self, *command: str) -> Any:
        import redis.exceptions as errors

        try:
            self._connection.send_command(*command)
            return self._connection.read_response()
        except (errors.ConnectionError, errors.TimeoutError) as err:
            raise Lost(words(err)) from err

    def _info(self, builder: Builder) -> None:
        tell_info(str(self._ask("INFO", "ALL")), builder)

    def _config(self, builder: Builder) -> None:
        for parameter, name in CONFIG.items():
            answer = self._ask("CONFIG", "GET", parameter)
            value = _number(answer[1]) if isinstance(answer, list) and len(answer) == 2 else None
            builder.gauge(name, f"Configured {parameter}", (), value)

    def _slowlog(self, builder: Builder) -> None:
        builder.gauge("redis_slowlog_length", "Total slowlog", (), float(self._ask("SLOWLOG", "LEN")))
        last = self._ask("SLOWLOG", "GET", "1")
        entry = last[0] if isinstance(last, list) and last else [0, 0, 0]
        builder.gauge("redis_slowlog_last_id", "Last id of slowlog", (), float(entry[0]))
        text = "The amount of time needed for last slow execution, in seconds"
        builder.gauge("redis_last_slow_execution_duration_seconds", text, (), float(entry[2]) / 1e6)

    @classmethod
    def report(cls, builder: Builder, reading: Reading) -> None:
        text = "The last scrape error status."
        error: Pairs = (("err", reading.error),)
        builder.gauge("redis_exporter_last_scrape_error", text, error, float(bool(reading.error)))
        text = "The last scrape duration"
        builder.gauge("redis_exporter_last_scrape_duration_seconds", text, (), reading.duration_s)
        builder.counter("redis_exporter_scrapes_total", "Current total redis scrapes.", (), float(reading.count))

    @classmethod
    def explain(cls, err: BaseException) -> str:
        told = words(err)
        if "NOAUTH" in told or "Authentication required" in told:
            return f"{told} Give a password: redis://:PASSWORD@host"
        return told


def _connection(url: ServiceUrl, password: str, timeout_s: float) -> Any:
    from redis import connection
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    kinds: Any = connection  # Typed for its own client only.
    shared: dict[str, Any] = {
        "username": url.user or None,
        "password": password or None,
        "socket_timeout": timeout_s,
        "decode_responses": True,
        "encoding_errors": "replace",
        "protocol": 2,
        "client_name": None,
        "retry": Retry(NoBackoff(), 0),
    }
    if url.socket:
        return kinds.UnixDomainSocketConnection(path=url.socket, **shared)
    shared |= {"host": url.host, "port": url.port, "socket_connect_timeout": timeout_s}
    if url.tls == "off":
        return kinds.Connection(**shared)
    checked = url.tls == "verified"
    return kinds.SSLConnection(
        ssl_cert_reqs="required" if checked else "none",
        ssl_check_hostname=checked,
        ssl_ca_certs=str(url.ca_file) if url.ca_file else None,
        **shared,
    )


def tell_info(text: str, builder: Builder) -> None:
    """The samples of one INFO ALL. Lines that we do not know, or that hold no number, are passed over."""
    fields = dict(_lines(text))
    for key, name in GAUGES.items():
        builder.gauge(f"redis_{name}", f"{name} metric", (), _number(fields.get(key)))
    for key, name in COUNTERS.items():
        builder.counter(f"redis_{name}", f"{name} metric", (), _number(fields.get(key)))
    text = "Information about the Redis instance"
    labels = {name: fields.get(name, "") for name in INFO_LABELS}
    labels["redis_mode"] = labels["redis_mode"] or fields.get("server_mode", "")
    if "valkey_version" in fields:
        labels["valkey_version"] = fields["valkey_version"]
    builder.gauge("redis_instance_info", text, tuple(labels.items()), 1.0)
    now_usec, uptime_s = _number(fields.get("server_time_usec")), _number(fields.get("uptime_in_seconds"))
    if now_usec is not None and uptime_s is not None:
        text = "Start time of the Redis instance since unix epoch in seconds."
        builder.gauge("redis_start_time_seconds", text, (), float(now_usec // 1_000_000 - uptime_s))
    _commands(fields, builder)
    _databases(fields, builder)
    _replication(fields, builder)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and not key.startswith("#"):
            yield key, value.strip()


def _commands(fields: Mapping[str, str], builder: Builder) -> None:
    known = [key for key in fields if key.startswith("cmdstat_")]
    for key in known[:COMMANDS_MAX]:
        command: Pairs = (("cmd", key.removeprefix("cmdstat_")),)
        stats = _pairs(fields[key])
        usec = _number(stats.get("usec"))
        calls, failed, rejected = (_number(stats.get(name)) for name in ("calls", "failed_calls", "rejected_calls"))
        builder.counter("redis_commands_total", "Total number of calls per command", command, calls)
        text = "Total amount of time in seconds spent per command"
        seconds = None if usec is None else usec / 1e6
        builder.counter("redis_commands_duration_seconds_total", text, command, seconds)
        text = "Total number of errors within command execution per command"
        builder.counter("redis_commands_failed_calls_total", text, command, failed)
        text = "Total number of errors prior command execution per command"
        builder.counter("redis_commands_rejected_calls_total", text, command, rejected)
    errors = [key for key in fields if key.startswith("errorstat_")]
    for key in errors[:COMMANDS_MAX]:
        count = _number(_pairs(fields[key]).get("count"))
        labels: Pairs = (("err", key.removeprefix("errorstat_")),)
        builder.counter("redis_errors_total", "Total number of errors per error type", labels, count)


def _databases(fields: Mapping[str, str], builder: Builder) -> None:
    known = [key for key in fields if _DATABASE.fullmatch(key)]
    for key in known[:DATABASES_MAX]:
        stats = _pairs(fields[key])
        labels: Pairs = (("db", key),)
        builder.gauge("redis_db_keys", "Total number of keys by DB", labels, _number(stats.get("keys")))
        text = "Total number of expiring keys by DB"
        builder.gauge("redis_db_keys_expiring", text, labels, _number(stats.get("expires")))
        ttl_ms = _number(stats.get("avg_ttl"))
        seconds = None if ttl_ms is None else ttl_ms / 1000
        builder.gauge("redis_db_avg_ttl_seconds", "Avg TTL in seconds", labels, seconds)


def _replication(fields: Mapping[str, str], builder: Builder) -> None:
    if "master_link_status" in fields:
        master: Pairs = (
            ("master_host", fields.get("master_host", "")),
            ("master_port", fields.get("master_port", "")),
        )
        up = float(fields["master_link_status"] == "up")
        builder.gauge("redis_master_link_up", "Master link status on Redis slave", master, up)
        for key, text in (
            ("master_last_io_seconds_ago", "Master last io seconds ago"),
            ("master_sync_in_progress", "Master sync in progress"),
            ("slave_repl_offset", "Slave replication offset"),
        ):
            builder.gauge(f"redis_{key}", text, master, _number(fields.get(key)))
    replicas = [key for key in fields if _REPLICA.fullmatch(key)]
    for key in replicas[:REPLICAS_MAX]:
        stats = _pairs(fields[key])
        labels: Pairs = (
            ("slave_ip", stats.get("ip", "")),
            ("slave_port", stats.get("port", "")),
            ("slave_state", stats.get("state", "")),
        )
        text = "Offset of connected slave"
        builder.gauge("redis_connected_slave_offset_bytes", text, labels, _number(stats.get("offset")))
        builder.gauge("redis_connected_slave_lag_seconds", "Lag of connected slave", labels, _number(stats.get("lag")))


def _pairs(words_: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in words_.split(","))


def _number(value: str | None) -> float | None:
    """Redis says ok and fail where a state is a yes or no."""
    if value is None:
        return None
    if value in ("ok", "fail", "err"):
        return float(value == "ok")
    try:
        return float(value)
    except ValueError:
        return None
