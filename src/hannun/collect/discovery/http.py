"""http_sd_configs: an endpoint that tells target groups as JSON. An answer that cannot be used keeps the old ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from hannun.collect.discovery import groups
from hannun.collect.discovery.poll import ASK_TIMEOUT_S, PolledDiscovery
from hannun.collect.discovery.registry import discoverer
from hannun.collect.http_client import Answer, make_client
from hannun.config.http_client import HIDDEN
from hannun.config.prometheus.model import HttpSd
from hannun.model.errors import WireError
from hannun.model.target import TargetGroup

META = "__meta_url"
_JSON = re.compile(r"application/json(;\s*charset=(\"utf-8\"|utf-8))?", re.IGNORECASE)
INLINE_BYTES = 128 << 10
"""Reading a list of this size takes about 3 ms; larger ones are read in a thread."""


@discoverer(HttpSd)
class HttpDiscovery(PolledDiscovery):
    def __init__(self, config: HttpSd) -> None:
        self._shown = without_password(config.url)
        super().__init__(self._shown, config.refresh_ms)
        self._config = config
        self._client = make_client(config.client, timeout_s=min(config.refresh_ms / 1000, ASK_TIMEOUT_S))
        self._headers = {
            "Accept": "application/json",
            "X-Prometheus-Refresh-Interval-Seconds": f"{config.refresh_ms / 1000:g}",
        }

    async def close(self) -> None:
        await self._client.close()

    async def ask(self) -> Sequence[TargetGroup]:
        answer = await self._client.get(self._config.url, headers=self._headers, body_bytes_max=groups.BODY_BYTES_MAX)
        check(answer)
        read = (answer.body, self._shown, {META: self._shown})
        if len(answer.body) > INLINE_BYTES:
            return await asyncio.to_thread(groups.from_json, *read)
        return groups.from_json(*read)


def check(answer: Answer) -> None:
    """Raises WireError, in Prometheus's words, for an answer that is no list of targets."""
    if answer.status != 200:
        raise WireError(f"server returned HTTP status {answer.status} {answer.reason}".rstrip())
    if not _JSON.fullmatch(answer.header("content-type").strip()):
        raise WireError(f'unsupported content type "{answer.header("content-type")[:100]}"', "send application/json")


def without_password(url: str) -> str:
    """The URL as it may stand in labels, logs and errors."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}:{HIDDEN}@{host}").geturl()
