"""Loki's configuration file -> LokiConfig, with all there is to say about it.

Loki refuses to start over a key that it does not know, and over those that it knew until last year. Here each is one
warning with its line. Whatever only arranges Loki's own processes, chunks and caches is taken without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hannun.config import yaml
from hannun.config.complaint import Complaint, Refused
from hannun.config.loki.limits import NS_PER_MS, read_deletion_mode, read_limits
from hannun.config.loki.model import IntakeLimits, LokiConfig, LokiServer, QuestionLimits
from hannun.config.prometheus import paths
from hannun.config.prometheus.section import Notes, Section, Source, root_of
from hannun.config.prometheus.yaml_text import dump, hide
from hannun.config.promtail.read import duration
from hannun.config.promtail.variables import expanded
from hannun.config.yaml import Map

_ROOT = "loki.ConfigWrapper"
SILENT = (
    *("target", "ballast_bytes", "distributor", "querier", "query_scheduler", "frontend", "frontend_worker"),
    *("query_range", "ingester_client", "ingester", "block_builder", "index_gateway", "bloom_build", "bloom_gateway"),
    *("storage", "memberlist", "kafka_config", "tracing", "analytics", "profiling", "operational_config", "common"),
    *("metrics_namespace", "shutdown_delay", "http_prefix", "ui", "limits_config", "bloom_compactor"),
    *("memcached", "internal_server", "dataobj", "ruler_storage", "querier_rf1", "compactor_grpc_client"),
)  # fmt: skip
KEYS = (
    *SILENT,
    *("auth_enabled", "server", "compactor", "table_manager", "chunk_store_config", "ruler", "pattern_ingester"),
    *("schema_config", "storage_config", "runtime_config"),
)
"""What stands outermost in a Loki file."""


def load(path: Path, env: Mapping[str, str] | None = None) -> tuple[LokiConfig, tuple[Complaint, ...]]:
    """The configuration and its warnings. `env` given: `${NAME}` in the file is filled, as with -config.expand-env.

    Raises Refused with every complaint when one is fatal: the caller keeps the configuration that it has.
    """
    notes = Notes()
    source = Source(str(path), path.absolute().parent, notes)
    document = paths.open_yaml(path, source) if env is None else _expanded_yaml(path, source, env)
    top = None if document is None else root_of(document.root, source, _ROOT)
    config = LokiConfig(file=path)
    if top is not None and document is not None:
        shown = dump(hide(yaml.to_python(document.root) or {}))
        config = replace(_read(top), file=path, yaml=shown)
    if notes.is_fatal:
        raise Refused(notes.in_order())
    return config, notes.in_order()


def _expanded_yaml(path: Path, source: Source, env: Mapping[str, str]) -> yaml.Document | None:
    try:
        text, missing = expanded(paths.read(path).decode("utf-8"), env)
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


def _read(top: Section) -> LokiConfig:
    intake, questions = IntakeLimits(), QuestionLimits()
    mode, period_ms = LokiConfig().deletion_mode, None
    limits = top.section("limits_config", "validation.Limits")
    if limits is not None:
        intake, questions = read_limits(limits)
        mode = read_deletion_mode(limits)
        period_ms = _period(limits, "retention_period")
    retention_ms = _retention(top, limits, period_ms)
    if limits is not None:
        limits.close()
    questions = _lookback(top, questions)
    server = _server(top)
    rule_folder, alertmanager = _ruler(top)
    patterns = _patterns(top)
    auth = top.flag("auth_enabled")
    if auth:
        top.source.warn(
            top.line_of("auth_enabled"),
            "`auth_enabled`: there is one tenant, X-Scope-OrgID is read over; users and tokens are Hannun's own",
            "`auth_enabled`: 테넌트는 하나이고 X-Scope-OrgID 는 무시합니다. 사용자와 토큰은 한눈의 것을 씁니다",
        )
    _storage(top)
    for key in SILENT:
        top.take(key)
    top.unused("runtime_config", "there are no limits of single tenants", "테넌트별 제한은 없습니다")
    top.close()
    return LokiConfig(
        auth_enabled=auth,
        server=server,
        intake=intake,
        questions=questions,
        retention_ms=retention_ms,
        deletion_mode=mode,
        patterns=patterns,
        rule_folder=rule_folder,
        alertmanager_url=alertmanager,
    )


def _server(top: Section) -> LokiServer:
    section = top.section("server", "server.Config")
    if section is None:
        return LokiServer()
    default = LokiServer()
    made = LokiServer(
        http_port=section.whole("http_listen_port", default.http_port, most=65_535),
        grpc_port=section.whole("grpc_listen_port", default.grpc_port, most=65_535),
        path_prefix=section.text("http_path_prefix"),
        log_level=section.text("log_level"),
    )
    if made.path_prefix:
        section.unused(
            "http_path_prefix",
            "the paths answer at the root and under /loki; set --external-url for another",
            "경로는 루트와 /loki 아래에서 응답합니다. 다른 경로는 --external-url 로 정하세요",
        )
    # Addresses, timeouts and TLS are the server's own settings here.
    return made


def _retention(top: Section, limits: Section | None, period_ms: int | None) -> int | None:
    """The compactor's retention, or the table manager's of before; switched off or of no length, it keeps for ever."""
    found: int | None = None
    table = top.section("table_manager", "table_manager")
    if table is not None:
        table_ms = _period(table, "retention_period")
        enabled = table.flag("retention_deletes_enabled") if "retention_deletes_enabled" in table else None
        if enabled is not None or table_ms is not None:
            found = (table_ms or 0) if enabled else 0
        top.source.warn(
            top.line_of("table_manager"),
            "`table_manager` is gone from Loki; its retention is honoured",
            "`table_manager`: Loki에서 없어진 설정입니다. 보관 기간만 따릅니다",
        )
    compactor = top.section("compactor", "compactor.Config")
    enabled = (
        compactor.flag("retention_enabled") if compactor is not None and "retention_enabled" in compactor else None
    )
    if enabled is not None:
        return (period_ms or 0) if enabled else (found or 0)
    if period_ms:
        assert limits is not None
        limits.source.warn(
            limits.line_of("retention_period"),
            "`retention_period` has no effect without `compactor.retention_enabled: true`: everything is kept",
            "`retention_period`: `compactor.retention_enabled: true` 없이는 지우지 않습니다. 모두 보관합니다",
        )
        return 0
    return 0 if period_ms == 0 else found


def _period(section: Section, key: str) -> int | None:
    found = duration(section, key, -1)
    return None if found < 0 else found


def _lookback(top: Section, questions: QuestionLimits) -> QuestionLimits:
    """chunk_store_config.max_look_back_period is the old name of max_query_lookback."""
    section = top.section("chunk_store_config", "config.ChunkStoreConfig")
    if section is None:
        return questions
    old_ms = _period(section, "max_look_back_period")
    if old_ms is None:
        return questions
    section.source.warn(
        section.line_of("max_look_back_period"),
        "`max_look_back_period` is gone from Loki; it is read as limits_config.max_query_lookback",
        "`max_look_back_period`: Loki에서 없어진 설정입니다. limits_config.max_query_lookback 으로 읽습니다",
    )
    if questions.lookback_max_ns is not None:
        return questions
    return replace(questions, lookback_max_ns=old_ms * NS_PER_MS)


def _ruler(top: Section) -> tuple[str, str]:
    section = top.section("ruler", "ruler.Config")
    if section is None:
        return "", ""
    folder = ""
    storage = section.take("storage")
    if isinstance(storage, Map) and isinstance(local := storage.get("local"), Map):
        directory = local.get("directory")
        folder = directory.text if isinstance(directory, yaml.Scalar) else ""
    return folder, section.text("alertmanager_url")


def _patterns(top: Section) -> bool | None:
    section = top.section("pattern_ingester", "pattern.Config")
    return section.flag("enabled") if section is not None and "enabled" in section else None


def _storage(top: Section) -> None:
    """No chunks are written, so nothing of this is used; what Loki dropped is named all the same."""
    schema = top.section("schema_config", "config.SchemaConfig")
    for period in schema.sections("configs", "config.PeriodConfig") if schema is not None else ():
        if period.text("store") == "boltdb-shipper":
            period.unused("store", "lines are kept in Hannun's own tables", "로그는 한눈의 테이블에 보관합니다")
    storage = top.section("storage_config", "storage.Config")
    if storage is not None:
        storage.unused("boltdb_shipper", "lines are kept in Hannun's own tables", "로그는 한눈의 테이블에 보관합니다")
