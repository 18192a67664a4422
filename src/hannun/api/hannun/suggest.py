"""What one usually asks of a metric, by its type: counter -> rate, histogram -> quantiles and heatmap … Pure.

Expressions are whole: they hold literal ranges and can be run as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hannun.model.labels import METRIC_NAME
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.model.text import Text
from hannun.query.promql.printer import label_name, text_of
from hannun.query.promql.syntax import Selector

WINDOW = "5m"
SUGGESTIONS_MAX = 8
QUANTILES = (("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99"))
_SUFFIX = re.compile(r"_(bucket|sum|count|total|created|info)$")
# Labels that say the most about what happened, best first; what merely says where comes last.
_TELLING = ("code", "status", "status_code", "outcome", "result", "method", "handler", "route", "path", "mode", "state")
_WHERE = ("job", "instance")
_NEVER = ("le", "quantile", METRIC_NAME)
GROUPS_MAX = 20

RATE = Text(en="Per second, in all", ko="초당 합계")
RATE_BY = Text(en="Per second, by {label}", ko="{label}별 초당 값")
INCREASE = Text(en="How many in the last hour", ko="지난 1시간 동안의 증가량")
ERRORS = Text(en="Share of failures ({label} 5xx)", ko="실패 비율({label} 5xx)")
QUANTILE = Text(en="Quantiles: p50, p95, p99", ko="분위수: p50, p95, p99")
QUANTILE_BY = Text(en="p95 by {label}", ko="{label}별 p95")
HEATMAP = Text(en="Heatmap of the buckets", ko="구간별 히트맵")
AVERAGE = Text(en="Average", ko="평균")
CALLS = Text(en="Observations per second", ko="초당 관측 횟수")
SUMMARY = Text(en="Quantiles as the sender computed them", ko="보낸 쪽이 계산한 분위수")
VALUE = Text(en="The values themselves", ko="값 그대로")
AVG_BY = Text(en="Average by {label}", ko="{label}별 평균")
MAXIMUM = Text(en="Largest", ko="최댓값")
MINIMUM = Text(en="Smallest", ko="최솟값")
PACE = Text(en="How fast it changes, per second", ko="초당 변화량")
AGE = Text(en="How long ago, in seconds", ko="지난 시간(초)")
VARIANTS = Text(en="How many of each {label}", ko="{label}별 개수")
CHANGES = Text(en="How often it changed in the last hour", ko="지난 1시간 동안 바뀐 횟수")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`parts` names the lines of one graph, where it has several."""

    kind: str
    title: Text
    expr: str
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSeen:
    """A label of the metric and how many values it has."""

    name: str
    values: int


def family_of(name: str) -> str:
    """`x_bucket` -> `x`; the name under which type and help are told."""
    return _SUFFIX.sub("", name)


def kind_of(name: str, told: str) -> str:
    """The type to suggest by: what the sender told, else what the name says."""
    if name.endswith("_created"):
        return "gauge"  # when the counter or histogram of that name began
    if told != "unknown":
        return told
    if name.endswith("_bucket"):
        return "histogram"
    if name.endswith("_total"):
        return "counter"
    return "info" if name.endswith("_info") else "gauge"


def suggestions(name: str, told: str, unit: str, labels: Sequence[LabelSeen]) -> list[Suggestion]:
    """Best first, at most SUGGESTIONS_MAX. `told` is one of METRIC_TYPES."""
    label = telling(labels)
    made = _BY_KIND.get(kind_of(name, told), _gauge)(name, unit, label, labels)
    return made[:SUGGESTIONS_MAX]


def telling(labels: Sequence[LabelSeen]) -> str:
    """The label to break a metric down by: "" when none has two values and at most GROUPS_MAX."""
    fit = {one.name: one.values for one in labels if 2 <= one.values <= GROUPS_MAX and one.name not in _NEVER}
    known = [name for name in _TELLING if name in fit]
    others = sorted((name for name in fit if name not in _WHERE), key=lambda name: (-fit[name], name))
    return next(iter((*known, *others, *(name for name in reversed(_WHERE) if name in fit))), "")


