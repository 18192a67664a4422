"""`make bench`: every row measured beside its peer in one run, on this machine, printed as a table of ratios.

`make bench ARGS="ingest query"` runs some rows; `--write` puts the table into bench/README.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

BEGIN, END = "<!-- table -->", "<!-- /table -->"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `met` None: no bar was set for it."""

    what: str
    hannun: str
    peer: str = "–"
    ratio: str = "–"
    bar: str = "–"
    met: bool | None = None


Row = Callable[[Path], Iterator[Line]]


def rows() -> dict[str, Row]:
    import disk
    import errors
    import footprint
    import ingest
    import logs
    import page
    import scrape
    import smallest

    import query

    return {
        "footprint": footprint.run,
        "page": page.run,
        "ingest": ingest.run,
        "query": query.run,
        "logs": logs.run,
        "errors": errors.run,
        "disk": disk.run,
        "scrape": scrape.run,
        "smallest": smallest.run,
    }


def machine() -> str:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}), {memory_gib:.0f} GiB, Python {platform.python_version()}"


def table(lines: list[Line]) -> str:
    head = "| what | Hannun | peer | ratio | bar | |\n|---|---|---|---|---|---|\n"
    mark = {True: "✓", False: "✗", None: ""}
    return head + "".join(
        f"| {line.what} | {line.hannun} | {line.peer} | {line.ratio} | {line.bar} | {mark[line.met]} |\n"
        for line in lines
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="footprint page ingest query logs disk scrape smallest (default: all)")
    parser.add_argument("--write", action="store_true", help="put the table into bench/README.md")
    asked = parser.parse_args()
    known = rows()
    if unknown := set(asked.rows) - set(known):
        parser.error(f"no such row: {', '.join(sorted(unknown))}. There are: {', '.join(known)}")
    lines: list[Line] = []
    for name in asked.rows or known:
        with tempfile.TemporaryDirectory(prefix=f"hannun-bench-{name}-") as folder:
            for line in known[name](Path(folder)):
                lines.append(line)
                print(table([line]).splitlines()[-1], flush=True)
    text = f"{time.strftime('%Y-%m-%d')}, {machine()}\n\n{table(lines)}"
    print("\n" + text)
    if asked.write:
        readme = HERE / "README.md"
        before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        readme.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
