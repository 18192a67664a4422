"""What the server runs with: one frozen value, built from the settings of the table once all words are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from hannun.config import table, values
from hannun.config.machine import Machine
from hannun.config.setting import Setting
from hannun.config.table import GIB, MEMORY_MIN
from hannun.config.values import Address, Amount, ExternalUrl, LogFormat, LogLevel, Network, Share
from hannun.model.classic import PREFIX_OF, SYSLOG
from hannun.model.text import Lang
from hannun.model.time import format_duration_ms

if TYPE_CHECKING:
    from hannun.config.services import ServiceConfig  # brings the YAML library, which `--help` does not need

DAY_MS = 86_400_000
Source = Literal["flag", "env", "file", "default"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tls:
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each signal is kept, in ms; None: for ever."""

    metrics_ms: int | None = 30 * DAY_MS
    logs_ms: int | None = 30 * DAY_MS
    traces_ms: int | None = 14 * DAY_MS
    errors_ms: int | None = 90 * DAY_MS


@dataclass(frozen=True, slots=True)
class Chosen:
    """One line of the Status page: what holds and who said so. `place`: `--listen`, `HANNUN_LISTEN`, `hannun.yml:3`."""

    name: str
    value: str
    source: Source
    place: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server runs with.

    `meta_url` None: a SQLite file in the data directory. `retention_size_bytes` None: no limit.
    """

    data_dir: Path
    listen: Address
    lang: Lang
    timezone: str
    memory_bytes: int
    disk_reserve_bytes: int
    retention: Retention
    retention_size_bytes: int | None
    receive_body_bytes_max: int
    config_file: Path | None = None
    external_url: ExternalUrl | None = None
    trusted_proxies: tuple[Network, ...] = ()
    tls: Tls | None = None
    ingest_allow: tuple[Network, ...] = ()
    insecure_open: bool = False
    store_url: str = "embedded"
    meta_url: str | None = None
    prometheus_config: Path | None = None
    blackbox_config: Path | None = None
    loki_config: Path | None = None
    promtail_config: Path | None = None
    syslog_listen: Address | None = None
    classic_ports: tuple[int, ...] = ()
    services: tuple[ServiceConfig, ...] = ()
    enable_admin_api: bool = False
    no_self: bool = False
    log_level: LogLevel = "info"
    log_format: LogFormat = "text"
    admin_password: str | None = field(default=None, repr=False)
    chosen: tuple[Chosen, ...] = field(default=(), repr=False)

    @property
    def url(self) -> str:
        """Where a person on this machine, or behind the proxy, opens the page. No slash at the end."""
        if self.external_url is not None:
            return str(self.external_url)
        return self.local_url

    @property
    def classic_http_ports(self) -> tuple[int, ...]:
        return tuple(port for port in self.classic_ports if port in PREFIX_OF)

    @property
    def syslog_address(self) -> Address | None:
        """`--syslog-listen`, or the classic port of syslog where the classic ports are asked for."""
        if self.syslog_listen is None and SYSLOG in self.classic_ports:
            return Address(self.listen.host, SYSLOG)
        return self.syslog_listen

    @property
    def local_url(self) -> str:
        """Where a program on this machine reaches the server, past any proxy. No slash at the end."""
        path = self.external_url.path if self.external_url else ""
        return f"{'https' if self.tls else 'http'}://{self.listen.near}{path}"


class Values(Protocol):
    """The values of all settings, each of its own type."""

    def __getitem__(self, key: Setting[T]) -> T: ...


def build(got: Values, machine: Machine, lang: Lang) -> Settings:
    """Settings out of read values. Raises BadValue for what only shows when values stand side by side."""
    data_dir = got[table.DATA_DIR]
    disk_bytes = machine.disk_bytes(data_dir)
    reserve = got[table.DISK_RESERVE]
    spoken = got[table.LANG]
    cert, key = got[table.TLS_CERT], got[table.TLS_KEY]
    if (cert is None) != (key is None):
        silent = table.TLS_KEY.flag if cert else table.TLS_CERT.flag
        raise values.BadValue(
            f"needs {silent} beside it; https takes both",
            f"{silent} 설정도 함께 있어야 합니다. https에는 둘 다 필요합니다",
            about=(table.TLS_CERT if cert else table.TLS_KEY).name,
        )
    memory = _bytes(got[table.MEMORY], machine.memory_bytes)
    if memory < MEMORY_MIN:
        raise values.BadValue(
            f"{format_size(memory)} is too little; the engine needs at least {format_size(MEMORY_MIN)}",
            f"{format_size(memory)} 값은 너무 작습니다. 엔진에는 적어도 {format_size(MEMORY_MIN)} 필요합니다",
            about=table.MEMORY.name,
        )
    return Settings(
        data_dir=data_dir,
        listen=got[table.LISTEN],
        lang=spoken or lang,
        timezone=got[table.TIMEZONE],
        memory_bytes=memory,
        disk_reserve_bytes=max(GIB, disk_bytes // 20) if reserve is None else _bytes(reserve, disk_bytes),
        retention=Retention(
            metrics_ms=got[table.RETENTION_METRICS],
            logs_ms=got[table.RETENTION_LOGS],
            traces_ms=got[table.RETENTION_TRACES],
            errors_ms=got[table.RETENTION_ERRORS],
        ),
        retention_size_bytes=_bytes(got[table.RETENTION_SIZE], disk_bytes) or None,
        receive_body_bytes_max=max(_bytes(got[table.RECEIVE_BODY_BYTES_MAX], memory), 1),
        config_file=got[table.CONFIG],
        external_url=got[table.EXTERNAL_URL],
        trusted_proxies=got[table.TRUSTED_PROXIES],
        tls=Tls(cert, key) if cert and key else None,
        ingest_allow=got[table.INGEST_ALLOW],
        insecure_open=got[table.INSECURE_OPEN],
        store_url=got[table.STORE],
        meta_url=got[table.META],
        prometheus_config=got[table.PROMETHEUS_CONFIG],
        blackbox_config=got[table.BLACKBOX_CONFIG],
        loki_config=got[table.LOKI_CONFIG],
        promtail_config=got[table.PROMTAIL_CONFIG],
        syslog_listen=got[table.SYSLOG_LISTEN],
        classic_ports=got[table.CLASSIC_PORTS],
        enable_admin_api=got[table.ENABLE_ADMIN_API],
        no_self=got[table.NO_SELF],
        log_level=got[table.LOG_LEVEL],
        log_format=got[table.LOG_FORMAT],
        admin_password=got[table.ADMIN_PASSWORD],
    )


def shown(settings: Settings, name: str) -> str:
    """What holds for the setting `name`, in words that could be written back; secrets as `set`."""
    found = _SHOWN.get(name)
    value: Any = found(settings) if found else getattr(settings, name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


def said_in(settings: Settings, name: str, place: str) -> Settings:
    """`settings` telling that the value of `name` now comes from `place`, a foreign file."""
    chosen = tuple(
        Chosen(name, shown(settings, name), "file", place) if one.name == name else one for one in settings.chosen
    )
    return replace(settings, chosen=chosen)


def format_size(number: int) -> str:
    """1_610_612_736 -> `1.5 GiB`: at most three digits, powers of 1024."""
    amount, unit = float(number), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if amount < 1023.5 or unit == "PiB":
            break
        amount /= 1024
    return f"{amount:.3g} {unit}" if unit != "B" else f"{number} B"


def _bytes(amount: Amount, whole: int) -> int:
    return amount.of(whole) if isinstance(amount, Share) else amount


def _kept(ms: int | None) -> str:
    return "0" if ms is None else format_duration_ms(ms)


_SHOWN: dict[str, Callable[[Settings], Any]] = {
    "config": lambda settings: settings.config_file,
    "external_url": lambda settings: settings.external_url,
    "tls_cert": lambda settings: settings.tls and settings.tls.cert,
    "tls_key": lambda settings: settings.tls and settings.tls.key,
    "store": lambda settings: settings.store_url,
    "meta": lambda settings: settings.meta_url or "embedded",
    "retention.metrics": lambda settings: _kept(settings.retention.metrics_ms),
    "retention.logs": lambda settings: _kept(settings.retention.logs_ms),
    "retention.traces": lambda settings: _kept(settings.retention.traces_ms),
    "retention.errors": lambda settings: _kept(settings.retention.errors_ms),
    "receive.body_bytes_max": lambda settings: format_size(settings.receive_body_bytes_max),
    "retention_size": lambda settings: format_size(settings.retention_size_bytes or 0),
    "disk_reserve": lambda settings: format_size(settings.disk_reserve_bytes),
    "memory": lambda settings: format_size(settings.memory_bytes),
    "admin_password": lambda settings: "set" if settings.admin_password else "",
}
