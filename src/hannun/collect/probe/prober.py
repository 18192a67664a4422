"""Runs the probe of a module against a target, bounded in number and time, and keeps the last results.

What goes wrong outside is a result (`probe_success` 0), never an error: the caller only hears of a module it misspelt.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import platform
import re
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any

from hannun import __version__
from hannun.collect.http_client.dial import causes
from hannun.collect.probe import registry
from hannun.collect.probe.registry import PROBERS, Attempt
from hannun.collect.probe.report import Report
from hannun.config.blackbox.model import BlackboxConfig, GrpcProbe, HttpProbe, Module, Probe, UnixProbe
from hannun.model.errors import HannunError, Overloaded
from hannun.model.family import Family
from hannun.model.probe import ProbeRefused, ProbeRequest, ProbeResult
from hannun.observe.metrics import counter
from hannun.wire.exposition import encode_text

_log = logging.getLogger("hannun.collect.probe")
_PROBES = counter("hannun_probes_total", "Probes by their prober and how they ended.", ("prober", "outcome"))
DEFAULT_MODULE = "http_2xx"
DEFAULT_TIMEOUT_S = 120.0
TIMEOUT_OFFSET_S = 0.5
"""So much earlier than the scraper gives up, so that it hears of a timeout as a failed probe."""
TARGET_CHARS_MAX = 8_192
AT_ONCE_MAX = 64
WAITING_MAX = 512
RECENT = 100
_SECRET_NAME = re.compile("auth|cookie|token|secret|key", re.IGNORECASE)


class Prober:
    """Use it on one event loop. At most `at_once` probes run; others wait, and waiting counts as their time."""

    def __init__(
        self, config: BlackboxConfig, *, at_once: int = AT_ONCE_MAX, waiting_max: int = WAITING_MAX, goversion: str = ""
    ) -> None:
        registry.load()
        self._config = config
        self._loaded_s = time.time()
        self._loaded_well = True
        self._unknown = 0
        self._free = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._leaving = False
        self._running: set[asyncio.Future[bool]] = set()
        self._waiting_max = waiting_max
        self._ids = itertools.count()
        self._recent: deque[ProbeResult] = deque(maxlen=RECENT)
        self._goversion = goversion or f"python{platform.python_version()}"

    @property
    def config(self) -> BlackboxConfig:
        return self._config

    def apply(self, config: BlackboxConfig) -> None:
        """From the next probe on; probes under way go on with what they began with."""
        self._config = config
        self._loaded_s = time.time()
        self._loaded_well = True

    def reload_failed(self) -> None:
        """The file could not be used and the old modules stay."""
        self._loaded_well = False

    async def probe(self, request: ProbeRequest) -> ProbeResult:
        module = self._module(request.module)
        timeout_s = probe_timeout_s(module.timeout_ms / 1000, request.scrape_timeout_s)
        if not request.target:
            raise ProbeRefused("Target parameter is missing")
        if len(request.target) > TARGET_CHARS_MAX:
            raise ProbeRefused(f"Target parameter is longer than {TARGET_CHARS_MAX} characters")
        if not request.trusted and shows_secrets(module.probe):
            raise ProbeRefused(
                f"Module {go_quoted(module.name)} shows credentials to its target; only an admin, or a target in "
                "prometheus.yml, may use it"
            )
        if not request.trusted and isinstance(module.probe, UnixProbe):
            raise ProbeRefused(
                f"Module {go_quoted(module.name)} opens sockets of this machine; only an admin, or a target in "
                "prometheus.yml, may use it"
            )
        _agree_on_host(module, request.hostname)
        begin_s = time.perf_counter()
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        async with self._turn(deadline_s) as in_time:
            report = Report(module.name, request.target, trusted=request.trusted)
            report.declare("probe_success", "Displays whether or not the probe was a success", ())
            report.declare("probe_duration_seconds", "Returns how long the probe took to complete in seconds", ())
            report.gauge("probe_timeout_seconds", "Returns the timeout of the probe in seconds", timeout_s)
            report.say("Beginning probe", probe=module.prober, timeout_seconds=f"{timeout_s:g}")
            attempt = Attempt(request.target, request.hostname, deadline_s, report)
            success = in_time and await self._unless_leaving(_run(module, attempt))
        duration_s = time.perf_counter() - begin_s
        report.set("probe_success", success)
        report.set("probe_duration_seconds", duration_s)
        report.say("Probe succeeded" if success else "Probe failed", duration_seconds=f"{duration_s:.6f}")
        _PROBES.labels(module.prober, "success" if success else "failure").inc()
        result = ProbeResult(next(self._ids), module.name, request.target, success, report.families(), report.log())
        self._recent.appendleft(result)
        return result

    async def _unless_leaving(self, probe: Coroutine[Any, Any, bool]) -> bool:
        """What the probe found; False at once when the server leaves, which waits for no module's timeout."""
        running = asyncio.ensure_future(probe)
        self._running.add(running)
        if self._leaving:
            running.cancel()
        try:
            await asyncio.wait((running,))
            return not running.cancelled() and running.result()
        finally:
            self._running.discard(running)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def stop(self) -> None:
        """Ends the probes under way, as failed ones; those that are asked for later fail at once."""
        self._leaving = True
        for running in self._running:
            running.cancel()

    async def page(self, path: str, parameters: Mapping[str, Sequence[str]], timeout_s: float) -> bytes:
        """A page for our own scrapes: `/probe` with its parameters, our metrics elsewhere. Raises HannunError."""
        if path.rstrip("/").rpartition("/")[2] != "probe":
            return encode_text(self.families())

        def first(name: str) -> str:
            return next(iter(parameters.get(name, ())), "")

        request = ProbeRequest(first("target"), first("module"), first("hostname"), timeout_s)
        return encode_text((await self.probe(request)).families)

    def recent(self) -> Sequence[ProbeResult]:
        return tuple(self._recent)

    def config_yaml(self, module: str = "") -> str:
        return module_yaml(self._config.yaml, module) if module else self._config.yaml

    def families(self) -> list[Family]:
        build = (
            ("branch", "hannun"),
            ("goarch", platform.machine()),
            ("goos", sys.platform),
            ("goversion", self._goversion),
            ("revision", __version__),
            ("version", __version__),
        )
        return [
            Family.of(
                "blackbox_exporter_build_info",
                "gauge",
                "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
                "blackbox_exporter was built, and the goos and goarch for the build.",
                [(build, 1.0)],
            ),
            Family.single(
                "blackbox_exporter_config_last_reload_success_timestamp_seconds",
                "gauge",
                "Timestamp of the last successful configuration reload.",
                self._loaded_s,
            ),
            Family.single(
                "blackbox_exporter_config_last_reload_successful",
                "gauge",
                "Blackbox exporter config loaded successfully.",
                float(self._loaded_well),
            ),
            Family.single(
                "blackbox_module_unknown_total",
                "counter",
                "Count of unknown modules requested by probes",
                float(self._unknown),
            ),
        ]

    def _module(self, name: str) -> Module:
        found = self._config.modules.get(name or DEFAULT_MODULE)
        if found is None:
            self._unknown += 1
            raise ProbeRefused(f"Unknown module {go_quoted(name or DEFAULT_MODULE)}")
        return found

    @contextlib.asynccontextmanager
    async def _turn(self, deadline_s: float) -> AsyncIterator[bool]:
        """Waits for a free place; False when the deadline came first. Raises Overloaded when too many wait."""
        if self._waiting >= self._waiting_max:
            raise Overloaded(f"{self._waiting} probes are waiting; raise scrape_interval or spread the targets")
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline_s):
                await self._free.acquire()
        except TimeoutError:
            yield False
            return
        finally:
            self._waiting -= 1
        try:
            yield True
        finally:
            self._free.release()


