"""/api/v1/targets, /targets/metadata, /targets/relabel_steps and /scrape_pools: what is scraped and how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import bad_data, bad_parameter, guarded, json, success
from hannun.api.prometheus.instants import rfc3339
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, NotFound
from hannun.model.http import Endpoint, Handler
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers, all_match
from hannun.model.relabel import RelabelRule, RelabelStep
from hannun.model.target import DroppedTarget, Pairs, TargetMetadata, TargetStatus
from hannun.model.time import format_duration_ms


def endpoints(backend: Backend) -> list[Endpoint]:
    around = backend.around

    async def answer(request: Request, value: Callable[[], Any]) -> Response:
        """Ports of scraping are asked on the event loop; what they gave becomes JSON in the pool."""

        def work(_budget: Budget) -> list[bytes]:
            return success(json(value()))

        return await backend.answer(request, work)

    async def targets(request: Request) -> Response:
        form = await backend.form(request)
        pool, state = form.one("scrapePool"), form.one("state").lower()
        active = around.targets.active(pool) if state in ("", "any", "active") else ()
        dropped: tuple[DroppedTarget, ...] = ()
        counts: dict[str, int] | None = None
        if state in ("", "any", "dropped"):
            dropped, counts = tuple(around.targets.dropped(pool)), dict(around.targets.dropped_counts())
        return await answer(
            request,
            lambda: {
                "activeTargets": [_active(one) for one in active],
                "droppedTargets": [
                    {"discoveredLabels": dict(one.discovered), "scrapePool": one.pool} for one in dropped
                ],
                "droppedTargetCounts": counts,
            },
        )

    async def metadata(request: Request) -> Response:
        form = await backend.form(request)
        limit = parameters.integer(form, "limit", -1, "limit must be a number")
        metric, wanted = form.one("metric"), form.one("match_target")
        found = around.targets.metadata(metric)
        return await answer(request, lambda: _metadata(found, _matchers(wanted), limit, named=metric == ""))

    async def relabel_steps(request: Request) -> Response:
        form = await backend.form(request)
        pool, said = form.one("scrapePool"), form.one("labels")
        if pool == "":
            raise bad_data("no scrapePool parameter provided")
        if said == "":
            raise bad_data("no labels parameter provided")
        discovered = _labels(said)
        try:
            steps = around.targets.relabel_steps(pool, discovered)
            rules = around.targets.relabel_rules(pool)
        except NotFound as err:
            raise bad_data(f"error getting scrape config: {err.say('en')}") from err
        return await answer(request, lambda: {"steps": _steps(rules, steps)})

    async def pools(request: Request) -> Response:
        names = list(around.targets.pools())
        return await answer(request, lambda: {"scrapePools": names})

    async def pool_config(request: Request) -> Response:
        pool = (await backend.form(request)).one("scrapePool")
        if pool == "":
            raise bad_data("no scrapePool parameter provided")
        whole = around.config_text()
        return await answer(request, lambda: {"yaml": _entry(whole, pool)})

    routes: tuple[tuple[str, Handler], ...] = (
        ("/api/v1/targets", targets),
        ("/api/v1/targets/metadata", metadata),
        ("/api/v1/targets/relabel_steps", relabel_steps),
        ("/api/v1/scrape_pools", pools),
        ("/api/v1/scrape_pools/config", pool_config),
    )
    return [Endpoint("GET", path, guarded(handler), Access.VIEW, prefix="/prometheus") for path, handler in routes]


def _active(of: TargetStatus) -> dict[str, Any]:
    return {
        "discoveredLabels": dict(of.discovered),
        "labels": dict(of.labels),
        "scrapePool": of.pool,
        "scrapeUrl": of.url,
        "globalUrl": of.global_url,
        "lastError": of.last_error,
        "lastScrape": rfc3339(of.last_scrape_ms),
        "lastScrapeDuration": of.last_duration_s,
        "health": of.health,
        "scrapeInterval": format_duration_ms(round(of.interval_s * 1000)),
        "scrapeTimeout": format_duration_ms(round(of.timeout_s * 1000)),
    }


def _matchers(said: str) -> Matchers:
    if said == "":
        return ()
    try:
        return parameters.metric_selector(said)
    except BadQuery as err:
        raise bad_parameter("match_target", str(err)) from err


def _metadata(found: Iterable[TargetMetadata], wanted: Matchers, limit: int, *, named: bool) -> list[dict[str, Any]]:
    """`limit` is looked at between targets, as Prometheus does: the last target comes whole."""
    rows: list[dict[str, Any]] = []
    last: Pairs | None = None
    skipped = False
    for one in found:
        if one.target != last:
            if 0 <= limit <= len(rows):
                break
            last, skipped = one.target, not all_match(wanted, Labels.from_pairs(one.target))
        if skipped:
            continue
        said = one.metadata
        rows.append(
            {
                "target": dict(one.target),
                **({"metric": said.metric} if named else {}),
                "type": said.type,
                "help": said.help,
                "unit": said.unit,
            }
        )
    return rows


def _labels(said: str) -> Pairs:
    try:
        read = orjson.loads(said)
        if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
            raise ValueError("not an object of strings")
    except ValueError as err:
        raise bad_data(f"error parsing labels: {err}") from err
    return tuple(sorted(read.items()))


def _steps(rules: Iterable[RelabelRule], steps: Iterable[RelabelStep]) -> list[dict[str, Any]]:
    """A step for every rule, also behind the one that dropped the target: there is nothing left for those."""
    done = list(steps)
    told = [_step(step.rule, step.after) for step in done]
    return told + [_step(rule, None) for rule in list(rules)[len(done) :]]


def _step(rule: RelabelRule, after: Pairs | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "sourceLabels": list(rule.source_labels),
        "separator": rule.separator,
        "regex": rule.regex,
        "modulus": rule.modulus,
        "targetLabel": rule.target_label,
        "replacement": rule.replacement,
        "action": rule.action,
    }
    return {
        "rule": {name: value for name, value in said.items() if value or name == "regex"},
        "output": dict(after or ()),
        "keep": after is not None,
    }


def _entry(config: str, pool: str) -> str:
    """The entry of scrape_configs whose job_name is `pool`, out of the whole file as it is in force."""
    import yaml  # only this rare question needs it

    try:
        jobs = (yaml.load(config, Loader=yaml.CSafeLoader) or {}).get("scrape_configs") or []
    except (yaml.YAMLError, AttributeError):
        jobs = []
    for job in jobs if isinstance(jobs, list) else ():
        if isinstance(job, dict) and job.get("job_name") == pool:
            return str(yaml.dump(job, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1_000))
    raise bad_data(f"error getting scrape config: scrape pool {pool!r} not found")
