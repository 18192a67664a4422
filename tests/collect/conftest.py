"""Recorded machines: each `tests/data/host/<name>.tree` is one text archive of the files that a collector reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hannun.collect.host import Roots

DATA = Path(__file__).parent.parent / "data" / "host"


def unpack(archive: str, folder: Path) -> None:
    """`==> path` begins a file whose content follows, `==> path -> target` is a link."""
    for part in archive.split("==> ")[1:]:
        head, _, content = part.partition("\n")
        path, arrow, target = head.partition(" -> ")
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if arrow:
            os.symlink(target, place)
        else:
            place.write_text(content, encoding="utf-8")


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Roots]:
    """`machine("server")` -> the roots of that recorded machine, unpacked once."""
    unpacked: dict[str, Roots] = {}

    def get(name: str) -> Roots:
        if name not in unpacked:
            folder = tmp_path_factory.mktemp(name)
            unpack((DATA / f"{name}.tree").read_text(encoding="utf-8"), folder)
            unpacked[name] = Roots.below(str(folder))
        return unpacked[name]

    return get
