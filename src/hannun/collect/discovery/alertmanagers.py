"""The Alertmanagers that prometheus.yml's `alerting:` names: discovered and relabeled, as URLs. Nothing is sent here.

Follows Prometheus 3.x: `__scheme__` and `__alerts_path__` stand beside the discovered labels, so that relabeling can
change them; no port is added to an address; a group with an address that is none is left out whole.
"""

from __future__ import annotations

import asyncio
import logging
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hannun.collect.discovery.labels import ADDRESS
from hannun.config.prometheus.model import AlertmanagerConfig, Discovery
from hannun.model.rules import Alertmanagers
from hannun.model.target import TargetGroup
from hannun.process.relabel import Relabeler

_log = logging.getLogger("hannun.collect.discovery")
SCHEME, PATH = "__scheme__", "__alerts_path__"
API = "/api/v2/alerts"
URLS_MAX = 1_000
"""Of each kind, per entry of `alertmanagers`. What a discovery finds beyond that is left out, and said."""


class BadAddress(Exception):
    """The words are Prometheus's."""


@dataclass(slots=True)
class _Found:
    groups: Sequence[TargetGroup] = ()


class _Entry:
    """One entry of `alertmanagers`: its discoveries at work and what they found."""

    def __init__(self, config: AlertmanagerConfig, discover: Callable[[Discovery], Any]) -> None:
        self.config = config
        self.known = Alertmanagers()
        self._relabeler = Relabeler(config.relabel)
        self._discoverers = [discover(one) for one in config.discoveries]
        self._found = [_Found() for _ in self._discoverers]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(discoverer.run(self._publisher(found)), name="discovery of Alertmanagers")
            for discoverer, found in zip(self._discoverers, self._found, strict=True)
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _publisher(self, found: _Found) -> Callable[[Sequence[TargetGroup]], None]:
        def publish(groups: Sequence[TargetGroup]) -> None:
            found.groups = groups
            every = (group for one in self._found for group in one.groups)
            self.known = urls(self.config, every, self._relabeler)

        return publish


class AlertmanagerDiscovery:
    """On the event loop: `adopt(prepare(configs))` at each configuration, `stop` at the end."""

    def __init__(self, discover: Callable[[Discovery], Any]) -> None:
        """`discover` makes a discovery from its config (`registry.discover`)."""
        self._discover = discover
        self._entries: list[_Entry] = []

    def prepare(self, configs: Sequence[AlertmanagerConfig]) -> list[_Entry]:
        """Entries whose config is equal are those at work. Raises what cannot be used; nothing has changed then."""
        left = list(self._entries)
        prepared: list[_Entry] = []
        for config in configs:
            same = next((entry for entry in left if entry.config == config), None)
            if same is not None:
                left.remove(same)
            prepared.append(same or _Entry(config, self._discover))
        return prepared

    async def adopt(self, prepared: Sequence[_Entry]) -> None:
        before, self._entries = self._entries, list(prepared)
        for entry in self._entries:
            if entry not in before:
                entry.start()
        await asyncio.gather(*(entry.stop() for entry in before if entry not in self._entries))

    async def stop(self) -> None:
        await self.adopt(())

    def known(self) -> Alertmanagers:
        """Those of all entries, in their order."""
        return Alertmanagers(
            tuple(url for entry in self._entries for url in entry.known.active),
            tuple(url for entry in self._entries for url in entry.known.dropped),
        )


def urls(
    config: AlertmanagerConfig, groups: Iterable[TargetGroup], relabeler: Relabeler | None = None
) -> Alertmanagers:
    """Where alerts would go and what relabeling dropped. An active URL stands once, in the order of discovery."""
    relabel = relabeler or Relabeler(config.relabel)
    active: dict[str, None] = {}
    dropped: list[str] = []
    for group in groups:
        try:
            for before, after in _relabeled(config, group, relabel):
                if after is not None:
                    active[_url(after)] = None
                elif len(dropped) < URLS_MAX:
                    dropped.append(_url(before))
        except BadAddress as err:
            _log.warning("creating alertmanagers failed: %s", err)
        if len(active) > URLS_MAX:
            _log.warning("more than %d Alertmanagers; the rest is left out", URLS_MAX)
            break
    return Alertmanagers(tuple(active)[:URLS_MAX], tuple(dropped))


def _relabeled(
    config: AlertmanagerConfig, group: TargetGroup, relabel: Relabeler
) -> Iterator[tuple[Mapping[str, str], Mapping[str, str] | None]]:
    """Labels before and after the rules. Read as a whole first, because one bad address takes its group with it."""
    path = "/" + posixpath.normpath(f"/{config.path_prefix}{API}").lstrip("/")
    found = []
    for own in group.targets:
        before = {**own, SCHEME: config.scheme, PATH: path}
        before |= {name: value for name, value in group.labels.items() if name not in own}
        after = relabel.apply(before)
        address = (after or {}).get(ADDRESS, "")
        if after is not None and "/" in address:
            raise BadAddress(f'"{address[:200]}" is not a valid hostname')
        found.append((before, after))
    yield from found


def _url(labels: Mapping[str, str]) -> str:
    scheme = labels.get(SCHEME, "")
    path = quote(labels.get(PATH, ""), safe="/$&+,:;=@-._~")
    if path and not path.startswith("/"):
        path = f"/{path}"
    return f"{f'{scheme}:' if scheme else ''}//{labels.get(ADDRESS, '')}{path}"
