"""The one search that says where to look finds every place that looking everywhere would change."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from hannun.model.project import ProjectOptions
from hannun.process.events.facts import EventFacts
from hannun.process.events.normalise import normalise
from hannun.process.scrubbing import scrub, scrubbed
from hannun.testing import sentry_events

FACTS = EventFacts(project=1, received_ms=sentry_events.START_MS, client_ip="198.51.100.9")
OPTIONS = [
    ProjectOptions(),
    ProjectOptions(scrub_ips=True, sensitive_fields=("내 칸", 'quo"te', "a.b", "x\\y")),
    ProjectOptions(scrub_defaults=False, scrub_ips=True),
]
SECRETS = [
    "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "카드 4242424242424242.", "GB82WEST12345698765432",
    "078-05-1120", "900101-1234568", "9001011234568", "bearer abc", "BEARER\tabc", "Bearer  x", "postgres://app:pw@db/x",
    "//:pw@host", "https://x/?TOKEN=1", "https://x/#secret=1", "my PassWord", "token:", "tokens=1", "비밀번호는 1234",
    "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", "203.0.113.7", "[2001:db8::1]", "::1", "fe80::1",
    '내 칸', 'quo"te', "a.b", "x\\y", "otp", "two-factor", "API_KEY", "nothing to hide", "한눈에 보는 모니터링",
]  # fmt: skip
NAMES = [
    "password",
    "Set-Cookie",
    "token_x",
    "otp",
    "pwd",
    "cvc",
    "ssn",
    "내 칸",
    'quo"te',
    "a.b",
    "x\\y",
    "csrf_x",
    "plain",
]


def seeded(dice: random.Random, value: Any) -> Any:
    """A real event with secrets put into its texts and under its names."""
    if isinstance(value, str) and dice.random() < 0.06:
        return dice.choice(SECRETS) if dice.random() < 0.5 else f"{value} {dice.choice(SECRETS)}"
    if isinstance(value, dict):
        grown = {key: seeded(dice, item) for key, item in value.items()}
        if dice.random() < 0.1:
            grown[dice.choice(NAMES)] = dice.choice(["x", 7, {"a": "b"}, [1], dice.choice(SECRETS)])
        return grown
    return [seeded(dice, item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("options", OPTIONS, ids=["defaults", "all", "addresses"])
@pytest.mark.parametrize("name", sentry_events.ALL)
def test_where_the_search_does_not_look_nothing_is_hidden(
    name: str, options: ProjectOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(name)
    raw = [seeded(dice, sentry_events.ALL[name](number)) for number in range(15)]
    events = [normalise(one, FACTS) for one in raw]
    found = [orjson.dumps(scrubbed(event, options)) for event in events]
    monkeypatch.setattr(scrub, "_hot", lambda units, fields: iter(units))
    everywhere = [orjson.dumps(scrubbed(event, options)) for event in events]
    assert found == everywhere
    if options.scrub_defaults:
        assert any(after != orjson.dumps(event) for after, event in zip(found, events, strict=True))
