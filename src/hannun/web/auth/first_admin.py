"""The first user of a server that is started by a script: `HANNUN_ADMIN_PASSWORD`, or Grafana's variable."""

from __future__ import annotations

import logging

from hannun.model.access import Role, User
from hannun.model.ports import Users
from hannun.model.secret import PASSWORD_LENGTH_MIN, hash_password

_log = logging.getLogger("hannun.auth")
NAME = "admin"


def make_first_admin(users: Users, password: str | None) -> User | None:
    """User `admin` when there is no user yet and a password is given. Raises ConfigError over 1 KiB.

    A short password is taken with a warning: files that were written for Grafana must work, and refusing would leave
    the server open or down.
    """
    if not password or users.all():
        return None
    made = users.add(NAME, hash_password(password, length_min=1), Role.ADMIN)
    if len(password) < PASSWORD_LENGTH_MIN:
        _log.warning("the admin password has %d characters; take at least %d", len(password), PASSWORD_LENGTH_MIN)
    return made
