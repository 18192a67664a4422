"""/loki/api/v1/index/stats, /index/volume and /index/volume_range: how much there is, without reading a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form
from hannun.api.loki import parameters
from hannun.api.loki.answers import bare
from hannun.api.loki.backend import Backend, both_ways
from hannun.api.loki.parameters import Window
from hannun.api.loki.render import series_answer, without_empty
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, NotFound
from hannun.model.http import Endpoint
from hannun.model.labels import Labels
from hannun.model.log import StreamVolume
from hannun.model.matcher import Matchers
from hannun.query.logql.found import Series, Statistics
from hannun.query.logql.limits import check_length
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation, VectorAggregation
from hannun.query.promql.answer import Answer

MINUTE_NS = 60 * 1_000_000_000
VOLUME_OFF = "volume queries are disabled for this tenant"


@dataclass(frozen=True, slots=True)
class Grouped:
    """How bytes are put together: by these labels (None: by all of a stream), or `by_label`, each label by itself."""

    labels: tuple[str, ...] | None
    by_label: bool
    limit: int

    @staticmethod
    def of(form: Form, selector: Matchers, limit_max: int) -> Grouped:
        how = form.one("aggregateBy") or "series"
        if how not in ("series", "labels"):
            raise BadQuery("invalid aggregation option")
        targets = tuple([name for name in form.one("targetLabels").split(",") if name])
        names = targets or tuple(dict.fromkeys(matcher.name for matcher in selector))
        limit = parameters.limit(form)
        return Grouped(names or None, how == "labels", min(limit, limit_max) if limit_max else limit)

    def sums(self, volumes: Iterable[StreamVolume]) -> dict[Labels, int]:
        found: dict[Labels, int] = {}
        for volume in volumes:
            for group in self.groups(volume.stream.labels):
                found[group] = found.get(group, 0) + volume.bytes
        return found

    def groups(self, labels: Labels) -> list[Labels]:
        kept = labels if self.labels is None else labels.keep(self.labels)
        if not self.by_label:
            return [kept] if len(kept) else []
        # A label's name with no value: `Labels.of` would drop it.
        return [Labels(((name, ""),)) for name, _ in kept]


def endpoints(backend: Backend) -> list[Endpoint]:
    async def stats(request: Request) -> Response:
        form = await backend.form(request)
        asked = parameters.window(form, backend.now_ns())

        def work(budget: Budget) -> list[bytes]:
            volumes = backend.reader.volumes(parameters.pipeline_selector(form), *_whole_minutes(asked), budget)
            return bare(
                {
                    "streams": len(volumes),
                    # There are no chunks; Grafana only asks whether it is none.
                    "chunks": len(volumes),
                    "bytes": sum(volume.bytes for volume in volumes),
                    "entries": sum(volume.lines for volume in volumes),
                }
            )

        return await backend.answer(request, work)

    async def volume(request: Request) -> Response:
        form, asked = await _asked(request)

        def work(budget: Budget) -> list[bytes]:
            selector = parameters.pipeline_selector(form)
            grouped = Grouped.of(form, selector, backend.engine.limits.volume_series_max)
            volumes = backend.reader.volumes(selector, *_whole_minutes(asked), budget)
            sums = sorted(grouped.sums(volumes).items(), key=lambda item: (-item[1], item[0].pairs))[: grouped.limit]
            values = np.array([[float(size)] for _, size in sums]).reshape(len(sums), 1)
            labels = tuple([group for group, _ in sums])
            answer = Answer(
                "vector", labels, asked.end_ns // 1_000_000, 0, 1, values, np.ones_like(values, dtype=np.bool_)
            )
            return series_answer(Series(answer, Statistics(returned=len(sums))))

        return await backend.answer(request, work)

    async def volume_range(request: Request) -> Response:
        form, asked = await _asked(request)
        step_ns = parameters.step_ns(form, asked)

        def work(budget: Budget) -> list[bytes]:
            selector = parameters.pipeline_selector(form)
            grouped = Grouped.of(form, selector, backend.engine.limits.volume_series_max)
            found = _bytes_over_time(backend, selector, grouped, asked, step_ns, budget)
            return series_answer(replace(found, answer=_largest(found.answer, grouped)))

        return await backend.answer(request, work)

    async def _asked(request: Request) -> tuple[Form, Window]:
        limits = backend.engine.limits
        if not limits.volume_enabled:
            raise NotFound(VOLUME_OFF)
        form = await backend.form(request)
        asked = parameters.ordered(parameters.window(form, backend.now_ns()))
        check_length(asked.start_ns, asked.end_ns, limits)
        return form, asked

    return [
        *both_ways("/loki/api/v1/index/stats", stats),
        *both_ways("/loki/api/v1/index/volume", volume),
        *both_ways("/loki/api/v1/index/volume_range", volume_range),
    ]


def _whole_minutes(asked: Window) -> tuple[int, int]:
    """Every minute that the range touches: those are known without reading a line, and Loki's figures are estimates.

    A minute reaches from just after its first moment to the next one's, as the store's roll-up has it.
    """
    first, end = (asked.start_ns - 1) // MINUTE_NS, -(-(asked.end_ns - 1) // MINUTE_NS)
    return first * MINUTE_NS + 1, end * MINUTE_NS + 1


def _bytes_over_time(
    backend: Backend, selector: Matchers, grouped: Grouped, asked: Window, step_ns: int, budget: Budget
) -> Series:
    """A metric question says the same, and it is answered from the roll-up where that is possible."""
    if not selector:
        raise BadQuery("volume_range needs a selector with at least one matcher")
    names = grouped.labels
    if names is None or grouped.by_label:
        known = backend.reader.label_names((selector,), asked.start_ns, asked.end_ns, budget)
        names = tuple([name for name in known if grouped.labels is None or name in grouped.labels])
    each = RangeAggregation("bytes_over_time", LogQuery(selector), step_ns)
    node = VectorAggregation("sum", each, grouping=Grouping(names))
    return backend.engine.matrix(node, asked.start_ns, asked.end_ns, step_ns, budget)


def _largest(answer: Answer, grouped: Grouped) -> Answer:
    """The groups with the most bytes, the largest first."""
    groups: dict[Labels, list[int]] = {}
    for row, labels in enumerate(answer.labels):
        for group in grouped.groups(labels):
            groups.setdefault(group, []).append(row)
    values = np.zeros((len(groups), answer.steps))
    present = np.zeros((len(groups), answer.steps), dtype=np.bool_)
    for index, rows in enumerate(groups.values()):
        values[index] = np.where(answer.present[rows], answer.values[rows], 0.0).sum(axis=0)
        present[index] = answer.present[rows].any(axis=0)
    order = np.argsort(-values.sum(axis=1), kind="stable")[: grouped.limit]
    known = tuple(groups)
    chosen = tuple([known[row] for row in order.tolist()])
    return without_empty(replace(answer, labels=chosen, values=values[order], present=present[order]))
