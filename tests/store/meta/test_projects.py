from __future__ import annotations

import re
from pathlib import Path

from hannun.store.meta import MetaStore


def test_the_first_start_makes_project_one_with_one_key(meta: MetaStore) -> None:
    [project] = meta.projects.all()
    assert (project.id, project.slug, project.name, project.organisation) == (1, "default", "default", "hannun")
    [key] = project.keys
    assert re.fullmatch(r"[0-9a-f]{32}", key)


def test_later_starts_keep_the_key(meta: MetaStore, file: Path) -> None:
    before = meta.projects.all()
    again = MetaStore.open(file)
    assert again.projects.all() == before
    again.close()
