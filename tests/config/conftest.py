"""The users' own files, where the folder that holds them lies beside this checkout."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

SEEDS = Path(__file__).parent.parent.parent.parent / "shared" / "seeds"


@pytest.fixture(scope="session")
def seed_blocks() -> Callable[[str], list[str]]:
    """The YAML blocks of the users' guide in which a word stands."""

    def blocks(word: str) -> list[str]:
        found = sorted(SEEDS.glob("004*.txt"))
        if not found:
            pytest.skip("the users' files are not beside this checkout (../shared/seeds)")
        text = found[0].read_text(encoding="utf-8")
        return [block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if word in block]

    return blocks
