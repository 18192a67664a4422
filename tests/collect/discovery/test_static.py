"""static_configs are published once, as they stand."""

from __future__ import annotations

from hannun.collect.discovery import discover
from hannun.config.prometheus.model import StaticSd
from hannun.model.target import TargetGroup


async def test_the_groups_of_the_config_are_published(watching) -> None:
    groups = (TargetGroup("0", ({"__address__": "a:1"},), {"env": "x"}),)
    async with watching(discover(StaticSd(groups))) as seen:
        await seen.until(lambda: bool(seen.published))
        assert seen.published == [list(groups)]
        assert seen.discoverer.failing == ""
