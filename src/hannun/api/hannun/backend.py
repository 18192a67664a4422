"""What every group of the own API needs. Errors are raised as they are: `web/` says them in the caller's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.hannun.sources import Sources
from hannun.api.limits import ApiLimits
from hannun.model.budget import Budget
from hannun.model.ports import MetricReader
from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock
from hannun.query.promql import PromEngine
from hannun.query.runner import QueryRunner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backend:
    engine: PromEngine
    reader: MetricReader
    runner: QueryRunner
    sources: Sources
    limits: ApiLimits = field(default_factory=ApiLimits)
    clock: Clock = field(default_factory=SystemClock)

    async def run(self, request: Request, work: Callable[[Budget], T], *, timeout_s: float | None = None) -> T:
        """`work` in the pool, under a budget of its own."""
        budget = self.runner.budget(timeout_s)
        return await self.runner.run(request.is_disconnected, lambda: work(budget), budget)

    async def answer(self, request: Request, work: Callable[[Budget], Any]) -> Response:
        """The value of `work` as JSON, written and compressed in the pool."""
        gzip = accepts_gzip(request)
        return respond(await self.run(request, lambda budget: pack((dumps(work(budget)),), gzip=gzip)), headers=FRESH)


FRESH = {"cache-control": "no-store"}
"""Answers about now are never kept by a browser or a proxy."""


def dumps(value: object) -> bytes:
    """JSON; a `Text` becomes its two languages. Text that has no UTF-8 is replaced."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        return orjson.dumps(_sendable(value), default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)


def words(text: Text) -> dict[str, str]:
    return {"ko": text.ko, "en": text.en}


def _plain(value: object) -> object:
    if isinstance(value, Text):
        return words(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _sendable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_sendable(key): _sendable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_sendable(inner) for inner in value]
    return value
