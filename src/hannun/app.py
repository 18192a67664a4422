"""The one place that knows everybody: builds the rooms, wires them, starts them in order and stops them in reverse.

It decides nothing. What a part needs is handed to it here; what goes wrong is said by the part that knows.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import uvloop

from hannun import __version__
from hannun.api import blackbox, exporters
from hannun.api import hannun as own_api
from hannun.api import prometheus as prometheus_api
from hannun.api.hannun.projects import dsn
from hannun.cli.banner import Entry, Started, show
from hannun.collect.containers.collector import ContainerCollector
from hannun.collect.host import HostCollector
from hannun.collect.own import OwnMetrics
from hannun.collect.source import Source, hostname
from hannun.config.complaint import Complaint
from hannun.config.settings import Settings
from hannun.config.values import Address
from hannun.errors import Errors
from hannun.logs import Logs, read_log_files, with_log_retention
from hannun.model.errors import HannunError, StoreLost
from hannun.model.http import AnyEndpoint
from hannun.model.time import SystemClock, format_duration_ms
from hannun.observe import log
from hannun.observe.memory import leave_out_compiler, leave_out_pandas
from hannun.observe.metrics import REGISTRY
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems
from hannun.pulling import Pulling, read_files, with_retention
from hannun.query.promql import PromEngine
from hannun.query.runner import QueryRunner
from hannun.receive import influx, remote_write
from hannun.receive.body import InFlight
from hannun.receive.limits import ReceiveLimits
from hannun.receive.pushgateway import PushGateway
from hannun.sources import prometheus_flags, sources
from hannun.standing import keep_running, tell_loop
from hannun.store import schema
from hannun.store.data_dir import DataDir
from hannun.store.disk import DiskGuard
from hannun.store.engine import LOST, ChdbEngine
from hannun.store.meta import MetaStore
from hannun.store.metrics import MetricStore
from hannun.store.pushed_groups import PushedGroupTable
from hannun.store.retention import Retention, Signal
from hannun.store.snapshot import Snapshots, clear_leftovers
from hannun.store.writer import Writer
from hannun.tailing import Tailing
from hannun.web import health
from hannun.web.auth import accounts_api, policy, session_api
from hannun.web.auth.first_admin import make_first_admin
from hannun.web.auth.gate import Gate
from hannun.web.server import WebServer, bind, create_app
from hannun.web.site import Site
from hannun.web.tls import TlsFiles

_log = logging.getLogger("hannun")
STOP_WITHIN_S = 9.5
TOLD_S = 1.0  # for which a server without its engine still says so at /-/healthy
GC_ALLOCATIONS = 20_000


def run(settings: Settings, complaints: Sequence[Complaint]) -> None:
    """Serve until SIGTERM or SIGINT. Raises HannunError for what stands in the way of a start."""
    leave_out_pandas()
    leave_out_compiler()
    # A crash says where on stderr, and ends the process by its signal: whoever watches over it starts it again.
    with suppress(RuntimeError):  # nobody listens on stderr
        faulthandler.enable()
    log.configure(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, complaints))


async def _serve(settings: Settings, complaints: Sequence[Complaint]) -> None:
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    async with AsyncExitStack() as standing:
        app = App(settings, complaints, standing)
        await app.start()
        loop.add_signal_handler(signal.SIGHUP, app.on_hangup)
        app.engine.on_lost(partial(tell_loop, loop, leave))
        show(app.started(), settings.lang, sys.stdout)
        await leave.wait()
        if app.engine.lost:
            _log.error("%s. What was acknowledged is on disk; leaving with code 1", LOST.say(settings.lang))
            await asyncio.sleep(TOLD_S)
        else:
            _log.info("leaving: flushing what is queued")
        _leave_at_the_latest(STOP_WITHIN_S)
    if app.engine.lost:
        raise StoreLost(LOST)


class App:
    """Everything of one server. What is opened is closed by `standing`, in reverse order, also when a start fails."""

    def __init__(self, settings: Settings, complaints: Sequence[Complaint], standing: AsyncExitStack) -> None:
        files, log_files = read_files(settings), read_log_files(settings)
        settings = with_retention(_with_a_port(settings), files.config)
        self.settings = settings = with_log_retention(settings, log_files.config)
        self.complaints = complaints
        self._standing = standing
        self.clock = SystemClock()
        self.started_ms = int(psutil.Process().create_time() * 1000)
        self.ready = False
        self.problems = Problems(self.clock)
        self.outcomes = Outcomes(self.clock)

        self.data_dir = DataDir.open(settings.data_dir)
        standing.callback(self.data_dir.close)
        self.meta = MetaStore.open(settings.meta_url or self.data_dir.meta_path, self.clock)
        standing.callback(self.meta.close)
        make_first_admin(self.meta.users, settings.admin_password)
        self.site = _site(settings, self.started_ms)
        self._has_users = bool(self.meta.users.all())
        refused = policy.may_start(self.site, has_users=self._has_users, has_tokens=bool(self.meta.tokens.all()))
        if refused is not None:
            raise refused

        clear_leftovers(self.data_dir.path, self.data_dir.engine_path)
        self.engine = ChdbEngine.open(self.data_dir.engine_path, memory_bytes=settings.memory_bytes)
        standing.callback(self.engine.close)
        schema.apply(self.engine)
        self.disk = DiskGuard(self.data_dir.path, settings.disk_reserve_bytes, self.problems)
        self.snapshots = Snapshots(self.engine, self.data_dir, _meta_file(settings, self.data_dir), self.disk)
        self.writer = Writer(clock=self.clock, admit=self.disk.check, queue_bytes_max=settings.memory_bytes // 8)
        keep_ms = settings.retention.metrics_ms or 0
        self.metrics = MetricStore(
            self.engine,
            self.writer,
            retention_ms=keep_ms,
            clock=self.clock,
            problems=self.problems,
            outcomes=self.outcomes,
            recent_bytes_max=settings.memory_bytes // 6,
        )
        self.logs = Logs(
            settings,
            log_files,
            self.engine,
            self.writer,
            self.clock,
            admit=self.disk.check,
            problems=self.problems,
            outcomes=self.outcomes,
        )
        self.errors = Errors(
            settings,
            self.engine,
            self.writer,
            self.meta,
            self.metrics,
            self.logs,
            self.clock,
            problems=self.problems,
            outcomes=self.outcomes,
        )
        self.retention = Retention(
            self.engine,
            [
                Signal(
                    "metrics",
                    ("metric_samples__local", "metric_seen__local", "metric_histograms__local", "exemplars__local"),
                    keep_ms,
                    dropped=self.metrics.partitions_dropped,
                ),
                self.logs.retained,
                *self.errors.retained,
            ],
            disk=self.disk,
            total_bytes_max=settings.retention_size_bytes,
            clock=self.clock,
            problems=self.problems,
            state_path=self.data_dir.path / "retention-clock",
        )
        self.prom = PromEngine(self.metrics, clock=self.clock)
        self.runner = QueryRunner(bytes_max=settings.memory_bytes // 2, clock=self.clock)
        self.gate = Gate(self.meta, self.site, self.clock, problems=self.problems)
        self.host = None if settings.no_self else HostCollector()
        self.containers = None if settings.no_self else ContainerCollector()
        self.own = OwnMetrics(REGISTRY)
        self.pulling = Pulling(
            settings,
            files,
            self.metrics,
            self.clock,
            host=self.host,
            containers=self.containers,
            own=self.own,
            sources=list(self._sources()),
            problems=self.problems,
            outcomes=self.outcomes,
        )
        self.tailing = Tailing(settings, self.logs.intake, data_dir=self.data_dir.path, problems=self.problems)
        self.limits = ReceiveLimits(body_bytes_max=settings.receive_body_bytes_max)
        self.in_flight = InFlight(self.limits.in_flight_bytes_max)
        self.pushes = PushGateway(
            self.metrics,
            self.outcomes,
            PushedGroupTable(self.engine, self.writer),
            self.limits,
            in_flight=self.in_flight,
            clock=self.clock,
        )
        self.web = WebServer(
            create_app(self._endpoints(), self.gate, classic_ports=settings.classic_http_ports),
            host=settings.listen.host,
            port=settings.listen.port,
            classic_ports=settings.classic_http_ports,
            tls_files=TlsFiles(settings.tls.cert, settings.tls.key) if settings.tls else None,
        )

    async def start(self) -> None:
        """Raises HannunError. After it the server answers and this machine's first reading is on its way."""
        await self.writer.start()
        self._standing.push_async_callback(self.writer.stop)
        self._standing.push_async_callback(self.runner.stop)
        await self.gate.start()
        self._standing.push_async_callback(self.gate.stop)
        await self.web.start()
        self._standing.push_async_callback(self.web.stop)
        keep_running(self._standing, self.retention.run(), "retention")
        await self.pushes.start()
        self._standing.push_async_callback(self.pushes.stop)
        await self.logs.start(self._standing)
        await self.errors.start(self._standing)
        await self.pulling.start(self._standing)
        _calm_the_collector()
        self.ready = True
        await self.tailing.start(self._standing)

    def on_hangup(self) -> None:
        """SIGHUP: read again what `reload` reads; what cannot be used is said and the old one stays."""
        self._reloading = asyncio.create_task(self._reload_and_say(), name="reload")

    async def reload(self) -> None:
        """Certificate, key and the configuration files. Raises HannunError; what was in force then stays."""
        try:
            self.web.reload_tls()
        except HannunError as err:
            self.pulling.refused(err)
            raise
        await asyncio.to_thread(self.logs.reload)
        await self.tailing.reload()
        await self.pulling.reload()

    async def _reload_and_say(self) -> None:
        try:
            await self.reload()
        except HannunError as err:
            _log.error("%s", err.say(self.settings.lang))
        else:
            _log.info("reloaded")

    def started(self) -> Started:
        settings = self.settings
        entry: Entry = "local" if self.site.on_loopback else "open"
        return Started(
            version=__version__,
            url=settings.url,
            data_dir=self.data_dir.path,
            dsn=next((dsn(settings.url, project) for project in self.meta.projects.all()), None),
            host=None if self.host is None else hostname(),
            entry="login" if self._has_users or not policy.is_open(self.site, has_users=self._has_users) else entry,
            ready_s=time.time() - self.started_ms / 1000,
            config_file=settings.config_file,
            warnings=len(self.complaints),
        )

    def _endpoints(self) -> list[AnyEndpoint]:
        settings = self.settings
        pulling = self.pulling
        return [
            *health.routes(
                metrics_page=self.own.page,
                is_ready=lambda: self.ready,
                is_lost=lambda: self.engine.lost,
                base=self.site.base,
            ),
            *session_api.routes(self.gate),
            *accounts_api.routes(self.gate),
            *remote_write.routes(self.metrics, self.outcomes, self.limits, in_flight=self.in_flight),
            *influx.routes(self.metrics, self.outcomes, self.limits, in_flight=self.in_flight, clock=self.clock),
            *self.pushes.routes(enable_admin_api=settings.enable_admin_api),
            *self.logs.endpoints(self.runner, self.limits, self.in_flight, lambda: self.ready),
            *self.errors.endpoints(self.runner, self.limits, self.in_flight),
            *self.tailing.endpoints(),
            *blackbox.routes(pulling.prober, self.reload),
            *exporters.routes(
                node=self.host.families if self.host else None,
                containers=self.containers.families if self.containers else None,
                own=self.own.gather,
            ),
            *prometheus_api.routes(
                self.prom,
                self.metrics,
                self.runner,
                clock=self.clock,
                facts=prometheus_api.ServerFacts(
                    self.started_ms, format_duration_ms(settings.retention.metrics_ms or 0), prometheus_flags(settings)
                ),
                enable_admin_api=settings.enable_admin_api,
                targets=pulling.scrapes,
                exemplars=self.metrics,
                rules=pulling.rules,
                config_text=lambda: pulling.config.yaml,
                reload=self.reload,
                external_labels=lambda: pulling.config.external_labels,
                on_reload_status=lambda: pulling.reload_status,
                snapshot=self.snapshots.make,
            ),
            *own_api.routes(
                self.prom,
                self.metrics,
                self.runner,
                sources(self),
                log_backend=self.logs.pages,
                error_backend=self.errors.pages,
                clock=self.clock,
            ),
        ]

    def _sources(self) -> Iterator[Source]:
        """With --no-self nothing is stored that nobody sent; Hannun's own page at /metrics stays."""
        if self.host is not None and self.containers is not None:
            yield Source("node", hostname(), self.host.collect, self.host.status)
            yield Source("cadvisor", hostname(), self.containers.collect)
            yield self.own.source()


