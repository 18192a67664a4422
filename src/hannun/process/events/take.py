"""The whole pure road of one event: normalise, filter, scrub, group, columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hannun.model.errors import ConfigError
from hannun.model.event import Event
from hannun.model.project import DEFAULTS, ProjectOptions
from hannun.process.events.columns import to_event
from hannun.process.events.facts import EventFacts
from hannun.process.events.normalise import normalise
from hannun.process.grouping import NO_RULES, GroupingRules, group
from hannun.process.inbound import filtered
from hannun.process.scrubbing import scrubbed


@dataclass(frozen=True, slots=True)
class Filtered:
    """The event was dropped by an inbound filter. `reason` is Sentry's word: `web-crawlers`, `localhost`, …"""

    reason: str


def take(raw: Mapping[str, Any], facts: EventFacts, options: ProjectOptions = DEFAULTS) -> Event | Filtered:
    """The event to store, or why it is not stored. Raises WireError when `raw` is no JSON object.

    Filters look at what came, before it is scrubbed; grouping at what is stored, so the same payload groups the same.
    """
    event = normalise(raw, facts)
    if reason := filtered(event, options.filters):
        return Filtered(reason)
    event = scrubbed(event, options)
    grouping = group(event, _rules(options.fingerprint_rules, options.stack_rules))
    return to_event(event, facts, grouping, service=options.service)


@lru_cache(maxsize=256)
def _rules(fingerprint: str, stack: str) -> GroupingRules:
    """The settings refuse rules that cannot be read; should there be such, events come in by the built-in ones."""
    try:
        return GroupingRules.parse(fingerprint, stack)
    except ConfigError:
        return NO_RULES
