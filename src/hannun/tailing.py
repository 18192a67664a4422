"""Everything that is tailed: in the server, into its own store, and in the agent, to other servers. Part of the wiring.

Two parts of one machine: `Machinery` is spools, ways out and a tailer that can be exchanged; `Tailing` is the server's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hannun.collect.source import hostname
from hannun.collect.tail.metrics import TailMetrics
from hannun.config.complaint import Complaint
from hannun.config.http_client import Authorization, HttpClientConfig, Secret
from hannun.config.promtail.model import ClientConfig, PromtailConfig
from hannun.model.family import Family
from hannun.model.http import AnyEndpoint
from hannun.model.tail import TailTarget
from hannun.model.text import Text
from hannun.process.pipeline.context import Selects
from hannun.process.pipeline.meters import MeterStore
from hannun.standing import keep_running

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from hannun.collect.tail.plan import Plan
    from hannun.collect.tail.sender import Lane, Outlet
    from hannun.collect.tail.shown import Shown
    from hannun.collect.tail.tailer import Tailer
    from hannun.config.settings import Settings
    from hannun.observe.problems import Problems
    from hannun.receive.log_intake import LogIntake

_log = logging.getLogger("hannun.tailing")
SPOOL_BYTES_MAX = 64 << 20
FULL = "tail-stuck"
_STUCK = Text(
    en="Log lines that were read cannot be kept, so nothing more is read: {why}",
    ko="읽은 로그를 저장하지 못해 더 읽지 않고 있습니다: {why}",
)
_STUCK_DO = Text(
    en="Nothing is lost as long as the files stay: free disk space, or see why the store takes nothing",
    ko="파일이 남아 있는 한 잃는 것은 없습니다. 디스크 공간을 비우거나 저장소가 받지 않는 이유를 확인해 주세요",
)
_NOT_READ = Text(
    en="job {job}: {kind} is not read here; what pushes to it can push to the server itself",
    ko="작업 {job}: {kind} 소스는 읽지 않습니다. 여기로 보내던 것은 서버로 직접 보내 주세요",
)


class Machinery:
    """Lanes that run, and the tailer that fills them. `exchange` once or again; `stop` once."""

    def __init__(self, folder: Path, metrics: TailMetrics) -> None:
        self._folder = folder
        self.metrics = metrics
        self.tailer: Tailer | None = None
        self.lanes: list[Lane] = []
        self._running: list[asyncio.Task[None]] = []

    async def add_lane(self, lane: Lane) -> None:
        self.lanes.append(lane)
        self._running.append(asyncio.create_task(lane.run(), name=f"tail-to-{lane.outlet.name}"))

    async def exchange(self, plan: Plan, promtail_positions: Path | None) -> None:
        """Tail by `plan` from now on. What the tailer before has read is on the disk."""
        from hannun.collect.discovery.registry import discover
        from hannun.collect.tail.tailer import Tailer, positions_of

        before, self.tailer = self.tailer, None
        if before is not None:
            await before.stop()
        positions = await asyncio.to_thread(positions_of, self._folder, promtail_positions, self.lanes)
        tailer = Tailer(plan, self.lanes, positions, self.metrics, discover=discover)
        await tailer.start()
        self.tailer = tailer

    async def stop(self, flush_s: float = 0.0) -> None:
        """What was read is on the disk when it returns; `flush_s` is how long it may take to be delivered as well."""
        if self.tailer is not None:
            await self.tailer.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(flush_s):
                # Who takes nothing now gets it in the next life.
                await asyncio.gather(*(lane.drained() for lane in self.lanes if not lane.failures))
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for lane in self.lanes:
            await lane.outlet.close()


class Tailing:
    """The server's. `start` once on the event loop, when the server is ready; `reload` whenever asked.

    Raises Refused for a file that cannot be used and ConfigError for stages that cannot be built.
    """

    def __init__(self, settings: Settings, intake: LogIntake, *, data_dir: Path, problems: Problems) -> None:
        self._settings = settings
        self._intake = intake
        self._problems = problems
        self._folder = data_dir / "tail"
        self._metrics = TailMetrics(MeterStore(time.monotonic))
        self._machinery = Machinery(self._folder, self._metrics)
        self._shown: Shown | None = None
        self._config, self.complaints = read_promtail(settings.promtail_config)
        self._plan: Plan | None = None if self._config is None else make_plan(self._config, self._metrics)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do: with --no-self, only what a configuration names."""
        return self._config is not None or not self._settings.no_self

    async def start(self, standing: AsyncExitStack) -> None:
        """Begins in the background. What is started is stopped by `standing`."""
        if not self.wanted:
            return
        standing.push_async_callback(self._machinery.stop, 2.0)
        keep_running(standing, self._run(), "tail")

    async def _run(self) -> None:
        from hannun.collect.tail.sender import Lane, Patience
        from hannun.collect.tail.spool import Spool

        # Pipelines and formats take their time to load, and nobody waits for them.
        plan = self._plan
        if plan is None:
            keep_s = (self._settings.retention.logs_ms or 0) / 1000
            plan = await asyncio.to_thread(make_plan, None, self._metrics, keep_s)
        spool = await asyncio.to_thread(Spool, self._folder / "spool", bytes_max=SPOOL_BYTES_MAX)
        patience = Patience(min_s=0.2, max_s=5.0)
        await self._machinery.add_lane(Lane(spool, OwnStore(self._intake), self._metrics, patience=patience))
        await self._exchange(plan)
        await self._watch()

    async def reload(self) -> None:
        """Reads Promtail's file again. Raises HannunError when it cannot be used; then everything stays as it was."""
        if self._settings.promtail_config is None:
            return
        config, complaints = await asyncio.to_thread(read_promtail, self._settings.promtail_config)
        plan = await asyncio.to_thread(make_plan, config, self._metrics)
        self._config, self.complaints, self._plan = config, complaints, plan
        if self._machinery.tailer is not None:
            await self._exchange(plan)

    def endpoints(self) -> list[AnyEndpoint]:
        from hannun.api import promtail

        return list(promtail.routes(self))

    # --- model.tail.Tailed --------------------------------------------------------------------------------------------

    def not_ready(self) -> str:
        from hannun.collect.tail.shown import NOT_READY

        return NOT_READY if self._shown is None else self._shown.not_ready()

    def targets(self) -> Sequence[TailTarget]:
        return () if self._shown is None else self._shown.targets()

    def families(self) -> Sequence[Family]:
        return self._metrics.families()

    def config_yaml(self) -> str:
        return "" if self._shown is None else self._shown.config_yaml()

    # --- pieces -------------------------------------------------------------------------------------------------------

    async def _exchange(self, plan: Plan) -> None:
        from hannun.collect.tail.shown import Shown

        config = self._config
        for lane in self._machinery.lanes:
            lane.external_labels = config.clients[0].external_labels if config and config.clients else {}
        await self._machinery.exchange(plan, None if config is None else config.positions.filename)
        assert self._machinery.tailer is not None
        self._shown = Shown(self._machinery.tailer, plan_yaml(config))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(5.0)
            tailer = self._machinery.tailer
            why = "" if tailer is None else tailer.rounds.stuck
            if why:
                from hannun.observe.problems import Severity

                self._problems.raise_(FULL, Severity.WARNING, _STUCK.with_(why=why), _STUCK_DO)
            else:
                self._problems.clear(FULL)


