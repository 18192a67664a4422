"""How fast scraped pages become columns: CPU time of one core, no server, no network.

    .venv/bin/python bench/exposition.py

A page is 1,000 series of 50 metrics with HELP and TYPE, and every page differs from the one before in all values. The
acceptance number is 100 targets x 1,000 series each 15 s in at most 25 % of one core for the whole scrape; the last
column is the share of a core that decoding alone takes of that.
"""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Callable, Sequence

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from hannun.wire.exposition_text import Dialect, PageDecoder, read_page, warm

METRICS, PER_METRIC, PAGES, TARGETS, INTERVAL_S = 50, 20, 10, 100, 15.0
TEXT, OPENMETRICS = Dialect.TEXT.value, Dialect.OPENMETRICS.value
Number = Callable[[random.Random, int], str]


def integers(dice: random.Random, row: int) -> str:
    return str(dice.randrange(10**6) * (row + 1))


def floats(dice: random.Random, row: int) -> str:
    return repr(dice.random() * 10 ** (row % 9))


def page(seed: int, number: Number, *, openmetrics: bool = False, exemplars: bool = False) -> bytes:
    dice = random.Random(seed)
    lines: list[str] = []
    for metric in range(METRICS):
        name = f"http_server_requests_{metric}"
        lines.append(f"# HELP {name} Requests that were answered, by handler.\n# TYPE {name} counter\n")
        for row in range(PER_METRIC):
            labels = f'handler="/api/v1/items/{row}",method="GET",code="200",pod="shop-6f7d8c9b5-{row:05d}"'
            told = f' # {{trace_id="{dice.getrandbits(64):016x}"}} 0.25 1755403123.25' if exemplars and row == 0 else ""
            lines.append(f"{name}_total{{{labels}}} {number(dice, row)}{told}\n")
    return "".join([*lines, "# EOF\n" if openmetrics else ""]).encode()


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(name: str, decode: Callable[[bytes], object], pages: Sequence[bytes], at_least_s: float = 0.5) -> None:
    for body in pages:
        decode(body)
    rounds, started_s = 0, cpu_s()
    while cpu_s() - started_s < at_least_s:
        for body in pages:
            decode(body)
        rounds += len(pages)
    page_s = (cpu_s() - started_s) / rounds
    share = page_s * TARGETS / INTERVAL_S
    print(f"{name:<48}{page_s * 1e6:10.0f} us a page{share * 100:9.2f} % of a core", file=sys.stdout)


def first_time(body: bytes) -> object:
    return PageDecoder().decode(body, TEXT)


def moving(pages: Sequence[bytes]) -> list[bytes]:
    """The same pages with the metrics in another order each time: the positional hint is wrong at every family."""
    dice = random.Random(1)
    found = []
    for body in pages:
        families = body.split(b"# HELP ")[1:]
        dice.shuffle(families)
        found.append(b"".join(b"# HELP " + family for family in families))
    return found


def main() -> None:
    warm()
    plain_pages = [page(seed, integers) for seed in range(PAGES)]
    float_pages = [page(seed, floats) for seed in range(PAGES)]
    open_pages = [page(seed, floats, openmetrics=True) for seed in range(PAGES)]
    told_pages = [page(seed, floats, openmetrics=True, exemplars=True) for seed in range(PAGES)]
    print(f"{METRICS * PER_METRIC} series, {len(plain_pages[0])} bytes")
    decoder = PageDecoder()
    measure("known, integers", lambda body: decoder.decode(body, TEXT), plain_pages)
    measure("known, floats of 16 to 17 digits", lambda body: decoder.decode(body, TEXT), float_pages)
    measure("known, OpenMetrics", lambda body: decoder.decode(body, OPENMETRICS), open_pages)
    measure("known, OpenMetrics, 50 new exemplars", lambda body: decoder.decode(body, OPENMETRICS), told_pages)
    measure("known, families in another order each time", lambda body: decoder.decode(body, TEXT), moving(plain_pages))
    print(f"remembered: {decoder.nbytes / 1024:.0f} KiB a target")
    measure("first time", first_time, float_pages)
    measure("plain reference", lambda body: read_page(body, Dialect.TEXT), float_pages)
    measure("prometheus_client, text", lambda body: list(parse_text(body.decode())), float_pages[:2])
    measure("prometheus_client, OpenMetrics", lambda body: list(parse_openmetrics(body.decode())), open_pages[:2])


if __name__ == "__main__":
    main()