def _counter(name: str, _unit: str, label: str, labels: Sequence[LabelSeen]) -> list[Suggestion]:
    rate = f"rate({selector(name)}[{WINDOW}])"
    made = [Suggestion("rate", RATE, f"sum({rate})")]
    if label:
        made.append(Suggestion("rate_by", RATE_BY.with_(label=label), f"sum by ({label_name(label)}) ({rate})"))
    status = next((one.name for one in labels if one.name in ("code", "status", "status_code")), "")
    if status:
        failed = selector(name, Matcher(status, MatchOp.REGEX, "5.."))
        made.append(Suggestion("errors", ERRORS.with_(label=status), f"sum(rate({failed}[{WINDOW}])) / sum({rate})"))
    made.append(Suggestion("increase", INCREASE, f"sum(increase({selector(name)}[1h]))"))
    return made


def _histogram(name: str, _unit: str, label: str, _labels: Sequence[LabelSeen]) -> list[Suggestion]:
    family = re.sub(r"_(bucket|sum|count)$", "", name)
    buckets = f"rate({selector(f'{family}_bucket')}[{WINDOW}])"
    count = f"sum(rate({selector(f'{family}_count')}[{WINDOW}]))"
    parts = tuple((told, f"histogram_quantile({quantile}, sum by (le) ({buckets}))") for told, quantile in QUANTILES)
    made = [
        Suggestion("quantiles", QUANTILE, parts[1][1], parts),
        Suggestion("heatmap", HEATMAP, f"sum by (le) (increase({selector(f'{family}_bucket')}[{WINDOW}]))"),
        Suggestion("average", AVERAGE, f"sum(rate({selector(f'{family}_sum')}[{WINDOW}])) / {count}"),
        Suggestion("rate", CALLS, count),
    ]
    if label:
        by = f"histogram_quantile(0.95, sum by (le, {label_name(label)}) ({buckets}))"
        made.append(Suggestion("quantile_by", QUANTILE_BY.with_(label=label), by))
    return made


def _summary(name: str, _unit: str, label: str, _labels: Sequence[LabelSeen]) -> list[Suggestion]:
    family = re.sub(r"_(sum|count)$", "", name)
    count = f"rate({selector(f'{family}_count')}[{WINDOW}])"
    made = [
        Suggestion("average", AVERAGE, f"sum(rate({selector(f'{family}_sum')}[{WINDOW}])) / sum({count})"),
        Suggestion("rate", CALLS, f"sum({count})"),
        Suggestion("quantiles", SUMMARY, f"max by (quantile) ({selector(family)})"),
    ]
    if label:
        made.append(Suggestion("rate_by", RATE_BY.with_(label=label), f"sum by ({label_name(label)}) ({count})"))
    return made


def _gauge(name: str, unit: str, label: str, _labels: Sequence[LabelSeen]) -> list[Suggestion]:
    plain = selector(name)
    if re.search(r"(_timestamp(_seconds)?|_time_seconds|_created)$", name) and unit in ("", "seconds"):
        return [
            Suggestion("age", AGE, f"time() - {plain}"),
            Suggestion("changes", CHANGES, f"changes({plain}[1h])"),
            Suggestion("value", VALUE, plain),
        ]
    made = [Suggestion("value", VALUE, plain), Suggestion("avg", AVERAGE, f"avg({plain})")]
    if label:
        made.append(Suggestion("avg_by", AVG_BY.with_(label=label), f"avg by ({label_name(label)}) ({plain})"))
    return [
        *made,
        Suggestion("max", MAXIMUM, f"max({plain})"),
        Suggestion("min", MINIMUM, f"min({plain})"),
        Suggestion("deriv", PACE, f"deriv({plain}[{WINDOW}])"),
    ]


def _info(name: str, _unit: str, label: str, labels: Sequence[LabelSeen]) -> list[Suggestion]:
    plain = selector(name)
    shown = label or next((one.name for one in labels if one.name not in (*_WHERE, *_NEVER)), "")
    made = [Suggestion("value", VALUE, plain)]
    if shown:
        counted = f"count by ({label_name(shown)}) ({plain})"
        made.insert(0, Suggestion("count_by", VARIANTS.with_(label=shown), counted))
    return [*made, Suggestion("changes", CHANGES, f"changes({plain}[1h])")]


_BY_KIND: dict[str, Callable[[str, str, str, Sequence[LabelSeen]], list[Suggestion]]] = {
    "counter": _counter,
    "histogram": _histogram,
    "gaugehistogram": _histogram,
    "summary": _summary,
    "info": _info,
    "stateset": _info,
}


def selector(name: str, *more: Matcher) -> str:
    """PromQL that selects `name`, in braces and quotes where its letters need them."""
    return text_of(Selector(name, (*more, equal(METRIC_NAME, name))))
