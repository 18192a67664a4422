"""One target's page: asked of the target itself, or of the stand-in when nobody is there at all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hannun.collect.http_client import Failure, FetchError, HttpClient, Lease
from hannun.collect.scrape import advice
from hannun.collect.scrape.accept import accept_header
from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.limits import BODY_BYTES_MAX
from hannun.collect.scrape.targets import ScrapeTarget
from hannun.collect.stand_in import StandIn, StandIns
from hannun.config.prometheus.model import ScrapeConfig
from hannun.model.errors import HannunError

NOBODY = frozenset({Failure.UNRESOLVED, Failure.REFUSED, Failure.UNREACHABLE})
TEXT_FORMAT = "text/plain; version=0.0.4"


@dataclass(frozen=True, slots=True)
class Fetched:
    body: bytes
    content_type: str
    stand_in: str = ""
    """The name of the stand-in that answered."""


class Fetcher:
    """Of one job."""

    def __init__(self, config: ScrapeConfig, client: HttpClient, stand_ins: StandIns) -> None:
        self._config = config
        self._client = client
        self._stand_ins = stand_ins
        self._body_bytes_max = config.limits.body_bytes or BODY_BYTES_MAX
        self._headers = {
            "Accept": accept_header(config.protocols),
            "Accept-Encoding": "gzip" if config.enable_compression else "identity",
        }

    async def fetch(self, target: ScrapeTarget, lease: Lease) -> Fetched:
        """The page within the target's timeout. Raises ScrapeFailed."""
        stand_in = self._stand_ins.find(target.host, target.port) if target.host else None
        try:
            return await self._ask(target, lease, stand_in)
        except FetchError as err:
            if stand_in is not None and err.failure in NOBODY:
                return await self._ask_stand_in(target, lease, stand_in)
            told = advice.of_fetch(err, target, self._config, self._body_bytes_max)
            raise ScrapeFailed(str(err), told) from err

    async def _ask(self, target: ScrapeTarget, lease: Lease, stand_in: StandIn | None) -> Fetched:
        timeout_s = target.timeout_ms / 1000
        answer = await self._client.get(
            target.url,
            headers={**self._headers, "X-Prometheus-Scrape-Timeout-Seconds": f"{timeout_s:g}"},
            body_bytes_max=self._body_bytes_max,
            timeout_s=timeout_s,
            # A name server that says nothing must leave time for the one who can answer.
            connect_timeout_s=timeout_s / 2 if stand_in is not None else None,
            take=lease.take,
        )
        if answer.status != 200:
            words = f"server returned HTTP status {answer.status} {answer.reason}".rstrip()
            raise ScrapeFailed(words, advice.of_status(answer, target))
        return Fetched(answer.body, answer.header("content-type"))

    async def _ask_stand_in(self, target: ScrapeTarget, lease: Lease, stand_in: StandIn) -> Fetched:
        timeout_s = target.timeout_ms / 1000
        try:
            async with asyncio.timeout(timeout_s):
                body = await stand_in.page(target.path, target.params, timeout_s)
            lease.take(len(body))
        except (HannunError, TimeoutError) as err:
            told = advice.STAND_IN_FAILED.with_(host=target.host, port=target.port, name=stand_in.name)
            reason = str(err) or "context deadline exceeded"
            raise ScrapeFailed(f"stand-in {stand_in.name}: {reason}", told, stand_in=stand_in.name) from err
        if len(body) > self._body_bytes_max:
            words = f"body size limit exceeded: more than {self._body_bytes_max} bytes"
            raise ScrapeFailed(words, stand_in=stand_in.name)
        return Fetched(body, TEXT_FORMAT, stand_in.name)
