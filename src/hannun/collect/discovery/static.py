"""static_configs: the groups stand in the configuration."""

from __future__ import annotations

import asyncio

from hannun.collect.discovery.registry import Publish, discoverer
from hannun.config.prometheus.model import StaticSd


@discoverer(StaticSd)
class StaticDiscovery:
    failing = ""

    def __init__(self, config: StaticSd) -> None:
        self._groups = config.groups

    async def run(self, publish: Publish) -> None:
        publish(self._groups)
        await asyncio.Event().wait()  # Nothing will change, but a discovery runs until it is cancelled.
