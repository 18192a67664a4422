"""`clients` (and the older `client`): the servers that lines go to."""

from __future__ import annotations

from hannun.config.prometheus.http_client import read_client
from hannun.config.prometheus.section import Section
from hannun.config.promtail.model import Backoff, ClientConfig
from hannun.config.promtail.read import duration, number_or_size


def read_clients(top: Section) -> tuple[ClientConfig, ...]:
    """`batch_size_bytes` and `batch_wait_ms` are 0 where the file says nothing."""
    clients: list[ClientConfig] = []
    older = top.section("client", "client.Config")
    if older is not None:
        top.source.warn(
            top.line_of("client"),
            "`client` is deprecated; write it as an item of `clients`",
            "`client`: 더는 쓰지 않는 키입니다. `clients` 목록에 적어 주세요",
        )
        clients.append(_client(older))
    clients.extend(_client(section) for section in top.sections("clients", "client.Config"))
    return tuple(clients)


def _client(section: Section) -> ClientConfig:
    url = section.url("url")
    if not url:
        section.refuse("url", "client needs target URL", "클라이언트에 url이 있어야 합니다")
    backoff = section.section("backoff_config", "backoff.Config")
    default = Backoff()
    made = ClientConfig(
        url=url,
        name=section.text("name"),
        tenant_id=section.text("tenant_id"),
        batch_wait_ms=duration(section, "batchwait", 0),
        batch_size_bytes=number_or_size(section, "batchsize"),
        timeout_ms=duration(section, "timeout", 10_000),
        backoff=default
        if backoff is None
        else Backoff(
            min_ms=duration(backoff, "min_period", default.min_ms),
            max_ms=duration(backoff, "max_period", default.max_ms),
            retries=backoff.whole("max_retries", default.retries),
        ),
        drop_rate_limited_batches=section.flag("drop_rate_limited_batches"),
        external_labels=section.mapping("external_labels"),
        headers=section.mapping("headers"),
        http=read_client(section),
    )
    if backoff is not None:
        backoff.close()
    section.take("stream_lag_labels")  # deprecated there, and without effect
    section.close()
    return made
