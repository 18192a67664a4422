"""The key with which this command line reads from a server over the same data folder.

Whoever may read the folder (mode 700) could read all data anyway, so the first command that a server turns away makes
itself a token in the accounts and keeps it beside them, mode 600. It may look, not change: a copy that leaks with a
backup is worth little. `hannun token revoke` ends it like any other.
"""

from __future__ import annotations

import os
from pathlib import Path

from hannun.cli.terminal import Terminal
from hannun.cli.user import note
from hannun.cli.where import meta_path, meta_store
from hannun.config.settings import Settings
from hannun.model.text import Text

FILE = "cli-token"
NAME = "hannun command line"
BYTES_MAX = 256

_OPEN_TO_OTHERS = Text(
    en="{path} can be read by others and is not used; `chmod 600` it",
    ko="{path}: 다른 사람도 읽을 수 있어 쓰지 않습니다. `chmod 600`으로 막아 주세요",
)


def read(settings: Settings, terminal: Terminal) -> str | None:
    """The token kept in the data folder, if there is one that only its owner can read."""
    path = settings.data_dir / FILE
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                terminal.warn(_OPEN_TO_OTHERS.with_(path=path))
                return None
            return file.read(BYTES_MAX).decode("ascii", "replace").strip() or None
    except OSError:
        return None


def renew(settings: Settings) -> str | None:
    """A new token, kept in place of an earlier one; None where this user cannot reach the accounts."""
    from hannun.model.account import TokenRole
    from hannun.model.errors import HannunError
    from hannun.model.secret import fingerprint, new_token

    if settings.meta_url is None and not meta_path(settings.data_dir).exists():
        return None
    made = new_token()
    try:
        with meta_store(settings, create=False) as meta:
            for old in [each for each in meta.tokens.all() if each.name == NAME]:
                meta.tokens.revoke(old.id)
            meta.tokens.add(NAME, TokenRole.VIEWER, fingerprint(made))
            note(meta, "token.add", NAME, TokenRole.VIEWER.value)
        _keep(settings.data_dir / FILE, made)
    except (HannunError, OSError):
        # Another user's folder, a read-only mount: the server's own "not allowed" is the better message.
        return None
    return made


def _keep(path: Path, made: str) -> None:
    draft = path.with_name(f"{FILE}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{made}\n")
    draft.replace(path)
