"""Options of a project are refused before they are saved, in words of both languages."""

from __future__ import annotations

import pytest

from hannun.model.errors import ConfigError
from hannun.model.project import DEFAULTS, InboundFilters, ProjectOptions
from hannun.process.events.options import check


def test_the_defaults_and_what_is_well_written_pass() -> None:
    check(DEFAULTS)
    filters = InboundFilters(ip_addresses=("10.0.0.0/8", "::1"), legacy_browsers=("ie9",), releases=("shop@0.*",))
    check(ProjectOptions(filters=filters, pii_config='{"applications": {"$string": ["@ip"]}}'))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (ProjectOptions(filters=InboundFilters(ip_addresses=("home",))), "home"),
        (ProjectOptions(filters=InboundFilters(legacy_browsers=("netscape",))), "netscape"),
        (ProjectOptions(filters=InboundFilters(error_messages=("x",) * 501)), "error_messages"),
        (
            ProjectOptions(filters=InboundFilters(releases=tuple("*한?" * 60 + str(at) for at in range(500)))),
            "releases",
        ),
        (ProjectOptions(safe_fields=("x" * 1001,)), "safe_fields"),
        (ProjectOptions(pii_config="{"), "not JSON"),
        (ProjectOptions(fingerprint_rules="no arrow"), "1"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_cannot_be_used_is_named(options: ProjectOptions, word: str) -> None:
    with pytest.raises(ConfigError) as found:
        check(options)
    assert word in found.value.say("en")
    assert word in found.value.say("ko")
    assert found.value.say("en") != found.value.say("ko")
