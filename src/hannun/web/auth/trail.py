"""Who changed what: an audit row and a log line for each change of accounts."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import Request

from hannun.model.access import Principal
from hannun.model.account import AuditRow
from hannun.model.errors import HannunError
from hannun.model.http import address_of, principal_of
from hannun.web.auth.gate import Gate

_log = logging.getLogger("hannun.audit")


async def note(gate: Gate, request: Request, action: str, subject: str, detail: str = "", *, actor: str = "") -> None:
    """The change has happened already, so a row that cannot be written is logged and does not undo it."""
    principal = principal_of(request)
    row = AuditRow(
        at_ms=gate.clock.now_ms(),
        actor=actor or actor_of(principal),
        how=principal.how,
        address=address_of(request),
        action=action,
        subject=subject,
        detail=detail,
    )
    # `!r` so that a name cannot forge a second log line.
    _log.info("%s %r by %r (%s) from %s %s", action, subject, row.actor, row.how, row.address, detail)
    try:
        await asyncio.to_thread(gate.meta.audit.write, row)
    except HannunError as err:
        _log.error("cannot write the audit row of %s %r: %s", action, subject, err)


def actor_of(principal: Principal) -> str:
    return principal.user.name if principal.user else principal.token_name
