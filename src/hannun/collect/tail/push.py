"""Batches to a Loki push API: snappy over HTTP, with what the client's configuration says."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit

from hannun.collect.http_client import Failure, FetchError, make_client
from hannun.collect.tail.metrics import TailMetrics
from hannun.config.promtail.model import ClientConfig
from hannun.model.errors import Overloaded, StoreUnavailable, WireError

_CONTENT_TYPE = "application/x-protobuf"
_SAID_MAX = 300
_HOPELESS = (Failure.URL,)


class PushOutlet:
    """One client. `deliver` raises Overloaded or StoreUnavailable for what passes by (429, 5xx, no connection) and
    WireError for any other 4xx."""

    def __init__(self, config: ClientConfig, metrics: TailMetrics, *, user_agent: str) -> None:
        self._config = config
        self._metrics = metrics
        parts = urlsplit(config.url)
        self.name = config.name or f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
        self._client = make_client(config.http, timeout_s=config.timeout_ms / 1000, user_agent=user_agent)

    async def deliver(self, body: bytes, tenant: str) -> None:
        content = await asyncio.to_thread(_snappy, body)
        headers = {"Content-Type": _CONTENT_TYPE, **self._config.headers}
        if tenant or self._config.tenant_id:
            headers["X-Scope-OrgID"] = tenant or self._config.tenant_id
        began_s = time.monotonic()
        try:
            answer = await self._client.request(
                "POST", self._config.url, headers=headers, content=content, body_bytes_max=1 << 20
            )
        except FetchError as err:
            self._took(began_s, "-1")
            if err.failure in _HOPELESS:
                raise WireError(str(err)) from err
            raise StoreUnavailable(str(err)) from err
        self._took(began_s, str(answer.status))
        if 200 <= answer.status < 300:
            return
        said = answer.body[:_SAID_MAX].decode("utf-8", "replace").strip().replace("\n", " ")
        words = f"HTTP status {answer.status} {answer.reason}: {said}".strip(": ")
        if answer.status == 429 and not self._config.drop_rate_limited_batches:
            raise Overloaded(words)
        if answer.status >= 500:
            raise StoreUnavailable(words)
        raise WireError(words)

    async def close(self) -> None:
        await self._client.close()

    def _took(self, began_s: float, status: str) -> None:
        self._metrics.took(time.monotonic() - began_s, host=self.name, status=status)


def _snappy(body: bytes) -> bytes:
    import cramjam

    return bytes(cramjam.snappy.compress_raw(body))
