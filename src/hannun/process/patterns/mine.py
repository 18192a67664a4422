"""From masked lines to patterns: Drain, per service, over masks that were not seen before.

Masking alone leaves few hundred sentences of a service; Drain joins those that differ in a word (`user kim logged in`,
`user lee logged in`). A pattern keeps its id while its words grow more general. Drain is `drain3`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hannun.process.patterns.skeleton import MASK

CLUSTERS_MAX = 300
MASKS_MAX = 50_000
SERVICES_MAX = 500
TOKENS_MAX = 120
SIMILARITY = 0.6
DEPTH = 3
"""Drain looks at the first word only before it compares: the second is often a name."""
OTHERS = "…"
"""The pattern of lines of a service that has more patterns than are kept apart."""


@dataclass(frozen=True, slots=True)
class Mined:
    """A pattern as it is now. `id` is stable; `text` has `<_>` where lines differ. `is_new`: first seen just now."""

    id: int
    service: str
    text: str
    is_new: bool = False


class Miner:
    """One thread. Remembers masks by their hash, so that a known line costs a lookup."""

    def __init__(self) -> None:
        self._trees: dict[str, Any] = {}
        self._ids: dict[tuple[str, int], int] = {}  # (service, cluster) -> pattern
        self._known: dict[tuple[str, int], tuple[int, ...]] = {}  # (service, mask's hash) -> (cluster,)

    def known(self, service: str, mask_hash: int) -> int | None:
        """The id of the pattern of a mask that was seen before."""
        found = self._known.get((service, mask_hash))
        return self._ids.get((service, found[0])) if found else None

    def learn(self, service: str, mask_hash: int, text: str) -> Mined:
        """The pattern of a mask that was not seen before."""
        if len(self._known) >= MASKS_MAX:
            self._known.clear()  # they are learnt again, which changes no id
        if service not in self._trees and len(self._trees) >= SERVICES_MAX:
            return Mined(pattern_id(service, OTHERS), service, OTHERS)
        tree = self._trees.get(service)
        if tree is None:
            tree = self._trees[service] = _drain()
        words = " ".join(text.split()[:TOKENS_MAX])
        full = len(tree.id_to_cluster) >= CLUSTERS_MAX
        if full and tree.match(words) is None:
            return Mined(pattern_id(service, OTHERS), service, OTHERS)
        cluster, change = tree.add_log_message(words)
        key = (service, cluster.cluster_id)
        template = cluster.get_template()
        created = change == "cluster_created"
        if key not in self._ids:
            self._ids[key] = pattern_id(service, template)
        self._known[service, mask_hash] = (cluster.cluster_id,)
        return Mined(self._ids[key], service, template, created)

    def remember(self, patterns: Sequence[Mined]) -> None:
        """Patterns of an earlier life, so that they keep their ids and are not new again."""
        for pattern in patterns:
            tree = self._trees.get(pattern.service)
            if tree is None:
                if len(self._trees) >= SERVICES_MAX:
                    continue
                tree = self._trees[pattern.service] = _drain()
            if pattern.text == OTHERS or len(tree.id_to_cluster) >= CLUSTERS_MAX:
                continue
            cluster, _ = tree.add_log_message(pattern.text)
            self._ids.setdefault((pattern.service, cluster.cluster_id), pattern.id)


def pattern_id(service: str, text: str) -> int:
    digest = hashlib.blake2b(f"{service}\0{text}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _drain() -> Any:
    from drain3.drain import Drain  # brings jsonpickle, which a server without logs never needs

    return Drain(depth=DEPTH, sim_th=SIMILARITY, max_children=100, max_clusters=None, param_str=MASK)
