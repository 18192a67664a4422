"""Parameters that the lists of what was kept have in common."""

from __future__ import annotations

from hannun.api.form import Form
from hannun.api.hannun.errors.backend import numbers
from hannun.api.hannun.times import count, window
from hannun.model.replay import Found

DAY_MS = 86_400_000
PROJECT_MAX = 2**32 - 1


def projects_of(form: Form) -> tuple[int, ...]:
    """Of the parameter `project`; one that cannot exist is kept as one that does not. Raises WireError."""
    return tuple(min(project, PROJECT_MAX) for project in numbers(form, "project"))


def found_of(form: Form, now_ms: int, limit: int, limit_max: int) -> Found:
    """The question of a list: the last day when no time is said. Raises WireError."""
    start_ms, end_ms = window(form, now_ms, DAY_MS)
    return Found(start_ms, end_ms + 1, projects_of(form), count(form, "limit", limit, limit_max))
