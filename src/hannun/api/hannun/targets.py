"""GET /api/hannun/v1/targets and /targets/relabel: what is scraped, why a target is down, and what relabeling did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form, read_form
from hannun.api.hannun.backend import Backend
from hannun.api.hannun.relabel_yaml import rule_yaml
from hannun.api.hannun.route import Parameter, Route
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import NotFound, WireError
from hannun.model.relabel import RelabelStep
from hannun.model.target import DroppedTarget, Pairs, Targets, TargetStatus
from hannun.model.text import Text

TARGETS_MAX, DROPPED_MAX = 10_000, 1_000
LABELS_MAX = 500
HEALTH = ("up", "down", "unknown")
_TROUBLE = {"down": 0, "unknown": 1, "up": 2}

BAD_HEALTH = Text(en='health "{said}" is none of {known}', ko='health "{said}": {known} 중 하나여야 합니다')
NO_POOL = Text(en='No scrape job is called "{pool}"', ko='"{pool}"(이)라는 스크레이프 작업이 없습니다')
BAD_LABELS = Text(
    en='discovered is not a JSON object of labels, such as {"__address__": "web-1:9100"}',
    ko='discovered에는 {"__address__": "web-1:9100"}처럼 라벨을 담은 JSON 객체를 주세요',
)


def routes(backend: Backend) -> list[Route]:
    sources = backend.sources

    async def listed(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        health, search = form.one("health"), form.one("search")[:1_000].lower()
        if health not in ("", *HEALTH):
            raise WireError(BAD_HEALTH.with_(said=health[:40], known=", ".join(HEALTH)))
        # Whoever scrapes lives on the event loop, so it is asked here; its frozen values may be read anywhere.
        found = Seen.of(sources.targets, form.one("pool"))
        reload_ok, reload_ms = sources.reload_status()
        file = sources.scrape_file()

        def work(_budget: Budget) -> dict[str, Any]:
            return {
                **found.as_json(health, search),
                "file": file,
                "reload": {"ok": reload_ok, "at_ms": reload_ms},
            }

        return await backend.answer(request, work)

    async def relabel(request: Request) -> Response:
        form = await read_form(request, backend.limits)
        pool, discovered = form.one("pool"), _discovered(form)
        if sources.targets is None or pool not in sources.targets.pools():
            raise NotFound(NO_POOL.with_(pool=pool[:200]))
        steps = sources.targets.relabel_steps(pool, discovered)

        def work(_budget: Budget) -> dict[str, Any]:
            return explained(pool, discovered, steps)

        return await backend.answer(request, work)

    return [
        Route(
            "GET",
            "/targets",
            listed,
            Access.VIEW,
            "Scrape jobs and their targets: health, the last error and what to do about it",
            (
                Parameter("pool", "string", "one job only"),
                Parameter("health", "string", "up, down or unknown"),
                Parameter("search", "string", "a piece of the URL, of a label or of the error"),
            ),
        ),
        Route(
            "GET",
            "/targets/relabel",
            relabel,
            Access.VIEW,
            "What each relabel rule of a job does to a discovered target",
            (
                Parameter("pool", "string", "the job"),
                Parameter("discovered", "string", "labels before relabeling, as a JSON object"),
            ),
        ),
    ]


class Seen:
    """The targets of one moment."""

    def __init__(
        self,
        pools: tuple[str, ...] = (),
        active: tuple[TargetStatus, ...] = (),
        dropped: tuple[DroppedTarget, ...] = (),
        dropped_counts: Mapping[str, int] | None = None,
    ) -> None:
        self.pools, self.active, self.dropped = pools, active, dropped
        self.dropped_counts = dropped_counts or {}

    @staticmethod
    def of(targets: Targets | None, pool: str) -> Seen:
        if targets is None:
            return Seen()
        pools = tuple(name for name in targets.pools() if pool in ("", name))
        counts = {name: count for name, count in targets.dropped_counts().items() if pool in ("", name)}
        return Seen(pools, tuple(targets.active(pool)), tuple(targets.dropped(pool)), counts)

    def as_json(self, health: str, search: str) -> dict[str, Any]:
        """Trouble first, so that what a bound leaves out is what is well."""
        chosen = [one for one in self.active if (not health or one.health == health) and _holds(one, search)]
        chosen.sort(key=lambda one: (_TROUBLE[one.health], one.pool, one.url, one.labels))
        members, shown = _by_pool(self.active), _by_pool(chosen[:TARGETS_MAX])
        dropped = _by_pool(self.dropped[:DROPPED_MAX])
        return {
            "pools": [
                _pool(name, members.get(name, []), shown.get(name, []), dropped.get(name, []), self.dropped_counts)
                for name in self.pools
            ],
            "totals": {
                "active": len(self.active),
                **_healths(self.active),
                "dropped": sum(self.dropped_counts.values()),
            },
            "truncated": len(chosen) > TARGETS_MAX or len(self.dropped) > DROPPED_MAX,
        }


Of = TypeVar("Of", TargetStatus, DroppedTarget)


def _by_pool(of: Iterable[Of]) -> dict[str, list[Of]]:
    found: dict[str, list[Of]] = {}
    for one in of:
        found.setdefault(one.pool, []).append(one)
    return found


def _pool(
    name: str,
    members: list[TargetStatus],
    shown: list[TargetStatus],
    dropped: list[DroppedTarget],
    dropped_counts: Mapping[str, int],
) -> dict[str, Any]:
    return {
        "name": name,
        "interval_s": members[0].interval_s if members else None,
        **_healths(members),
        "dropped": dropped_counts.get(name, len(dropped)),
        "targets": [_target(one) for one in shown],
        "dropped_targets": [{"discovered": dict(one.discovered)} for one in dropped],
    }


def _healths(of: Iterable[TargetStatus]) -> dict[str, int]:
    counted = dict.fromkeys(HEALTH, 0)
    for one in of:
        counted[one.health] += 1
    return counted


def _holds(of: TargetStatus, search: str) -> bool:
    if not search:
        return True
    said = (of.url, of.global_url, of.last_error, *(value for _, value in of.labels))
    return any(search in one.lower() for one in said)


def _target(of: TargetStatus) -> dict[str, Any]:
    return {
        "url": of.url,
        "global_url": of.global_url,
        "labels": dict(of.labels),
        "discovered": dict(of.discovered),
        "health": of.health,
        "last_error": of.last_error,
        "advice": of.advice,
        "stand_in": of.stand_in,
        "last_scrape_ms": of.last_scrape_ms or None,
        "duration_s": of.last_duration_s,
        "samples": of.samples,
        "series_added": of.series_added,
        "interval_s": of.interval_s,
        "timeout_s": of.timeout_s,
    }


def explained(pool: str, discovered: Pairs, steps: Iterable[RelabelStep]) -> dict[str, Any]:
    """The answer's value: each step with what it added, changed and removed."""
    told = [_step(step) for step in steps]
    last: dict[str, str] | None = told[-1]["after"] if told else dict(discovered)
    return {
        "pool": pool,
        "discovered": dict(discovered),
        "steps": told,
        "kept": last is not None,
        "labels": None if last is None else {name: value for name, value in last.items() if name[:2] != "__"},
    }


