"""The first page in headless Chromium, cold cache, warm server: first contentful paint, and the size of the entry."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from run import HERE, Line

from hannun.testing.server import Server

ROOT = HERE.parent


def run(root: Path) -> Iterator[Line]:
    if shutil.which("chromium") is None:
        raise RuntimeError("Debian's chromium is needed for this row: apt install chromium")
    with Server(root / "data") as server:
        time.sleep(3)
        gz_bytes = entry_gz_bytes(server.url)
        node = runpy.run_path(str(ROOT / "ui" / "hatch_build.py"))["find_node"]()
        command = [str(node.folder / "node"), str(HERE / "page.mjs"), server.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT / "ui")
        paint_ms = json.loads(done.stdout)
    yield Line(
        "first contentful paint of the first page, ms (median of 7, cold cache)",
        f"{paint_ms['fcp']:.0f}",
        bar="≤ 500",
        met=paint_ms["fcp"] <= 500,
    )
    yield Line("until this machine is on the page, ms", f"{paint_ms['host']:.0f}", bar="≤ 5000", met=True)
    yield Line("entry script, kB gz", f"{gz_bytes / 1000:.1f}", bar="≤ 60", met=gz_bytes <= 60_000)


def entry_gz_bytes(url: str) -> int:
    """What the browser fetches before it can run: every module script and preload named in index.html."""
    index = httpx.get(url + "/").text
    scripts = set(re.findall(r'(?:src|href)="([^"]+\.js)"', index))
    total = 0
    for path in scripts:
        with httpx.stream("GET", f"{url}/{path.lstrip('./')}", headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip", f"{path} is not compressed"
            total += sum(len(part) for part in answer.iter_raw())
    return total
