"""What an issue of a failed job looks like."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hannun.model.monitor import MonitorFailure
from hannun.model.project import InboundFilters, ProjectOptions
from hannun.process.monitors.event import event_of

ONE = MonitorFailure(1, "nightly", "production", "missed", 1_800_000_000_000, "ab" * 16, 2, 1_799_999_940_000)


def test_it_says_which_job_and_what() -> None:
    event = event_of(ONE)
    assert (event.kind, event.title, event.level) == ("monitor", "Cron failure: nightly", 3)
    assert event.identity.environment == "production"
    assert event.ts_ms == ONE.at_ms
    assert event.tags["monitor.slug"] == "nightly"
    assert json.loads(event.payload)["contexts"]["monitor"]["status"] == "missed"


def test_failures_of_one_job_in_one_environment_are_one_issue() -> None:
    again = replace(ONE, kind="timeout", check_in_id="cd" * 16, at_ms=ONE.at_ms + 60_000)
    elsewhere, other = replace(ONE, environment="staging"), replace(ONE, monitor="hourly")
    hashes = [event_of(one).grouping.hashes[0] for one in (ONE, again, elsewhere, other)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_the_same_failure_is_the_same_event() -> None:
    assert event_of(ONE).id == event_of(ONE).id != event_of(replace(ONE, kind="timeout")).id


def test_inbound_filters_do_not_hold_for_our_own_word() -> None:
    options = ProjectOptions(filters=InboundFilters(error_messages=("*",), releases=("*",)))
    assert event_of(replace(ONE, release="app@1"), options).identity.release == "app@1"


@pytest.mark.parametrize("text", ["결제", "\ud800", "<script>", "x" * 5_000, ""])
def test_names_may_be_anything(text: str) -> None:
    assert event_of(replace(ONE, monitor=text, environment=text, release=text)).payload
