"""Loki's words for what a range aggregation may not do."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.model.text import Text
from hannun.query.logql.stages.state import ERROR


def pipeline_error(labels: Mapping[str, str]) -> ExecutionError:
    """A line with `__error__` reached an aggregation."""
    kind = labels[ERROR]
    return ExecutionError(
        f"pipeline error: '{kind}' for series: '{Labels.of(labels)}'.\n"
        f'Use a label filter to intentionally skip this error. (e.g | __error__!="{kind}").\n'
        'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
        'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
    )


HELD_CHARACTERS_MAX = 128 << 20
"""Of all texts that one answer holds: a template makes 4 MB of a word, and a line may have 256 KiB of its own."""
_TOO_LONG = Text(
    en="the lines and labels of this answer have more than {most} characters; ask for fewer lines (limit) or a shorter "
    "time, or leave out what makes them so long",
    ko="이 답의 줄과 라벨을 합치면 {most}자를 넘습니다. limit나 기간을 줄이거나, 줄을 늘리는 단계를 빼 주세요",
)


def too_long() -> ExecutionError:
    return ExecutionError(_TOO_LONG.with_(most=f"{HELD_CHARACTERS_MAX:,}"))
