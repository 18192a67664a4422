"""What a person can do on every page, in both languages, on a desk and on a phone; a console error fails a walk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import pytest

from hannun.testing.server import Server

WALKS = Path(__file__).parent / "walks"


class Walker(Protocol):
    def check(self, walk: str, claim: str, *args: str) -> None: ...


def claims(*walks: str) -> list[object]:
    """One parameter per function that a walk exports."""
    found = re.compile(r"^export async function (\w+)", re.MULTILINE)
    return [
        pytest.param(walk, claim, id=f"{walk}: {claim.replace('_', ' ')}")
        for walk in walks
        for claim in found.findall((WALKS / f"{walk}.mjs").read_text("utf-8"))
    ]


# One worker owns the browser: two Chromiums on two cores measure each other.
pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize(("walk", "claim"), claims("pages", "frame", "scraping", "logs", "people", "cost"))
def test_the_page(walker: Walker, walk: str, claim: str) -> None:
    walker.check(walk, claim)


@pytest.mark.long
@pytest.mark.parametrize(("walk", "claim"), claims("graphs", "moments"))
def test_the_page_in_every_state(walker: Walker, walk: str, claim: str) -> None:
    walker.check(walk, claim)


# `errors` first: it needs a server that is open, and `real` makes the first user.
@pytest.mark.parametrize(("walk", "claim"), claims("errors", "real"))
def test_a_real_server(walker: Walker, hannun: Server, walk: str, claim: str) -> None:
    walker.check(walk, claim, hannun.url)
