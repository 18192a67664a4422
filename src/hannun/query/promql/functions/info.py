"""info(): labels of info metrics (`target_info` and the like) joined to other series by `instance` and `job`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hannun.model.errors import ExecutionError
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import Matchers, equal
from hannun.model.metric import Ints
from hannun.query.promql.functions.call import FunctionCall
from hannun.query.promql.grid import Bools, Grid
from hannun.query.promql.names import joined
from hannun.query.promql.operators.signatures import go_labels
from hannun.query.promql.reads import INFO_METRIC
from hannun.query.promql.registry import VECTOR, promql
from hannun.query.promql.syntax import Selector

IDENTIFYING = ("instance", "job")
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Infos:
    """Info series by metric name and identity, with the time of each sample: of several, the newest counts."""

    grid: Grid
    when: Ints
    rows: dict[str, dict[Key, list[int]]]

    @staticmethod
    def of(grid: Grid, when: Ints) -> Infos:
        rows: dict[str, dict[Key, list[int]]] = {}
        for row, labels in enumerate(grid.labels):
            rows.setdefault(labels.metric, {}).setdefault(_identity(labels), []).append(row)
        return Infos(grid, when, rows)

    def newest(self, rows: list[int]) -> Ints:
        """Per step the row of the newest sample, -1 where none has any."""
        if not rows:
            return np.full(self.grid.steps, -1, dtype=np.int64)
        there = self.grid.present[rows]
        times = np.where(there, self.when[rows], np.iinfo(np.int64).min)
        equals = (times == times.max(axis=0)) & there
        if (equals.sum(axis=0) > 1).any():
            self._refuse(rows, equals)
        return np.where(there.any(axis=0), np.array(rows, dtype=np.int64)[np.argmax(times, axis=0)], -1)

    def _refuse(self, rows: list[int], equals: Bools) -> None:
        step = int(np.argmax(equals.sum(axis=0) > 1))
        one, two = (rows[place] for place in np.flatnonzero(equals[:, step])[:2].tolist())
        at = int(self.when[one, step])
        raise ExecutionError(
            f"found duplicate series for info metric: existing {go_labels(self.grid.labels[one])} @ {at}, "
            f"new {go_labels(self.grid.labels[two])} @ {at}"
        )


def _identity(labels: Labels) -> Key:
    return tuple([labels.get(name) for name in IDENTIFYING])


@promql(
    "info",
    args=(VECTOR, VECTOR),
    optional=1,
    lazy=True,
    keeps_name=True,
    experimental=True,
    en="Adds labels of the matching info metric (target_info); a selector says which labels.",
    ko="맞는 정보 메트릭(target_info)의 라벨을 덧붙입니다. 선택자로 어떤 라벨인지 정합니다.",
)
def info(call: FunctionCall) -> Grid:
    base = call.evaluator.grid(call.node.args[0])
    selector = call.arg(1) if len(call.node.args) > 1 else None
    wanted: Matchers = selector.matchers if isinstance(selector, Selector) else ()
    asked = tuple([matcher for matcher in wanted if matcher.name == METRIC_NAME])
    names = asked or (equal(METRIC_NAME, INFO_METRIC),)
    own = names if selector is None else asked
    data = tuple([matcher for matcher in wanted if matcher.name != METRIC_NAME])
    needs_match = any(not matcher.matches_empty() for matcher in data)
    chosen_labels = frozenset(matcher.name for matcher in data)
    if not len(base):
        return base
    infos = Infos.of(*call.evaluator.instant(Selector("", (*names, *data)), wants_time=True))

    there = base.there
    labels: list[Labels] = []
    rows: list[int] = []
    masks: list[Bools] = []
    for row, of_base in enumerate(base.labels):
        # An info metric is not enriched by itself.
        if own and all(matcher.matches(of_base.metric) for matcher in own):
            parts = [(of_base, there[row])]
        else:
            parts = _enriched(of_base, there[row], infos, chosen_labels, needs_match)
        for found, mask in parts:
            call.evaluator.context.memory.hold(len(mask))
            labels.append(found)
            rows.append(row)
            masks.append(mask)
    if not rows:
        return Grid.empty(base.steps)
    split = replace(base.take(np.array(rows)), labels=tuple(labels)).where(np.array(masks))
    return joined(split.without_empty())


def _enriched(
    base: Labels, mask: Bools, infos: Infos, chosen: frozenset[str], needs_match: bool
) -> list[tuple[Labels, Bools]]:
    """`base` split by which info series stands beside it at each step."""
    parts = [(base, mask)]
    matched = np.zeros(len(mask), dtype=np.bool_)
    # A series without any identifying label stands for no target.
    identity = _identity(base)
    for by_identity in infos.rows.values():
        best = infos.newest(by_identity.get(identity, []) if any(identity) else [])
        matched |= best >= 0
        split: list[tuple[Labels, Bools]] = []
        for labels, part in parts:
            for found in np.unique(best[part]).tolist():
                here = part & (best == found)
                told = labels if found < 0 else _with(base, labels, infos.grid.labels[found], chosen)
                split.append((told, here))
        parts = split
    if needs_match:
        parts = [(labels, part & matched) for labels, part in parts]
    return [(labels, part) for labels, part in parts if part.any()]


def _with(base: Labels, enriched: Labels, found: Labels, chosen: frozenset[str]) -> Labels:
    """`enriched` with the labels of one more info series. Labels that the series has itself win; two info metrics
    that disagree are an error."""
    added: dict[str, str] = {}
    for name, value in found:
        if name == METRIC_NAME or name in base or (chosen and name not in chosen):
            continue
        if enriched.get(name, value) != value:
            raise ExecutionError(f"conflicting label: {name}")
        added[name] = value
    return Labels.of({**dict(enriched.pairs), **added})
