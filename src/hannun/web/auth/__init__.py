"""Who may come in. Deciding is pure (policy, origin, proxy, credentials, throttle); `gate` asks the meta store."""

from hannun.model.http import Endpoint
from hannun.web.auth import accounts_api, session_api
from hannun.web.auth.first_admin import make_first_admin
from hannun.web.auth.gate import Gate
from hannun.web.auth.policy import may_start


def routes(gate: Gate) -> list[Endpoint]:
    """Session, login, logout, users and tokens under `/api/hannun/v1`."""
    return [*session_api.routes(gate), *accounts_api.routes(gate)]


__all__ = ["Gate", "make_first_admin", "may_start", "routes"]
