"""`metrics`: counters, gauges and histograms of what lines say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from hannun.gotemplate.go_numbers import parse_duration_ns, parse_float
from hannun.gotemplate.go_time_parts import NS
from hannun.model.stage import StageSpec
from hannun.process.pipeline.context import Context, Meter, MeterKind
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage

_KINDS: dict[str, MeterKind] = {"counter": "counter", "gauge": "gauge", "histogram": "histogram"}
_ACTIONS = {"counter": ("inc", "add"), "gauge": ("set", "inc", "dec", "add", "sub"), "histogram": ("",)}
_DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
Count = Callable[[Entry], None]


@stage("metrics")
def _metrics(options: Options, context: Context) -> Stage:
    given = options.spec.options
    if not isinstance(given, dict) or not given:
        raise options.wrong("empty metric stage configuration", "메트릭이 하나는 있어야 합니다")
    counts: list[Count] = []
    for name, inner in given.items():
        options.take(name)
        counts.append(_metric(name, Options(StageSpec(f"metrics.{name}", inner, options.spec.place)), context))

    def change(entry: Entry) -> None:
        for count in counts:
            count(entry)

    return changing(change)


def _metric(name: str, options: Options, context: Context) -> Count:
    kind = _KINDS.get(options.text("type").lower())
    if kind is None:
        raise options.wrong(
            f"invalid metric type '{options.text('type')}', metric type must be one of 'counter', 'gauge', or "
            "'histogram'",
            "type은 Counter, Gauge, Histogram 가운데 하나로 적어 주세요",
        )
    idle_ns = options.duration_ns("max_idle_duration", 300 * NS)
    if idle_ns < NS:
        raise options.wrong("max_idle_duration less than 1s not allowed", "max_idle_duration은 1s 이상이어야 합니다")
    full = (options.text("prefix") or "promtail_custom_") + name
    if _NAME.fullmatch(full) is None:
        raise options.wrong(f"{full[:80]} is no metric name", f"메트릭 이름이 아닙니다: {full[:80]}")
    source = options.text("source") or name
    config = Options(StageSpec(options.spec.kind, options.take("config"), options.spec.place))
    action = config.text("action").lower()
    if action not in _ACTIONS[kind]:
        listed = ", ".join(each for each in _ACTIONS[kind] if each) or "none"
        raise config.wrong(f"action of a {kind} must be one of {listed}", f"action은 {listed} 가운데 하나여야 합니다")
    wanted = config.text("value") if config.has("value") else None
    config.take("value")
    match_all, count_bytes = config.flag("match_all"), config.flag("count_entry_bytes")
    if count_bytes and not (match_all and action == "add"):
        raise config.wrong(
            "`count_entry_bytes: true` can only be set with `match_all: true` and action add",
            "count_entry_bytes는 match_all: true, action: add와 함께 써야 합니다",
        )
    buckets = _buckets(config) if kind == "histogram" else ()
    config.take("buckets")
    meter = Meter(full, kind, options.text("description"), idle_ns / NS, buckets)
    config.close()
    options.close()

    def count(entry: Entry) -> None:
        if match_all and kind == "counter":
            amount = float(len(entry.line.encode("utf-8", "replace"))) if count_bytes else 1.0
            context.meters.change(meter, entry.labels, action if count_bytes else "inc", amount)
            return
        if source not in entry.extracted:
            return
        found = entry.extracted[source]
        if wanted is not None and text_of(found) != wanted:
            return
        if action in ("inc", "dec"):
            context.meters.change(meter, entry.labels, action, 1.0)
            return
        value = _number(found)
        if value is not None and not (kind == "counter" and value < 0):
            context.meters.change(meter, entry.labels, action or "observe", value)

    return count


def _buckets(config: Options) -> tuple[float, ...]:
    given = config.take("buckets")
    if given is None:
        return _DEFAULT_BUCKETS
    if not isinstance(given, list) or not all(
        isinstance(each, (int, float)) and not isinstance(each, bool) and math.isfinite(each) for each in given
    ):
        raise config.wrong("`buckets` takes a list of numbers", "`buckets`: 숫자 목록을 적어 주세요")
    return tuple(sorted({float(each) for each in given}))


def _number(value: Any) -> float | None:
    if isinstance(value, (bool, int, float)):
        return float(value)
    if not isinstance(value, str):
        return None
    for read in (parse_float, lambda text: parse_duration_ns(text) / NS):
        try:
            return read(value)
        except ValueError:
            continue
    return None
