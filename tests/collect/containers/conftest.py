"""Machines with containers: `tests/data/containers/<name>.tree`, archives in the form of tests/data/host."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hannun.collect.host import Roots

DATA = Path(__file__).parents[2] / "data" / "containers"


@pytest.fixture
def host(tmp_path: Path) -> Callable[[str], Roots]:
    """`host("docker-v2")` -> the roots of that machine, unpacked for this test alone."""

    def get(name: str) -> Roots:
        for part in (DATA / f"{name}.tree").read_text(encoding="utf-8").split("==> ")[1:]:
            head, _, content = part.partition("\n")
            path, arrow, target = head.partition(" -> ")
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if arrow:
                os.symlink(target, place)
            else:
                place.write_text(content, encoding="utf-8")
        for folder, _, _ in os.walk(tmp_path / "sys"):
            os.utime(folder, (1_700_000_100, 1_700_000_100))
        return Roots.below(str(tmp_path))

    return get
