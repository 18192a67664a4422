"""What a Loki configuration says. None and an empty mapping: the file does not speak of it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class Given:
    """A group of settings in which None means: not in the file."""

    __slots__ = ()

    def given(self) -> dict[str, Any]:
        """Those that the file sets, for `dataclasses.replace` of the limits that they are meant for."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class IntakeLimits(Given):
    """limits_config as far as pushing goes, under the names of `receive.log_limits.LogLimits`."""

    rate_bytes_s: float | None = None
    burst_bytes: float | None = None
    stream_rate_bytes_s: float | None = None
    stream_burst_bytes: float | None = None
    streams_max: int | None = None
    line_bytes_max: int | None = None
    cut_lines: bool | None = None
    labels_max: int | None = None
    name_bytes_max: int | None = None
    value_bytes_max: int | None = None
    metadata_bytes_max: int | None = None
    metadata_pairs_max: int | None = None
    take_metadata: bool | None = None
    oldest_ms: int | None = None
    newest_ms: int | None = None
    service_from: tuple[str, ...] | None = None
    level_fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class QuestionLimits(Given):
    """limits_config as far as questions go, under the names of `query.logql.limits.QueryLimits`."""

    series_max: int | None = None
    entries_max: int | None = None
    length_max_ns: int | None = None
    range_max_ns: int | None = None
    lookback_max_ns: int | None = None
    matchers_max: int | None = None
    timeout_s: float | None = None
    aligned: bool | None = None
    tails_max: int | None = None
    volume_enabled: bool | None = None
    volume_series_max: int | None = None


@dataclass(frozen=True, slots=True)
class LokiServer:
    """Where that Loki listened: hints for `--classic-ports` and a path prefix, nothing is bound because of them."""

    http_port: int = 3100
    grpc_port: int = 9095
    path_prefix: str = ""
    log_level: str = ""


@dataclass(frozen=True, slots=True)
class LokiConfig:
    """`retention_ms`: 0 keeps for ever, None leaves it to `--retention`. `patterns`: pattern_ingester.enabled."""

    file: Path | None = None
    auth_enabled: bool = False
    server: LokiServer = LokiServer()
    intake: IntakeLimits = IntakeLimits()
    questions: QuestionLimits = QuestionLimits()
    retention_ms: int | None = None
    deletion_mode: str = "filter-and-delete"
    patterns: bool | None = None
    rule_folder: str = ""
    alertmanager_url: str = ""
    yaml: str = field(default="", repr=False)
    """The file as it was read, without its secrets, for /config."""
