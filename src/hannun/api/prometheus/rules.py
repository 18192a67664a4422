"""/api/v1/rules, /alerts and /alertmanagers: what the rule files say and how each rule does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form
from hannun.api.prometheus import parameters
from hannun.api.prometheus.backend import Backend
from hannun.api.prometheus.envelope import bad_parameter, guarded, json, success
from hannun.api.prometheus.instants import rfc3339
from hannun.api.prometheus.pretty import ordered
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery
from hannun.model.http import Endpoint, Handler
from hannun.model.matcher import Matchers
from hannun.model.rules import AlertingRuleStatus, AlertStatus, RuleGroupStatus, RuleStatus
from hannun.query.promql import prepare
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.numbers import go_float
from hannun.query.promql.printer import text_of


def endpoints(backend: Backend) -> list[Endpoint]:
    around = backend.around

    async def rules(request: Request) -> Response:
        form = await backend.form(request)
        groups = tuple(around.rules.groups())

        def work(_budget: Budget) -> list[bytes]:
            # Selectors are parsed here and not on the event loop: a URL holds a thousand of them.
            return success(json(listed(groups, Wanted.of(form))))

        return await backend.answer(request, work)

    async def alerts(request: Request) -> Response:
        groups = tuple(around.rules.groups())

        def work(_budget: Budget) -> list[bytes]:
            active = [
                _alert(alert)
                for group in groups
                for rule in group.rules
                if isinstance(rule, AlertingRuleStatus)
                for alert in rule.alerts
            ]
            return success(json({"alerts": active}))

        return await backend.answer(request, work)

    async def alertmanagers(request: Request) -> Response:
        known = around.rules.alertmanagers()

        def work(_budget: Budget) -> list[bytes]:
            return success(
                json(
                    {
                        "activeAlertmanagers": [{"url": url} for url in known.active],
                        "droppedAlertmanagers": [{"url": url} for url in known.dropped],
                    }
                )
            )

        return await backend.answer(request, work)

    routes: tuple[tuple[str, Handler], ...] = (
        ("/api/v1/rules", rules),
        ("/api/v1/alerts", alerts),
        ("/api/v1/alertmanagers", alertmanagers),
    )
    return [Endpoint("GET", path, guarded(handler), Access.VIEW, prefix="/prometheus") for path, handler in routes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rules are asked for; empty sets ask for all. `group_limit` 0: no pages."""

    kind: str = ""
    names: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    selectors: tuple[Matchers, ...] = ()
    exclude_alerts: bool = False
    group_limit: int = 0
    next_token: str = ""

    @staticmethod
    def of(form: Form) -> Wanted:
        """Raises ApiError in Prometheus's words."""
        kind = form.one("type").lower()
        if kind not in ("", "alert", "record"):
            raise bad_parameter("type", f"not supported value {go_quote(kind)}")
        return Wanted(
            kind,
            frozenset(form.many("rule_name[]")),
            frozenset(form.many("rule_group[]")),
            frozenset(form.many("file[]")),
            parameters.selectors(form),
            parameters.boolean(form, "exclude_alerts", "error converting exclude_alerts"),
            _group_limit(form),
            form.one("group_next_token"),
        )


def _group_limit(form: Form) -> int:
    said = form.one("group_limit")
    if said == "":
        if form.one("group_next_token"):
            words = "group_limit needs to be present in order to paginate over the groups"
            raise bad_parameter("group_next_token", words)
        return 0
    words = f"group_limit needs to be a valid number: strconv.ParseInt: parsing {go_quote(said)}: invalid syntax"
    limit = parameters.integer(form, "group_limit", 0, f'invalid parameter "group_limit": {words}')
    if limit <= 0:
        raise bad_parameter("group_limit", "group_limit needs to be greater than 0")
    return limit


def listed(groups: Sequence[RuleGroupStatus], wanted: Wanted) -> dict[str, Any]:
    """The answer's data. A group none of whose rules is asked for is left out."""
    found: list[dict[str, Any]] = []
    waiting = wanted.next_token
    for group in groups:
        if waiting and waiting != token_of(group):
            continue
        waiting = ""
        if (wanted.groups and group.name not in wanted.groups) or (wanted.files and group.file not in wanted.files):
            continue
        rules = [rule for rule in group.rules if _is_wanted(rule, wanted)]
        if not rules:
            continue
        if wanted.group_limit and len(found) == wanted.group_limit:
            return {"groups": found, "groupNextToken": token_of(group)}
        found.append(_group(group, rules, with_alerts=not wanted.exclude_alerts))
    if waiting:
        raise bad_parameter("group_next_token", f"invalid group_next_token '{waiting}'. were rule groups changed?")
    return {"groups": found}


def token_of(group: RuleGroupStatus) -> str:
    """Names a group between two pages; opaque to clients."""
    return hashlib.sha1(f"{group.file};{group.name}".encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _is_wanted(rule: RuleStatus, wanted: Wanted) -> bool:
    if wanted.kind and (wanted.kind == "alert") != isinstance(rule, AlertingRuleStatus):
        return False
    if wanted.names and rule.name not in wanted.names:
        return False
    return not wanted.selectors or any(_matches(rule, matchers) for matchers in wanted.selectors)


def _matches(rule: RuleStatus, matchers: Matchers) -> bool:
    """Over the rule's own labels. A templated value is known only once the rule fires, so it matches nothing."""
    labels = dict(rule.labels)
    return all(
        "{{" not in labels.get(matcher.name, "") and matcher.matches(labels.get(matcher.name, ""))
        for matcher in matchers
    )


def _group(group: RuleGroupStatus, rules: Sequence[RuleStatus], *, with_alerts: bool) -> dict[str, Any]:
    return {
        "name": group.name,
        "file": group.file,
        "rules": [_rule(rule, with_alerts=with_alerts) for rule in rules],
        "interval": group.interval_s,
        "limit": group.limit,
        "evaluationTime": group.evaluation_s,
        "lastEvaluation": rfc3339(group.last_evaluation_ms),
    }


def _rule(rule: RuleStatus, *, with_alerts: bool) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if isinstance(rule, AlertingRuleStatus):
        said = {
            "state": rule.state,
            "duration": rule.for_s,
            "keepFiringFor": rule.keep_firing_for_s,
            "annotations": dict(rule.annotations),
            "alerts": [_alert(alert) for alert in rule.alerts] if with_alerts else [],
        }
    return {
        **said,
        "name": rule.name,
        "query": printed(rule.query),
        "labels": dict(rule.labels),
        "health": rule.health,
        **({"lastError": rule.last_error} if rule.last_error else {}),
        "evaluationTime": rule.evaluation_s,
        "lastEvaluation": rfc3339(rule.last_evaluation_ms),
        "type": "alerting" if isinstance(rule, AlertingRuleStatus) else "recording",
    }


def _alert(alert: AlertStatus) -> dict[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "activeAt": rfc3339(alert.active_ms),
        **({"keepFiringSince": rfc3339(alert.keep_firing_since_ms)} if alert.keep_firing_since_ms else {}),
        "value": go_exponent(alert.value),
    }


@lru_cache(maxsize=4_096)
def printed(expr: str) -> str:
    """The expression as Prometheus prints it back; as it was written when it is no PromQL (a LogQL rule)."""
    try:
        return text_of(ordered(prepare(expr)))
    except BadQuery:
        return expr


def go_exponent(value: float) -> str:
    """Go's `e` form, which alerts use for every value: `1e+00`, `8.1234e+01`."""
    if value != value or value in (float("inf"), float("-inf")):
        return go_float(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1 if value else 0
    mantissa = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