def _step(step: RelabelStep) -> dict[str, Any]:
    rule, before = step.rule, dict(step.before)
    after = None if step.after is None else dict(step.after)
    left = before if after is None else after
    return {
        "rule": {
            "action": rule.action,
            "source_labels": list(rule.source_labels),
            "separator": rule.separator,
            "regex": rule.regex,
            "target_label": rule.target_label,
            "replacement": rule.replacement,
            "modulus": rule.modulus,
        },
        "yaml": rule_yaml(rule),
        "before": before,
        "after": after,
        "added": {name: value for name, value in left.items() if name not in before},
        "changed": {
            name: [before[name], value] for name, value in left.items() if name in before and before[name] != value
        },
        "removed": [name for name in before if name not in left],
    }


def _discovered(form: Form) -> Pairs:
    """Labels from `discovered` (JSON) or from any number of `label=name=value`. Raises WireError."""
    said = form.one("discovered")
    labels: dict[str, str] = {}
    if said:
        try:
            read = orjson.loads(said)
        except (orjson.JSONDecodeError, RecursionError) as err:
            raise WireError(BAD_LABELS) from err
        if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
            raise WireError(BAD_LABELS)
        labels = read
    for pair in form.many("label"):
        name, _, value = pair.partition("=")
        labels[name] = value
    if len(labels) > LABELS_MAX or "" in labels:
        raise WireError(BAD_LABELS)
    return tuple(sorted(labels.items()))
