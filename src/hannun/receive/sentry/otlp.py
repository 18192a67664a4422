"""/api/{project}/integration/otlp/v1/logs: OpenTelemetry's exporters with a DSN key instead of a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Principal
from hannun.model.errors import HannunError
from hannun.receive.sentry import answers
from hannun.receive.sentry.intake import SentryIntake, project_of
from hannun.wire.sentry import auth
from hannun.wire.sentry.auth import NoKey

Handler = Callable[[Request], Awaitable[Response]]


class OtlpReceiver:
    """`logs` is the handler that takes them from everybody else."""

    def __init__(self, intake: SentryIntake, logs: Handler) -> None:
        self._intake = intake
        self._logs = logs

    async def post(self, request: Request) -> Response:
        headers = request.headers
        try:
            project = project_of(request)
            shown = auth.read(headers.get("x-sentry-auth"), headers.get("authorization"), request.query_params)
            if shown is None:
                raise NoKey("missing authorization information")
            key = await self._intake.key(shown, project, request)
        except HannunError as err:
            self._intake.count(err, None)
            return answers.refuse(err)
        # Outcomes are counted under the DSN key, as those of a token are under its name.
        request.scope.setdefault("state", {})["principal"] = Principal(None, True, None, "dsn", key.key)
        answer = await self._logs(request)
        answer.headers.update(answers.CORS)
        return answer
