"""Promtail's config.yml -> PromtailConfig, with all there is to say about it.

Promtail exits over a key that it does not know. Here such keys are warnings with their line, and those that users meant
(`limits_config.max_batch_size`) are taken for what they meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hannun.config import yaml
from hannun.config.complaint import Complaint, Refused
from hannun.config.prometheus import paths
from hannun.config.prometheus.section import Notes, Section, Source, root_of
from hannun.config.promtail.clients import read_clients
from hannun.config.promtail.model import (
    LimitsConfig,
    PositionsConfig,
    PromtailConfig,
    WatchConfig,
)
from hannun.config.promtail.read import duration, number_or_size
from hannun.config.promtail.scrape import read_jobs
from hannun.config.promtail.server import read_server
from hannun.config.promtail.variables import expanded

_ROOT = "config.Config"
KEYS = (
    *("server", "client", "clients", "positions", "scrape_configs", "limits_config", "target_config", "global"),
    *("options", "tracing", "wal"),
)
"""What stands outermost in a Promtail file."""


def load(path: Path, env: Mapping[str, str] | None = None) -> tuple[PromtailConfig, tuple[Complaint, ...]]:
    """The configuration and its warnings. `env` given: `${NAME}` in the file is filled, as with -config.expand-env.

    Raises Refused with every complaint when one is fatal: the caller keeps the configuration that it has.
    """
    notes = Notes()
    source = Source(str(path), path.absolute().parent, notes)
    config = PromtailConfig(file=path)
    document = paths.open_yaml(path, source) if env is None else _expanded_yaml(path, source, env)
    top = None if document is None else root_of(document.root, source, _ROOT)
    if top is not None:
        config = _read(top, path)
    if notes.is_fatal:
        raise Refused(notes.in_order())
    return config, notes.in_order()


def _expanded_yaml(path: Path, source: Source, env: Mapping[str, str]) -> yaml.Document | None:
    try:
        content = paths.read(path)
        text, missing = expanded(content.decode("utf-8"), env)
    except (OSError, ValueError) as err:
        why = (err.strerror if isinstance(err, OSError) else None) or str(err)
        source.refuse(0, f"cannot be read: {why}", f"읽을 수 없습니다: {why}")
        return None
    for name, line in missing:
        source.warn(line, f"the variable {name} is not set", f"{name} 환경 변수가 없습니다")
    try:
        document = yaml.load(text, source.file)
    except Refused as err:
        for complaint in err.complaints:
            source.notes.add(complaint)
        return None
    for complaint in document.warnings:
        source.notes.add(complaint)
    return document


def _read(top: Section, path: Path) -> PromtailConfig:
    limits, batch_size, batch_wait = _limits(top)
    clients = tuple(
        replace(
            client,
            batch_size_bytes=client.batch_size_bytes or batch_size or 1 << 20,
            batch_wait_ms=client.batch_wait_ms or batch_wait or 1000,
        )
        for client in read_clients(top)
    )
    config = PromtailConfig(
        file=path,
        server=read_server(top, "server"),
        clients=clients,
        positions=_positions(top),
        limits=limits,
        watch=_watch(top),
        target_sync_ms=_target(top),
        scrape=read_jobs(top),
    )
    top.section("options", "config.Options")  # labels of clients that say how far behind they are: deprecated there
    top.unused("tracing", "Hannun sends no traces of itself", "자기 자신의 트레이스는 보내지 않습니다")
    top.unused("wal", "lines wait in Hannun's own buffer on disk", "로그는 자체 디스크 버퍼에 쌓입니다")
    top.close()
    return config


def _positions(top: Section) -> PositionsConfig:
    section = top.section("positions", "positions.Config")
    default = PositionsConfig()
    if section is None:
        return default
    name = section.text("filename")
    made = PositionsConfig(
        filename=Path(name) if name else default.filename,
        sync_period_ms=duration(section, "sync_period", default.sync_period_ms),
        ignore_invalid_yaml=section.flag("ignore_invalid_yaml"),
    )
    section.close()
    return made


def _target(top: Section) -> int:
    section = top.section("target_config", "file.Config")
    if section is None:
        return PromtailConfig().target_sync_ms
    made = duration(section, "sync_period", PromtailConfig().target_sync_ms)
    section.flag("stdin")
    section.close()
    return made


def _watch(top: Section) -> WatchConfig:
    default = WatchConfig()
    outer = top.section("global", "config.GlobalConfig")
    section = None if outer is None else outer.section("file_watch_config", "file.WatchConfig")
    if outer is not None:
        outer.close()
    if section is None:
        return default
    made = WatchConfig(
        min_poll_ms=duration(section, "min_poll_frequency", default.min_poll_ms),
        max_poll_ms=duration(section, "max_poll_frequency", default.max_poll_ms),
    )
    section.close()
    return made


def _limits(top: Section) -> tuple[LimitsConfig, int, int]:
    """The limits, and the batch size and wait that some files write here instead of below `clients`."""
    section = top.section("limits_config", "limit.Config")
    if section is None:
        return LimitsConfig(), 0, 0
    default = LimitsConfig()
    made = LimitsConfig(
        readline_rate_enabled=section.flag("readline_rate_enabled"),
        readline_rate=section.number("readline_rate", default.readline_rate),
        readline_burst=section.whole("readline_burst", default.readline_burst),
        readline_rate_drop=section.flag("readline_rate_drop", default.readline_rate_drop),
        max_streams=section.whole("max_streams"),
        max_line_size=number_or_size(section, "max_line_size"),
        max_line_size_truncate=section.flag("max_line_size_truncate"),
        label_name_length=section.whole("max_label_name_length"),
        label_value_length=section.whole("max_label_value_length"),
    )
    size, wait = number_or_size(section, "max_batch_size"), duration(section, "max_batch_wait", 0)
    for key, meant in (("max_batch_size", "clients.batchsize"), ("max_batch_wait", "clients.batchwait")):
        if key in section:
            section.source.warn(
                section.line_of(key),
                f"`{key}` is no key of Promtail; taken as {meant} of every client that has none of its own",
                f"`{key}`: Promtail에는 없는 키입니다. 값이 따로 없는 모든 클라이언트의 {meant} 값으로 씁니다",
            )
    for key in ("max_label_name_length", "max_label_value_length"):
        if key in section:
            section.source.warn(
                section.line_of(key),
                f"`{key}` is no key of Promtail; labels beyond it are cut off all the same",
                f"`{key}`: Promtail에는 없는 키지만, 이보다 긴 라벨은 잘라 냅니다",
            )
    section.close()
    return made, size, wait