def _with_a_port(settings: Settings) -> Settings:
    """`--listen HOST:0` lets the system choose. It is asked now, because links and DSNs are made of the port."""
    host, port = settings.listen.host, settings.listen.port
    if port == 0:
        with bind(host, 0) as listener:
            port = listener.getsockname()[1]
    return replace(settings, listen=Address(host, port))


def _meta_file(settings: Settings, data_dir: DataDir) -> Path:
    return Path(settings.meta_url.removeprefix("sqlite:///")) if settings.meta_url else data_dir.meta_path


def _site(settings: Settings, started_ms: int) -> Site:
    return Site(
        listen_host=settings.listen.host,
        listen_port=settings.listen.port,
        external_url=str(settings.external_url or ""),
        trusted_proxies=settings.trusted_proxies,
        ingest_allow=settings.ingest_allow,
        insecure_open=settings.insecure_open,
        lang=settings.lang,
        timezone=settings.timezone,
        version=__version__,
        started_ms=started_ms,
        hostname=hostname(),
    )


def _calm_the_collector() -> None:
    """What was built by now stays, so no collection has to walk it again; one that does would hold up every request."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 50)
    gc.enable()  # `hannun serve` starts without it


def _leave_at_the_latest(within_s: float) -> None:
    """A thread that will not end (a kernel, a dead file system) must not outlive the promise to leave."""

    def give_up() -> None:
        time.sleep(within_s)
        _log.error("not everything ended within %.0f s; leaving now. Acknowledged data is on disk", within_s)
        os._exit(1)

    threading.Thread(target=give_up, name="hannun-leave", daemon=True).start()
