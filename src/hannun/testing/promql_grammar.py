"""Random PromQL out of what Prometheus 2.42 and 3.x both know, by seed. What differs between them is left out.

Every production yields text whose answer may not depend on the order in which series are met, and nothing in which the
two versions differ on purpose; each such omission stands in `LEFT_OUT` with its reason.
"""

from __future__ import annotations

import random

LEFT_OUT = {
    "topk, bottomk and limits of equal values": "which of equals stays is unspecified",
    "regular expressions with a line break": "the dot matches a line break only in 3.x",
    "holt_winters": "renamed to double_exponential_smoothing and put behind a flag in 3.x",
    "rate and increase of sparse counters near zero": "the zero cut comes before the threshold in 2.42 (before 3.6)",
    "first_over_time, mad_over_time, ts_of_*, info, limitk": "2.42 does not know them",
    "comparisons on the side that must be unique": "2.42 looks for duplicates after the filter, 3.x before",
    "names that two metrics would lose at once": "3.x drops them at the end of the query, 2.42 at each step",
    "stddev and stdvar of NaN and infinities": "2.42 leaves 0 or Inf where 3.x says NaN",
    "predict_linear with @": "2.42 moves the window that @ fixes along with the steps",
    "atan2 of a vector with a name": "2.42 forgot to drop the name",
    "dates of numbers beyond 64 bits and of NaN": "Go leaves open what such a number is as an integer",
    "count_values of computed numbers": "a last digit that rounds otherwise would be another label",
    "le and quantile labels as 1": "3.x writes 1.0",
}

GAUGES = ("temp", "load")
COUNTERS = ("requests_total", "errors_total")
BUCKETS = "latency_bucket"
LABELS = ("host", "job", "zone")
VALUES = {"host": "abc", "job": ("api", "web"), "zone": ("x", "y")}
WINDOWS = ("1m", "3m", "5m", "17m", "1h")
OVER_TIME = (
    "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time",
    "stddev_over_time", "stdvar_over_time", "present_over_time", "changes", "resets", "deriv", "delta", "idelta",
)  # fmt: skip
OF_COUNTERS = ("rate", "increase", "irate")
POINTWISE = (
    "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round", "sgn", "sin", "cos", "atan", "tanh", "deg",
    "rad", "timestamp",
)  # fmt: skip
DATES = ("minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year")
AGGREGATIONS = ("sum", "avg", "min", "max", "count", "group")
SPREADS = ("stddev", "stdvar")


