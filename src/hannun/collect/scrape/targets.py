"""Discovered groups -> the targets of a job, as Prometheus 3.x makes them. Pure.

Labels that a target may carry beside its own: `__scheme__`, `__metrics_path__`, `__param_*`, `__scrape_interval__` and
`__scrape_timeout__` are set where they are missing, so that relabeling can read and change them. So are the three
booleans of 3.x about native histograms, where the job asks for any of them: the targets of all other jobs show what
they always showed. No port is added to an address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from hannun.collect.http_client.answer import FetchError
from hannun.collect.http_client.url import Url
from hannun.collect.scrape.limits import TARGETS_MAX
from hannun.config.prometheus.model import ScrapeConfig
from hannun.model.target import DroppedTarget, Pairs, TargetGroup
from hannun.model.time import format_duration_ms, parse_duration_ms
from hannun.process.relabel import Relabeler
from hannun.wire.exposition_text import HistogramReading

ADDRESS, SCHEME, PATH = "__address__", "__scheme__", "__metrics_path__"
INTERVAL, TIMEOUT, PARAM = "__scrape_interval__", "__scrape_timeout__", "__param_"
NATIVE, KEEP_CLASSIC = "__scrape_native_histograms__", "__always_scrape_classic_histograms__"
CONVERT_CLASSIC = "__convert_classic_histograms_to_nhcb__"
DROPPED_MAX = 1_000
"""Kept for the page of a job without keep_dropped_targets; all are counted."""


class BadTarget(Exception):
    """Labels that make no target; the words are Prometheus's."""


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """`labels` are what its series get, sorted. `host` is lower case, "" when the address is none."""

    pool: str
    url: str
    host: str
    port: int
    path: str
    params: Mapping[str, tuple[str, ...]]
    labels: Pairs
    discovered: Pairs
    interval_ms: int
    timeout_ms: int
    histograms: HistogramReading = HistogramReading()

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same target over a new list: what it was discovered with does not."""
        return (self.url, self.labels, self.interval_ms, self.timeout_ms, self.histograms)

    @property
    def name(self) -> str:
        """For logs: its `instance`."""
        return dict(self.labels).get("instance", self.url)


@dataclass(frozen=True, slots=True)
class Built:
    """`dropped` holds at most `keep_dropped_targets`, `dropped_count` tells all, as `found` does for the active ones.

    `errors` are the first few label sets that make no target.
    """

    active: tuple[ScrapeTarget, ...]
    dropped: tuple[DroppedTarget, ...]
    dropped_count: int
    errors: tuple[str, ...]
    found: int


def build(config: ScrapeConfig, groups: Iterable[TargetGroup], relabeler: Relabeler | None = None) -> Built:
    """Label sets that end up equal are one target. `active` is cut at our bound of targets."""
    relabel = relabeler or Relabeler(config.relabel)
    keep = config.limits.keep_dropped_targets or DROPPED_MAX
    bound = max(config.limits.targets, TARGETS_MAX)
    active: dict[tuple[object, ...], ScrapeTarget] = {}
    dropped: list[DroppedTarget] = []
    errors: list[str] = []
    dropped_count = found = 0
    for group in groups:
        for own in group.targets:
            discovered = discovered_labels(config, group, own)
            try:
                target = make_target(config, discovered, relabel)
            except BadTarget as err:
                if len(errors) < 10:
                    errors.append(f"{own.get(ADDRESS, '')[:100]}: {err}")
                continue
            if target is None:
                dropped_count += 1
                if len(dropped) < keep:
                    dropped.append(DroppedTarget(config.job_name, _pairs(discovered)))
                continue
            if target.key not in active:
                found += 1
                if len(active) < bound:
                    active[target.key] = target
    return Built(tuple(active.values()), tuple(dropped), dropped_count, tuple(errors), found)


def discovered_labels(config: ScrapeConfig, group: TargetGroup, own: Mapping[str, str]) -> dict[str, str]:
    """Step 1: the target's labels, then the group's, then the job's, each where still missing."""
    labels = {**group.labels, **own}
    defaults = {
        "job": config.job_name,
        INTERVAL: format_duration_ms(config.interval_ms),
        TIMEOUT: format_duration_ms(config.timeout_ms),
        PATH: config.metrics_path,
        SCHEME: config.scheme,
        **{f"{PARAM}{name}": values[0] for name, values in config.params.items() if values},
    }
    native = _histograms_of(config)
    if any(native.values()):
        defaults |= {name: "true" if wanted else "false" for name, wanted in native.items()}
    for name, value in defaults.items():
        if not labels.get(name):
            labels[name] = value
    return {name: value for name, value in labels.items() if value}


