"""The tables: numbered SQL files beside this one, so that a reader learns the schema without running Python.

`{engine}` is empty here and `Replicated` on a cluster; `{on_cluster}` is empty here. Each table has two names:
`name__local` is written, `name` is read (an alias on one machine, a Distributed table on a cluster).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from hannun.store.engine.port import Engine

PLACEHOLDERS = {"{engine}": "", "{on_cluster}": ""}


def apply(engine: Engine) -> None:
    """Run every statement in the order of the files. Each is `IF NOT EXISTS`, so running them again is harmless."""
    for statement in statements():
        engine.execute(statement)


def statements() -> Iterator[str]:
    for file in sorted(files(__package__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            yield from split(file.read_text(encoding="utf-8"))


def split(text: str) -> Iterator[str]:
    """Statements of one file: comment lines dropped, `;` at a line's end ends one, placeholders filled."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    for placeholder, value in PLACEHOLDERS.items():
        code = code.replace(placeholder, value)
    for statement in code.split(";\n"):
        if cleaned := statement.strip().removesuffix(";").strip():
            yield cleaned