class Grammar:
    """`expression()` is a new instant vector each time; the same seed, the same queries."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def expression(self, depth: int = 3) -> str:
        """An instant vector."""
        pick = self._rng.random()
        if depth == 0 or pick < 0.12:
            return self.selector()
        if pick < 0.34:
            return self._windowed(depth)
        if pick < 0.42:
            return f"{self._rng.choice(POINTWISE)}({self.expression(depth - 1)})"
        if pick < 0.46:
            return f"{self._rng.choice(DATES)}({self.selector()} * 1000)"
        if pick < 0.66:
            return self._aggregated(depth)
        if pick < 0.80:
            return self._with_number(depth)
        if pick < 0.90:
            return self._between(depth)
        return self._other(depth)

    def selector(self, name: str = "") -> str:
        name = name or self._rng.choice((*GAUGES, *COUNTERS))
        return name + self._matchers() + self._moved()

    def _matchers(self) -> str:
        if self._rng.random() < 0.5:
            return ""
        label = self._rng.choice(LABELS)
        value = self._rng.choice(VALUES[label])
        operator = self._rng.choice(("=", "!=", "=~", "!~"))
        if operator in ("=~", "!~"):
            value = self._rng.choice((value, f"{value}|nothing", f"{value[0]}.*", ".+", ""))
        return f'{{{label}{operator}"{value}"}}'

    def _moved(self) -> str:
        pick = self._rng.random()
        if pick < 0.08:
            return f" offset {self._rng.choice(('1m', '7m', '-2m'))}"
        if pick < 0.12:
            return f" @ {self._rng.choice(('start()', 'end()'))}"
        return ""

    def _range(self, name: str) -> str:
        return f"{name}{self._matchers()}[{self._rng.choice(WINDOWS)}]{self._moved()}"

    def _windowed(self, depth: int) -> str:
        pick = self._rng.random()
        if pick < 0.35:
            return f"{self._rng.choice(OF_COUNTERS)}({self._range(self._rng.choice(COUNTERS))})"
        if pick < 0.75:
            return f"{self._rng.choice(OVER_TIME)}({self._range(self._rng.choice((*GAUGES, *COUNTERS)))})"
        if pick < 0.85:
            return f"quantile_over_time({self._rng.choice((0, 0.25, 0.5, 0.9, 1))}, {self._range('temp')})"
        if pick < 0.9:
            return f"predict_linear(temp{self._matchers()}[5m], {self._rng.choice((60, 3600))})"
        inner = self.expression(max(depth - 2, 0))
        step = self._rng.choice(("", "40s", "1m", "77s"))
        return f"{self._rng.choice(OVER_TIME[:6])}(({inner})[{self._rng.choice(('5m', '13m'))}:{step}])"

    def _grouping(self) -> str:
        names = ", ".join(sorted(self._rng.sample(LABELS, self._rng.randint(0, 2))))
        return self._rng.choice((f" by ({names}) ", f" without ({names}) ", " "))

    def _aggregated(self, depth: int) -> str:
        inner = self.expression(depth - 1)
        pick = self._rng.random()
        if pick < 0.1:
            return f"{self._rng.choice(SPREADS)}{self._grouping()}({self.selector()})"
        if pick < 0.8:
            return f"{self._rng.choice(AGGREGATIONS)}{self._grouping()}({inner})"
        if pick < 0.9:
            return f"quantile{self._grouping()}({self._rng.choice((0.1, 0.5, 0.99))}, {inner})"
        return f'count_values{self._grouping()}("value", round({self.selector()}, 5))'

    def _with_number(self, depth: int) -> str:
        inner = self.expression(depth - 1)
        number = self._rng.choice(("2", "0.5", "-3", "0", "60", "1e3", "Inf", "time()", "scalar(sum(load))"))
        if self._rng.random() < 0.6:
            operator = self._rng.choice(("+", "-", "*", "/", "%", "^"))
        else:
            operator = self._rng.choice((">", "<", ">=", "<=", "!=", "== bool", "> bool", "<= bool"))
        return f"({inner}) {operator} {number}" if self._rng.random() < 0.7 else f"{number} {operator} ({inner})"

    def _between(self, depth: int) -> str:
        operator = self._rng.choice(("+", "-", "*", "/", ">", "< bool", "!=", "and", "or", "unless"))
        pick = self._rng.random()
        if operator in ("and", "or", "unless"):
            on = self._rng.choice(("", " on (host, job, zone)", " on (job)", " ignoring (host)"))
            return f"{self._labelled(depth)} {operator}{on} {self._labelled(depth)}"
        if pick < 0.6:
            return f"{self._labelled(depth)} {operator} on (host, job, zone) {self._labelled(depth)}"
        many = self._labelled(depth)
        if pick < 0.8:
            one = f"{self._rng.choice(('sum', 'max', 'avg'))} by (job) ({self.selector()})"
            return f"{many} {operator} on (job) group_left () {one}"
        return f"host_info {operator} on (host) group_right (os) {many}"

    def _labelled(self, depth: int) -> str:
        """A vector with all labels, each set of them once."""
        pick = self._rng.random()
        if pick < 0.5:
            return self.selector()
        if pick < 0.8:
            return f"{self._rng.choice(OF_COUNTERS)}({self._range(self._rng.choice(COUNTERS))})"
        return f"{self._rng.choice(('sum', 'max'))} by (host, job, zone) ({self.expression(max(depth - 2, 0))})"

    def _other(self, depth: int) -> str:
        inner = self.expression(depth - 1)
        pick = self._rng.random()
        if pick < 0.2:
            quantile = self._rng.choice((0.1, 0.5, 0.9, 0.999, 1.5))
            return (
                f"histogram_quantile({quantile}, sum by (le{self._rng.choice(('', ', host'))}) (rate({BUCKETS}[5m])))"
            )
        if pick < 0.3:
            return f"absent({self.selector(self._rng.choice(('temp', 'nothing')))})"
        if pick < 0.4:
            return f"absent_over_time({self._range(self._rng.choice(('temp', 'nothing')))})"
        if pick < 0.55:
            return f'label_replace({inner}, "new", "$1-$1", "{self._rng.choice(LABELS)}", "(.)(.*)")'
        if pick < 0.65:
            return f'label_join({inner}, "new", "/", "host", "job")'
        if pick < 0.8:
            return f"clamp({inner}, {self._rng.choice((-1, 0, 40))}, {self._rng.choice((1, 50))})"
        if pick < 0.9:
            return f"-({inner})"
        return f"vector(scalar({inner}))"
