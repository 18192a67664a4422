"""`${NAME}` in Promtail's file, as its flag -config.expand-env fills it.

`${1}` stays, because relabel rules and pipelines are full of it, and nobody has a variable of that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-=])([^}\n]*))?\}")


def expanded(text: str, env: Mapping[str, str]) -> tuple[str, list[tuple[str, int]]]:
    """The text, and the names that were not set, each with its line. `$${` is a dollar and a brace."""
    missing: list[tuple[str, int]] = []

    def value(found: re.Match[str]) -> str:
        name, sign, otherwise = found.groups()
        if name is None:
            return "${"
        given = env.get(name)
        if given is not None and (given or not (sign or "").startswith(":")):
            return given
        if otherwise is None:
            missing.append((name, text.count("\n", 0, found.start()) + 1))
        return otherwise or ""

    return _VARIABLE.sub(value, text), missing
