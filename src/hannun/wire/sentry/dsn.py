"""DSNs: `{scheme}://{public_key}[:{secret}]@{host}[:{port}][/{path-prefix}]/{project}`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hannun.model.errors import WireError
from hannun.wire.sentry.ids import project_number

DSN_LENGTH_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Dsn:
    """The secret of old DSNs is read over, and so is the host: whoever answers is the host."""

    key: str
    project: int


def parse(text: str) -> Dsn:
    """Raises WireError."""
    if len(text) > DSN_LENGTH_MAX:
        raise WireError("invalid dsn: too long")
    try:
        parts = urlsplit(text.strip())
        key, host = parts.username or "", parts.hostname or ""
    except ValueError as err:
        raise WireError("invalid dsn") from err
    project = project_number(parts.path.rstrip("/").rpartition("/")[2])
    if parts.scheme not in ("http", "https") or not key or not host or not project:
        raise WireError("invalid dsn")
    return Dsn(key, project)
