"""Crash dumps of native programs: said to be missing, in words that a crash reporter logs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from hannun.observe.outcomes import Outcome
from hannun.receive.sentry import answers
from hannun.receive.sentry.intake import SIGNAL, SentryIntake

MINIDUMP = "minidumps are not taken by this server: send the event with the SDK of the program's language"
UNREAL = "crash reports of the Unreal engine are not taken by this server"
TRACES = "traces are not taken at this path by this server"


class NotTaken:
    """501 with its reason, counted."""

    def __init__(self, intake: SentryIntake, words: str, reason: str) -> None:
        self._outcomes = intake.outcomes
        self._words, self._reason = words, reason

    async def post(self, request: Request) -> Response:
        self._outcomes.count(SIGNAL, Outcome.INVALID, reason=self._reason)
        return answers.detail(self._words, 501)