def make_target(config: ScrapeConfig, discovered: Mapping[str, str], relabel: Relabeler) -> ScrapeTarget | None:
    """Steps 2 to 7; None when relabeling drops it. Raises BadTarget."""
    labels = relabel.apply(discovered)
    if not labels:
        return None
    address = labels.get(ADDRESS, "")
    if not address:
        raise BadTarget("no address")
    if "/" in address:
        raise BadTarget(f'"{address}" is not a valid hostname')
    interval_ms, timeout_ms = _times(labels)
    labels.setdefault("instance", address)
    params = _params(config, labels)
    path = labels.get(PATH, "")
    path = path if path.startswith("/") else f"/{path}"
    url = f"{labels.get(SCHEME, 'http')}://{address}{quote(path, safe='/$&+,:;=@-._~')}"
    if params:
        url += "?" + urlencode(sorted(params.items()), doseq=True)
    host, port = _place(url)
    return ScrapeTarget(
        config.job_name,
        url,
        host,
        port,
        path,
        params,
        _pairs({name: value for name, value in labels.items() if not name.startswith("__")}),
        _pairs(discovered),
        interval_ms,
        timeout_ms,
        HistogramReading(*(_truth(labels.get(name, ""), wanted) for name, wanted in _histograms_of(config).items())),
    )


def _histograms_of(config: ScrapeConfig) -> dict[str, bool]:
    """What the job asks for, in the order of HistogramReading."""
    return {
        NATIVE: config.scrape_native_histograms,
        KEEP_CLASSIC: config.always_scrape_classic_histograms,
        CONVERT_CLASSIC: config.convert_classic_histograms_to_nhcb,
    }


def _truth(label: str, default: bool) -> bool:
    """A label that relabeling left as it must not be means what the job means."""
    return {"true": True, "false": False}.get(label, default)


def offset_ms(target: ScrapeTarget, seed: str, interval_ms: int) -> int:
    """Where in the interval it is scraped: the same after every start, spread over the targets."""
    text = "\xff".join([seed, target.url, *(f"{name}\xff{value}" for name, value in target.labels)])
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % interval_ms


def global_url(url: str, hostname: str) -> str:
    """`url` as others reach it: this machine's name in the place of its loopback."""
    for loopback in ("localhost", "127.0.0.1", "[::1]"):
        head = f"://{loopback}"
        before, found, behind = url.partition(head)
        if found and (not behind or behind[0] in ":/?"):
            return f"{before}://{hostname}{behind}"
    return url


def _times(labels: Mapping[str, str]) -> tuple[int, int]:
    found = []
    for name, word in ((INTERVAL, "interval"), (TIMEOUT, "timeout")):
        try:
            value_ms = parse_duration_ms(labels.get(name, ""))
        except ValueError as err:
            raise BadTarget(f"error parsing scrape {word}: {err}") from err
        if value_ms <= 0:
            raise BadTarget(f"scrape {word} cannot be 0")
        found.append(value_ms)
    interval_ms, timeout_ms = found
    if timeout_ms > interval_ms:
        raise BadTarget(
            f'scrape timeout cannot be greater than scrape interval ("{labels[TIMEOUT]}" > "{labels[INTERVAL]}")'
        )
    return interval_ms, timeout_ms


def _params(config: ScrapeConfig, labels: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    params = {name: values for name, values in config.params.items() if values}
    for name, value in labels.items():
        if name.startswith(PARAM):
            key = name.removeprefix(PARAM)
            rest = params.get(key, ("",))
            params[key] = (value, *rest[1:]) if rest[0] else (value,)
    return params


def _place(url: str) -> tuple[str, int]:
    try:
        parsed = Url.parse(url)
    except FetchError:
        return "", 0  # The scrape itself tells what is wrong.
    return parsed.host.lower(), parsed.port


def _pairs(labels: Mapping[str, str]) -> Pairs:
    return tuple(sorted(labels.items()))
