"""Runs every registered host collector, each on its own risk, and tells how it went.

A collector that fails or finds nothing costs only itself: `node_scrape_collector_success` 0, the others go on.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import platform
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from hannun import __version__
from hannun.collect.host.registry import COLLECTORS, NoData, Options, Reader
from hannun.collect.host.roots import Roots
from hannun.model.errors import NotFound
from hannun.model.family import CollectorStatus, Family
from hannun.wire.exposition import encode_text

_log = logging.getLogger("hannun.collect.host")
_GOARCH = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "AMD64": "amd64"}
PAGE_AGE_S = 1.0
"""A page asked for again within this time shows the same reading, so that callers cannot drive our CPU."""


def _linux(options: Options) -> dict[str, Reader]:
    """Every file of this package registers its collectors when it is imported; nobody keeps a list of them."""
    package = importlib.import_module("hannun.collect.host")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"hannun.collect.host.{module.name}")
    return {name: make(options) for name, make in COLLECTORS.items()}


def _portable() -> dict[str, Reader]:
    """Imported only when needed: psutil costs time and memory that Linux need not spend."""
    from hannun.collect.portable import PORTABLE

    return dict(PORTABLE)


class HostCollector:
    """`collect` blocks (milliseconds) and may be called from any thread, by one caller at a time."""

    def __init__(
        self, roots: Roots | None = None, options: Options | None = None, only: Sequence[str] | None = None
    ) -> None:
        self._roots = roots or Roots()
        readers = _linux(options or Options()) if os.path.isdir(self._roots.procfs) else _portable()
        names = sorted(readers) if only is None else only
        self._readers: tuple[tuple[str, Reader], ...] = tuple((name, readers[name]) for name in names)
        self._lock = threading.Lock()
        self._status: tuple[CollectorStatus, ...] = ()
        self._families: list[Family] = []
        self._by_collector: dict[str, Sequence[Family]] = {}
        self._read_s = -PAGE_AGE_S
        self._said: set[str] = set()

    def collect(self) -> list[Family]:
        """One reading, sorted by name; never raises for what a single collector did."""
        with self._lock:
            return self._collect()

    def status(self) -> tuple[CollectorStatus, ...]:
        """How each collector did in the last reading."""
        return self._status

    def page(self) -> bytes:
        """The reading as a node_exporter page (text 0.0.4). Blocks like `collect`: call it from a thread."""
        return encode_text(self.families())

    def families(self, collect: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[Family]:
        """What `page` shows, or the part of it that node_exporter's `collect[]` and `exclude[]` ask for.

        Raises NotFound for a collector that there is not.
        """
        known = {name for name, _ in self._readers}
        for name in (*collect, *exclude):
            if name not in known:
                raise NotFound(f"missing collector: {name[:100]}")
        with self._lock:
            if time.monotonic() - self._read_s >= PAGE_AGE_S:
                self._collect()
            if not collect and not exclude:
                return self._families
            wanted = (known if not collect else set(collect)) - set(exclude)
            return _merged(self._by_collector, [row for row in self._status if row.name in wanted])

    def _collect(self) -> list[Family]:
        by_collector: dict[str, Sequence[Family]] = {}
        status: list[CollectorStatus] = []
        for name, read in self._readers:
            begin_s = time.perf_counter()
            error, absent = "", False
            try:
                families: Sequence[Family] = read(self._roots)
            except NoData as none:
                families, error, absent = (), str(none), True
            except Exception as err:  # noqa: BLE001  (any fault of one collector, even a bug, must not take the others)
                families, error = (), f"{type(err).__name__}: {err}"
            # Whole microseconds: the store keeps short decimals in a fraction of the bytes of random floats.
            duration_s = round(time.perf_counter() - begin_s, 6)
            status.append(CollectorStatus(name, not error or absent, duration_s, error, absent))
            self._tell(name, "" if absent else error)
            by_collector[name] = families
        self._status = tuple(status)
        self._by_collector = by_collector
        self._families = _merged(by_collector, status)
        self._read_s = time.monotonic()
        return self._families

    def _tell(self, name: str, error: str) -> None:
        """Once per failure and once when it is over; a log line every 15 s would only hide others."""
        if error and name not in self._said:
            self._said.add(name)
            _log.warning("host collector %s: %s", name, error)
        elif not error and name in self._said:
            self._said.discard(name)
            _log.info("host collector %s works again", name)


def _merged(by_collector: Mapping[str, Sequence[Family]], status: Sequence[CollectorStatus]) -> list[Family]:
    """The families of the collectors in `status`, and how they did, sorted by name."""
    found: dict[str, Family] = {}
    for row in status:
        for family in by_collector.get(row.name, ()):
            before = found.get(family.name)
            found[family.name] = family if before is None else _joined(before, family)
    for family in _meta(status):
        found[family.name] = family
    return [found[name] for name in sorted(found)]


def _joined(first: Family, second: Family) -> Family:
    """Two collectors, or two text files, that tell parts of one family: the first one's words stand."""
    return Family(first.name, first.type, first.help, first.samples + second.samples, first.unit)


def _meta(status: Sequence[CollectorStatus]) -> list[Family]:
    build = (
        ("branch", "hannun"),
        ("goarch", _GOARCH.get(platform.machine(), platform.machine())),
        ("goos", sys.platform),
        ("goversion", f"python{platform.python_version()}"),
        ("revision", __version__),
        ("version", __version__),
    )
    return [
        Family.of(
            "node_scrape_collector_duration_seconds",
            "gauge",
            "node_exporter: Duration of a collector scrape.",
            [((("collector", row.name),), row.duration_s) for row in status],
        ),
        Family.of(
            "node_scrape_collector_success",
            "gauge",
            "node_exporter: Whether a collector succeeded.",
            [((("collector", row.name),), 0.0 if row.error else 1.0) for row in status],
        ),
        Family.of(
            "node_exporter_build_info",
            "gauge",
            "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
            "node_exporter was built, and the goos and goarch for the build.",
            [(build, 1.0)],
        ),
    ]
