"""A real browser walks through the built page. The walks are JavaScript (`walks/*.mjs`): that is what drives a browser.

Each exported function of a walk is one claim. A file is walked once, in one Chromium, and every claim of it is a test
of its own here. Most walks look at the built page under the server's own CSP with answers from `ui/dev/mock.mjs`, which
can be calm, in trouble, empty, closed or down at will; `walks/real.mjs` looks at a real Hannun on this machine.
"""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hannun.testing.server import Server

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
STATIC = ROOT / "src" / "hannun" / "web" / "static"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WALK_TIMEOUT_S = 180


@dataclass(frozen=True, slots=True)
class Claim:
    ok: bool
    why: str


@pytest.fixture(scope="session")
def node() -> str:
    """The Node that also builds the page, and a page built from the sources as they are."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    builder = runpy.run_path(str(ROOT / "ui" / "hatch_build.py"))
    builder["make_current"]()
    found = builder["find_node"]()
    assert found is not None, "no Node; `make dev` brings one"
    return str(found.folder / "node")


@pytest.fixture(scope="session")
def built(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, as a copy: whoever builds it again meanwhile empties the folder first."""
    del node
    return Path(shutil.copytree(STATIC, tmp_path_factory.mktemp("page") / "static"))


@dataclass(slots=True)
class Walker:
    """Walks a file once and remembers what became of each claim."""

    node: str
    built: Path
    _walked: dict[str, dict[str, Claim]]

    def check(self, walk: str, claim: str, *args: str) -> None:
        if walk not in self._walked:
            self._walked[walk] = self._walk(walk, *args)
        found = self._walked[walk].get(claim)
        assert found is not None, f"{walk}.mjs ended before {claim}"
        assert found.ok, found.why

    def _walk(self, walk: str, *args: str) -> dict[str, Claim]:
        assert CHROMIUM is not None
        command = [self.node, str(HERE / "walk.mjs"), walk, CHROMIUM, str(self.built), *args]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as walking:
            try:
                out, err = walking.communicate(timeout=WALK_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                walking.terminate()
                out, err = walking.communicate()
        said = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        assert said, f"the walk said nothing:\n{out}\n{err}"
        return {one["claim"]: Claim(one["ok"], one["why"]) for one in said}


@pytest.fixture(scope="session")
def walker(node: str, built: Path) -> Walker:
    return Walker(node, built, {})


@pytest.fixture(scope="module")
def hannun(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server that was started on an empty data directory just now."""
    del node  # the page must be built before the server looks for it
    with Server(tmp_path_factory.mktemp("browser") / "data") as server:
        yield server
