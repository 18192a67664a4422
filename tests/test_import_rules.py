"""Signals flow one way: which room may import which. The tree is the map, and this test keeps it true."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "hannun"

ALL = {"wire", "process", "config", "store", "query", "alert", "api", "web", "receive", "collect", "observe"}
MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    # A language of its own, used by log pipelines, LogQL and notifications alike.
    "gotemplate": set(),
    "content": set(),
    "wire": set(),
    "process": {"gotemplate"},
    "config": {"observe"},
    "store": {"observe"},
    "query": {"observe", "gotemplate"},
    "observe": set(),
    "receive": {"wire", "process", "config", "observe"},
    "collect": {"wire", "process", "config", "observe"},
    "alert": {"query", "process", "config", "observe", "gotemplate"},
    "api": {"query", "alert", "wire", "observe"},
    "web": {"api", "receive", "observe"},
    "testing": ALL | {"app"},
    # The door: `serve` starts the app, offline commands open the config and the meta store, `import` reads files,
    # `check` asks who judges expressions and relabeled targets, `agent` is the tailing without a server.
    "cli": {"app", "tailing", "config", "store", "wire", "query", "process", "observe"},
    "compile": {"query", "store", "wire", "process"},
    "app": ALL | {"cli", "sources", "pulling", "logs", "errors", "tailing", "standing"},
    # Parts of app.py's wiring, named for what they gather.
    "sources": ALL | {"app"},
    "pulling": ALL,
    "logs": ALL | {"standing"},
    "errors": ALL | {"logs", "kept", "standing"},
    "kept": ALL | {"standing"},
    "tailing": ALL | {"standing"},
    "standing": set(),
}
DOOR = {"__init__", "__main__"}


def rooms_imported_by(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports from the root, `from hannun.model…`"
            names = [node.module or ""]
            if node.module == "hannun":
                names = [f"hannun.{alias.name}" for alias in node.names if alias.name != "__version__"]
        for name in names:
            parts = name.split(".")
            if parts[0] == "hannun" and len(parts) > 1:
                yield parts[1]


def room_of(file: Path) -> str:
    first = file.relative_to(SRC).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("file", sorted(SRC.rglob("*.py")), ids=lambda file: str(file.relative_to(SRC)))
def test_imports_flow_downstream(file: Path) -> None:
    room = room_of(file)
    if room in DOOR:
        return
    assert room in MAY_IMPORT, f"{file}: {room}/ is not a room of the house"
    for used in rooms_imported_by(file):
        if used not in {room, "model"}:
            assert used in MAY_IMPORT[room], f"{file}: {room}/ may not import {used}/; pass the value in from app.py"


def test_model_wire_and_process_do_no_io() -> None:
    forbidden = {
        "socket",
        "sqlite3",
        "sqlalchemy",
        "httpx",
        "chdb",
        "asyncio",
        "subprocess",
        "logging",
        "prometheus_client",
    }
    for room in ("model", "wire", "process"):
        for file in (SRC / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    used = {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    used = {(node.module or "").split(".")[0]}
                else:
                    continue
                assert not used & forbidden, f"{file} imports {used & forbidden}: this room is pure"