async def _run(module: Module, attempt: Attempt) -> bool:
    report = attempt.report
    try:
        async with asyncio.timeout_at(attempt.deadline_s):
            return await PROBERS[type(module.probe)](module.probe, attempt)
    except TimeoutError:
        report.fail("Probe timed out", err="context deadline exceeded")
    except (OSError, HannunError) as err:
        report.fail("Error for the request", err=str(err) or type(err).__name__)
    except Exception as err:  # noqa: BLE001  (the protocol libraries have errors of their own, and a bug costs one probe)
        report.fail("Error for the request", err=_reason(err))
        if not type(err).__module__.startswith(("httpcore", "h11", "h2", "dns", "anyio")):
            _log.exception("probe %s of %s", module.name, attempt.target[:200])
    return False


def _reason(err: Exception) -> str:
    """The system's words behind a library's, which are often only "all attempts failed"."""
    behind = next((one for one in causes(err) if isinstance(one, OSError) and one.errno), None)
    return str(behind or err) or type(err).__name__


def probe_timeout_s(module_s: float, scrape_s: float) -> float:
    """min(the module's, the scraper's less half a second); 120 s when neither says anything (blackbox's getTimeout)."""
    most_s = (scrape_s or DEFAULT_TIMEOUT_S) - TIMEOUT_OFFSET_S
    if 0 < module_s < most_s or (most_s < 0 and module_s > 0):
        return module_s
    return max(most_s, 0.0)


def shows_secrets(probe: Probe) -> bool:
    """Whether a target of the caller's choice would be shown credentials that belong to somebody else."""
    match probe:
        case HttpProbe(client=client, headers=headers):
            own = client.basic_auth or client.authorization or client.oauth2 or client.http_headers
            return bool(own) or any(_SECRET_NAME.search(name) for name in headers)
        case GrpcProbe(metadata=metadata):
            return bool(metadata)
    return False


def _agree_on_host(module: Module, hostname: str) -> None:
    """Raises ProbeRefused when the module's Host header contradicts the caller's."""
    headers: Mapping[str, str] = getattr(module.probe, "headers", {}) if hostname else {}
    for name, value in headers.items():
        if name.lower() == "host" and value != hostname:
            raise ProbeRefused(
                f"host header defined both in module configuration ({value}) and with URL-parameter 'hostname' "
                f"({hostname})"
            )


def go_quoted(text: str) -> str:
    """Go's %q."""
    shown = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    inner = "".join(
        shown.get(sign)
        or (sign if sign.isprintable() else f"\\u{ord(sign):04x}" if ord(sign) > 127 else f"\\x{ord(sign):02x}")
        for sign in text[:200]
    )
    return f'"{inner}"'


def module_yaml(whole: str, module: str) -> str:
    """The lines of one module of /config, moved to the left margin; "" when it has none."""
    import yaml

    try:
        found = (yaml.safe_load(whole) or {}).get("modules", {}).get(module)
    except (yaml.YAMLError, AttributeError):
        return ""
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True) if found is not None else ""