class OwnStore:
    """The outlet of the server itself: batches go the way that pushes go, without HTTP."""

    name = "hannun"

    def __init__(self, intake: LogIntake) -> None:
        from hannun.wire.loki import FastDecoder

        self._intake = intake
        self._decoder = FastDecoder()
        self._refused: bytes = b""

    async def deliver(self, body: bytes, tenant: str) -> None:
        prepared = await asyncio.to_thread(lambda: self._intake.prepare(self._decoder.decode(body)))
        again = body is self._refused
        if not again:
            self._intake.count_left_out(prepared, KEY)
        self._refused = body
        await self._intake.write(prepared, KEY, again=again)
        self._refused = b""

    async def close(self) -> None:
        return


KEY = "tail"


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """`server` "" where the configuration's clients say where to. `token` goes to `server` alone."""

    server: str = ""
    config: Path | None = None
    positions: Path | None = None
    token: str = ""
    folder: Path = Path("hannun-agent")
    spool_bytes_max: int = 1 << 30


class AgentTailing:
    """The agent's: the same machinery, with a lane for each client."""

    def __init__(self, options: AgentOptions) -> None:
        self._options = options
        self.metrics = TailMetrics(MeterStore(time.monotonic))
        self._machinery = Machinery(options.folder, self.metrics)
        self._shown: Shown | None = None
        self.config, self.complaints = read_promtail(options.config)
        self.clients = _clients(options, self.config)

    async def start(self) -> None:
        """Raises ConfigError, and OSError when the folder cannot be written."""
        from hannun.collect.tail.push import PushOutlet
        from hannun.collect.tail.sender import Lane, Patience
        from hannun.collect.tail.shown import Shown
        from hannun.collect.tail.spool import Spool

        config = None if self.config is None else replace(self.config, clients=self.clients)
        plan = await asyncio.to_thread(make_plan, config, self.metrics)
        for number, client in enumerate(self.clients):
            folder = self._options.folder / ("spool" if number == 0 else f"spool-{number + 1}")
            spool = await asyncio.to_thread(Spool, folder, bytes_max=self._options.spool_bytes_max // len(self.clients))
            outlet: Outlet = PushOutlet(client, self.metrics, user_agent="Hannun-agent")
            patience = Patience(client.backoff.min_ms / 1000, client.backoff.max_ms / 1000)
            await self._machinery.add_lane(
                Lane(spool, outlet, self.metrics, external_labels=client.external_labels, patience=patience)
            )
        positions = self._options.positions or (None if self.config is None else self.config.positions.filename)
        await self._machinery.exchange(plan, positions)
        assert self._machinery.tailer is not None
        self._shown = Shown(self._machinery.tailer, plan_yaml(self.config))

    async def stop(self) -> None:
        await self._machinery.stop(flush_s=5.0)

    def not_ready(self) -> str:
        from hannun.collect.tail.shown import NOT_READY

        return NOT_READY if self._shown is None else self._shown.not_ready()

    def targets(self) -> Sequence[TailTarget]:
        return () if self._shown is None else self._shown.targets()

    def families(self) -> Sequence[Family]:
        return self.metrics.families()

    def config_yaml(self) -> str:
        return "" if self._shown is None else self._shown.config_yaml()


def _clients(options: AgentOptions, config: PromtailConfig | None) -> tuple[ClientConfig, ...]:
    if not options.server:
        return () if config is None else config.clients
    auth = Authorization(credentials=Secret(options.token)) if options.token else None
    like = config.clients[0] if config is not None and config.clients else ClientConfig("")
    base = options.server.rstrip("/")
    url = base if base.endswith("/push") else f"{base}/loki/api/v1/push"
    return (replace(like, url=url, name="", http=HttpClientConfig(authorization=auth)),)


def read_promtail(file: Path | None) -> tuple[PromtailConfig | None, tuple[Complaint, ...]]:
    """Promtail's file with what there is to say about it; None without one. Blocks. Raises Refused."""
    if file is None:
        return None, ()
    from hannun.collect.tail.plan import unread
    from hannun.config.promtail.load import load

    config, complaints = load(file, os.environ)
    more = tuple(Complaint(str(file), line, _NOT_READ.with_(job=job, kind=kind)) for line, job, kind in unread(config))
    return config, (*complaints, *more)


def make_plan(config: PromtailConfig | None, metrics: TailMetrics, keep_s: float = 0.0) -> Plan:
    """`keep_s`: how old a line may be that is worth reading, 0: any age. Blocks (it looks at the machine).

    Raises ConfigError for stages that cannot be built.
    """
    if config is not None:
        from hannun.collect.tail.plan import of_config

        return of_config(config, metrics, select)
    from hannun.collect.tail.around import Machine, plan_of

    return plan_of(Machine(hostname(), keep_s=keep_s), metrics)


def select(selector: str) -> Selects:
    """A log query's matchers and stages as a test of lines (`match` stages). Raises BadQuery."""
    from hannun.query.logql.parser import parse_log_query
    from hannun.query.logql.stages.pipeline import Pipeline

    query = parse_log_query(selector)
    pipeline = Pipeline(query.stages)

    def selects(labels: Mapping[str, str], line: str) -> bool:
        if not all(matcher.matches(labels.get(matcher.name, "")) for matcher in query.matchers):
            return False
        return not query.stages or pipeline.run(line, labels, {}, 0) is not None

    return selects


def plan_yaml(config: PromtailConfig | None) -> str:
    """The file as it is written, without what may be secret."""
    if config is None or config.file is None:
        return ""
    from hannun.config.complaint import Refused
    from hannun.config.prometheus.yaml_text import dump, hide
    from hannun.config.yaml import load, to_python

    try:
        return dump(hide(to_python(load(config.file.read_bytes(), str(config.file)).root) or {}))
    except (OSError, ValueError, Refused):
        return ""


def agent_app(agent: AgentTailing) -> Starlette:
    """Promtail's pages at the root, as on its own port."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    from hannun.api import promtail

    return Starlette(routes=[Route(each.path, each.handler, methods=[each.method]) for each in promtail.routes(agent)])
