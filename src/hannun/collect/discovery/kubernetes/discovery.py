"""One kubernetes_sd_config: mirrors of what its role needs, and the groups that the role makes of them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from hannun.collect.discovery.kubernetes import access
from hannun.collect.discovery.kubernetes.mirror import Mirror
from hannun.collect.discovery.kubernetes.roles import NAMESPACES, NODES, ROLES, Resource, View, register_all
from hannun.collect.discovery.poll import reason, retry_delay_s
from hannun.collect.discovery.registry import Publish, discoverer
from hannun.collect.http_client import make_client
from hannun.collect.scrape.no_gc import no_gc
from hannun.config.prometheus.model import KubernetesSd
from hannun.model.target import TargetGroup

_log = logging.getLogger("hannun.collect.discovery")
SETTLE_S = 0.5
"""Changes within this time are published together: a rollout makes hundreds of them."""
REST = 10
"""We rest this many times as long as the last building took, so that it costs a tenth of a core at most."""
SLICE = 50
"""Groups that are made between two looks at others: a millisecond of work."""
ANSWER_S = 60.0
RETRY_S_MAX = 60.0


@discoverer(KubernetesSd)
class KubernetesDiscovery:
    def __init__(
        self,
        config: KubernetesSd,
        *,
        env: Mapping[str, str] | None = None,
        account: Path = access.SERVICE_ACCOUNT,
    ) -> None:
        register_all()
        self._config = config
        self._env = os.environ if env is None else env
        self._account = account
        self._mirrors: list[Mirror] = []
        self._cannot = ""

    @property
    def failing(self) -> str:
        told = self._cannot or next((mirror.failing for mirror in self._mirrors if mirror.failing), "")
        return f"Kubernetes {self._config.role}: {told}" if told else ""

    async def run(self, publish: Publish) -> None:
        way = await self._way()
        client = make_client(way.client, timeout_s=ANSWER_S, env=self._env)
        changed = asyncio.Event()
        self._mirrors = [
            Mirror(client, way.server, resource, namespace, self._selectors(resource), changed.set)
            for resource in self._needs()
            for namespace in (self._namespaces(way.namespace) if resource.namespaced else ("",))
        ]
        async with AsyncExitStack() as stack:
            stack.push_async_callback(client.close)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for mirror in self._mirrors:
                group.create_task(mirror.run(), name=f"kubernetes {mirror.resource.name}")
            await self._follow(changed, publish)

    async def _way(self) -> access.Access:
        """Tried again and again: a service account's files and a kubeconfig may come later than we do."""
        failures = 0
        while True:
            try:
                found = await asyncio.to_thread(access.find, self._config, self._env, self._account)
            # A file that cannot be used is said and looked at again; it must not end the discovery.
            except Exception as err:  # noqa: BLE001
                failures += 1
                if self._cannot != reason(err):
                    _log.warning("Kubernetes discovery has no way to the API server: %s", reason(err))
                self._cannot = reason(err)
                await asyncio.sleep(retry_delay_s(failures, RETRY_S_MAX))
            else:
                self._cannot = ""
                return found

    async def _follow(self, changed: asyncio.Event, publish: Publish) -> None:
        published: list[TargetGroup] | None = None
        while True:
            await changed.wait()
            await asyncio.sleep(SETTLE_S)
            changed.clear()
            if not all(mirror.synced for mirror in self._mirrors):
                continue  # Half a view would look like targets that are gone.
            begin_s = time.perf_counter()
            found = await asyncio.to_thread(self._build, self._view(), published)
            if found is not None:
                publish(found)
                published = found
            await asyncio.sleep(REST * (time.perf_counter() - begin_s))

    def _needs(self) -> tuple[Resource, ...]:
        config = self._config
        unused = {
            *(() if config.attach_node or config.role == "node" else (NODES,)),
            *(() if config.attach_namespace else (NAMESPACES,)),
        }
        return tuple(resource for resource in ROLES[config.role].needs if resource not in unused)

    def _namespaces(self, own: str) -> tuple[str, ...]:
        names = dict.fromkeys((*self._config.namespaces, *((own,) if self._config.own_namespace and own else ())))
        return tuple(names) or ("",)

    def _selectors(self, resource: Resource) -> dict[str, str]:
        told: dict[str, str] = {}
        for selector in self._config.selectors:
            if selector.role == resource.role:
                told |= {"labelSelector": selector.label} if selector.label else {}
                told |= {"fieldSelector": selector.field} if selector.field else {}
        return told

    def _view(self) -> View:
        """A copy of the maps, whose objects never change: a thread may read it while the watches go on."""
        known: dict[Resource, dict[str, object]] = {}
        for mirror in self._mirrors:
            known.setdefault(mirror.resource, {}).update(mirror.objects)
        return View(
            known,  # type: ignore[arg-type]
            attach_node=self._config.attach_node,
            attach_namespace=self._config.attach_namespace,
        )

    def _build(self, view: View, published: list[TargetGroup] | None) -> list[TargetGroup] | None:
        """None: nothing has changed that anybody could see.

        A group that is as it was is the one of before, so that whoever holds the old list lets go of nothing when the
        new one comes: ten thousand groups that end at once stop every thread for 20 ms.
        """
        before = {group.source: group for group in published or ()}
        found: list[TargetGroup] = []
        changed = published is None
        with no_gc():
            for number, group in enumerate(ROLES[self._config.role].build(view)):
                if number % SLICE == 0:
                    time.sleep(0)  # Whoever waits for the interpreter gets it now, not after 5 ms.
                known = before.pop(group.source, None)
                is_known = known is not None and known == group
                changed = changed or not is_known
                found.append(known if is_known and known is not None else group)
        return found if changed or before else None
