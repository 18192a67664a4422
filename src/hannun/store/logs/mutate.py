"""Statements that change stored parts, given up for good when they fail.

The engine keeps a mutation that failed and tries it again for ever, in the background and at every start; whoever asked
has been told that it failed and will ask again.
"""

from __future__ import annotations

import logging

from hannun.model.errors import HannunError
from hannun.store.engine.port import Engine, Params

_log = logging.getLogger("hannun.store.logs")
_KILL = "KILL MUTATION WHERE database = currentDatabase() AND table = 'logs__local' AND NOT is_done"


def mutate(engine: Engine, sql: str, params: Params | None = None) -> None:
    """Returns when every part is changed; raises what the engine said."""
    try:
        engine.execute(sql, params)
    except HannunError:
        give_up(engine)
        raise


def give_up(engine: Engine) -> None:
    """Whatever is under way ends within moments; who waits for it is told that it failed."""
    try:
        engine.execute(_KILL)
    except HannunError as err:
        _log.warning("mutations of the log lines could not be given up: %s", err)
