"""How discovered things become label names and addresses, the same for every kind of discovery. Pure."""

from __future__ import annotations

import re

ADDRESS = "__address__"
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_]")


def sanitized(key: str) -> str:
    """A foreign key as part of a label name: whatever a classic label name cannot hold becomes `_`."""
    return _NOT_IN_A_NAME.sub("_", key)


def join_host_port(host: str, port: int | str) -> str:
    """`host:port`, IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
