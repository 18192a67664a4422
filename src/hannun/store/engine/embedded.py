"""chDB: ClickHouse inside this process.

What a reader would question: chDB reads `./config.xml` of the working directory, both at import and at the first
connect, so both happen in a private empty directory. The Arrow rows of an insert go in as one IPC stream through a
file in memory: `FROM Python(table)` costs more and looks into callers' frames, and `send_insert`, which would be the
cheapest, reports success when the insert failed (measured on a full disk: 1,500 inserts "written", 128 stored). A
large answer is read by `send_query`, because a materialised one stays in the engine's memory as a whole.

chDB catches the signals of a crash (SIGSEGV, SIGABRT, SIGBUS and more) for the whole process, whoever caused it:
it answers nothing more (code 236), waits five minutes for a log writer that the embedded build does not have, and keeps
the process standing all the while. Its handlers are taken off: a process that crashed is gone at once, and whoever
watches over it starts it again.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import json
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.errors import HannunError, StoreLost, StoreUnavailable
from hannun.store.engine import native
from hannun.store.engine.config import EngineLimits, server_xml, session_options
from hannun.store.engine.errors import LOST, translate
from hannun.store.engine.params import encode
from hannun.store.engine.port import Block, Params
from hannun.store.engine.reading import Parts, Readings

_LOADING = threading.Lock()
PURGE_AFTER_BYTES = 64 << 20
PURGE_QUIET_S = 3.0
IDLE_CONNECTIONS = 8
QUERY_FLOOR_S = 0.01
KILL_EVERY_S = 0.05
ALLOCATOR = "tcache_max:1024,tcache_nslots_small_max:20"
"""What each of the engine's threads keeps for itself of freed memory, read once when the library loads.

Measured in turns with jemalloc's own sizes, five rounds of 80 commits of 16k rows with their merges and 30 reads of
1.4 M rows: 88 against 96 MiB of private memory afterwards; CPU of commits (18.4 ms each) and of reads is equal within
the rounds' own spread of a sixth."""


class ChdbEngine:
    """Open with `ChdbEngine.open`. One per process and path."""

    def __init__(
        self, chdb: ModuleType, url: str, first: Any, limits: EngineLimits, private: tempfile.TemporaryDirectory[str]
    ) -> None:
        self._chdb = chdb
        self._url = url
        self._first = first
        self._private = private
        self.limits = limits
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._open = True
        self._running: Counter[str] = Counter()
        self._busy = 0
        self._all_home = threading.Condition(self._lock)
        self._streamed_bytes = 0
        self._purge: threading.Timer | None = None
        self._readings = Readings()
        self._lost = False
        self._on_lost: Callable[[], None] = _nothing

    @property
    def lost(self) -> bool:
        """The engine has ended itself: every call raises StoreLost from now on, in this process for ever."""
        return self._lost

    def on_lost(self, tell: Callable[[], None]) -> None:
        """Call `tell` once when the engine is lost, from whatever thread notices it; at once when it is already."""
        with self._lock:
            self._on_lost = _nothing if self._lost else tell
            already = self._lost
        if already:
            tell()

    @staticmethod
    def open(path: Path, *, memory_bytes: int, threads: int | None = None) -> ChdbEngine:
        """The engine over `path`, created when missing. The caller holds the lock of the data directory."""
        limits = EngineLimits.of(memory_bytes, threads, os.cpu_count() or 1)
        absolute = str(path.absolute())
        if "?" in absolute:
            raise StoreUnavailable(
                f"the engine cannot open {absolute!r}: a '?' in the path ends it. Use another --data-dir"
            )
        private = tempfile.TemporaryDirectory(prefix="hannun-engine-")
        settings = Path(private.name) / "engine-settings.xml"
        settings.write_text(server_xml(limits), encoding="utf-8")
        options = {"config-file": str(settings), **session_options(limits)}
        url = absolute + "?" + "&".join(f"{name}={value}" for name, value in options.items())
        empty = Path(private.name) / "empty"
        empty.mkdir()
        with _LOADING, _working_directory(empty):
            os.environ.setdefault("JE_MALLOC_CONF", ALLOCATOR)
            _leave_pandas_out()
            chdb: Any = importlib.import_module("chdb")
            _leave_crashes_alone(importlib.import_module("chdb._chdb"))
            try:
                first = chdb.connect(url)
            except Exception as err:
                private.cleanup()
                raise translate(str(err), writing=True) from err
        return ChdbEngine(chdb, url, first, limits, private)

    def execute(self, sql: str, params: Params | None = None) -> None:
        with self._connection() as connection, self._translated(writing=True):
            connection.query(sql, "Null", params=encode(params))

    def query_rows(self, sql: str, params: Params | None = None, budget: Budget | None = None) -> list[tuple[Any, ...]]:
        lines = b"".join(self._fetch(sql, "JSONCompactEachRow", params, budget)).splitlines()
        return [tuple(json.loads(line)) for line in lines if line]

    def query_arrow(self, sql: str, params: Params | None = None, budget: Budget | None = None) -> pa.Table:
        # Each fetched chunk is an Arrow stream of its own, with a schema and an end; joined, only the first is read.
        chunks = [body for body in self._fetch(sql, "ArrowStream", params, budget) if body]
        tables = [pa.ipc.open_stream(body).read_all() for body in chunks]
        return pa.concat_tables(tables) if tables else pa.table({})

    def stream_arrow(self, sql: str, params: Params | None, budget: Budget) -> Iterator[pa.RecordBatch]:
        return self._readings.of(self._batches(sql, params, budget))

    def _batches(self, sql: str, params: Params | None, budget: Budget) -> Parts[pa.RecordBatch]:
        # Each fetched chunk is an Arrow stream of its own.
        for chunk in self._stream(sql, "ArrowStream", params, budget):
            body = chunk.bytes()
            self._streamed_bytes += len(body)
            if body:
                yield from pa.ipc.open_stream(body)

    def stream_native(self, sql: str, params: Params | None, budget: Budget) -> Iterator[Block]:
        return self._readings.of(self._blocks(sql, params, budget))

    def _blocks(self, sql: str, params: Params | None, budget: Budget) -> Parts[Block]:
        # One thread reads each part in its order; more do not help a stream that one thread formats (measured: 153
        # against 168 ms CPU for 14.4 M rows, equal wall time).
        for chunk in self._stream(sql, "Native", params, budget, ", max_threads = 1"):
            memory = chunk.get_memview().view()
            self._streamed_bytes += len(memory)
            yield from native.blocks(memory)

    def insert_arrow(self, table: str, rows: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(rows)
        columns = ", ".join(rows.column_names)
        with _in_memory_file(sink.getvalue()) as path, self._connection() as connection, self._translated(writing=True):
            # One thread, so that rows keep their order: of two with one key the later must win.
            connection.query(
                f"INSERT INTO {table} ({columns})\nSELECT {columns}\nFROM file('{path}', 'ArrowStream')\n"
                "SETTINGS max_threads = 1",
                "Null",
            )
        self._streamed_bytes += rows.nbytes
        self._purge_soon()

    def kill(self, tag: str) -> None:
        if not self._running[tag]:
            return
        sql = "KILL QUERY WHERE startsWith(query, {mark:String}) ASYNC"
        try:
            with self._connection() as connection:
                connection.query(sql, "Null", params={"mark": _mark(tag)})
        except (StoreUnavailable, RuntimeError, self._chdb.ChdbError):
            return  # Closing, or gone in between: nothing is left to stop.

    def memory_bytes(self) -> int:
        rows = self.query_rows("SELECT value FROM system.metrics WHERE metric = 'MemoryTracking'")
        return int(rows[0][0]) if rows else 0

    def purge(self) -> None:
        """Give the pages of finished reads and writes back to the system: the engine's allocator, Arrow's and libc's.

        Measured after selects of 14 M rows: libc alone sat on 67 MB of free memory between small live objects.
        """
        self.execute("SYSTEM JEMALLOC PURGE")
        pa.default_memory_pool().release_unused()
        with suppress(OSError, AttributeError):  # musl has no malloc_trim, and frees by itself
            ctypes.CDLL(None).malloc_trim(0)

    def close(self) -> None:
        with self._lock:
            if not self._open:
                return
            running = tuple(self._running)
            purge, self._purge = self._purge, None
        if purge is not None:
            purge.cancel()
        for tag in running:
            self.kill(tag)
        self._readings.close_all()
        with self._lock:
            self._open = False
            self._all_home.wait_for(lambda: self._busy == 0, timeout=10.0)
            idle, self._idle = self._idle, []
        for connection in (*idle, self._first):
            connection.close()
        self._private.cleanup()

    def _fetch(self, sql: str, form: str, params: Params | None, budget: Budget | None) -> Iterator[bytes]:
        if budget is not None:
            for chunk in self._stream(sql, form, params, budget):
                yield chunk.bytes()
            return
        with self._connection() as connection, self._translated():
            yield connection.query(sql, form, params=encode(params)).bytes()

    def _stream(self, sql: str, form: str, params: Params | None, budget: Budget, settings: str = "") -> Iterator[Any]:
        """Chunks of one answer under its budget: deadline and memory cap in the engine, cancel from outside."""
        budget.check()
        seconds = max(budget.remaining_s(), QUERY_FLOOR_S)
        memory = max(min(budget.bytes_max, self.limits.query_bytes), 1 << 20)
        limits = f"max_execution_time = {seconds:.3f}, max_memory_usage = {memory}{settings}"
        text = f"{_mark(budget.tag)}{sql}\nSETTINGS {limits}"
        over = threading.Event()
        with self._connection() as connection, self._killable(budget, over), self._translated():
            stream = connection.send_query(text, form, params=encode(params))
            try:
                while (chunk := stream.fetch()) is not None:
                    # What was looked at since the chunk before. Of an answer without rows the engine tells nothing.
                    budget.rows_read += chunk.storage_rows_read()
                    budget.bytes_read += chunk.storage_bytes_read()
                    yield chunk
                    budget.check()
            finally:
                over.set()
                stream.cancel()
        self._purge_soon()

    @contextmanager
    def _killable(self, budget: Budget, over: threading.Event) -> Iterator[None]:
        """Registered under its tag; a cancel starts a thread that kills until the query is over.

        Once is not enough: a cancel that comes before the engine has registered the query finds nothing to kill.
        """

        def keep_killing() -> None:
            while not over.is_set():
                self.kill(budget.tag)
                over.wait(KILL_EVERY_S)

        def stop() -> None:
            threading.Thread(target=keep_killing, name="hannun-kill", daemon=True).start()

        with self._lock:
            self._running[budget.tag] += 1
        try:
            with budget.on_cancel(stop):
                yield
        finally:
            over.set()
            with self._lock:
                self._running[budget.tag] -= 1
                self._running += Counter()  # forgets the tags that stand at zero

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        self._readings.close_left()
        with self._lock:
            if not self._open:
                raise StoreUnavailable("the store is closing")
            if self._lost:
                raise StoreLost(LOST)
            self._busy += 1
            connection = self._idle.pop() if self._idle else None
        whole = False
        try:
            if connection is None:
                with self._translated(writing=True):
                    connection = self._chdb.connect(self._url)
            yield connection
            whole = True
        finally:
            # A query that failed or was left early keeps its half-written output in the connection, where the next
            # answer would be appended to it (measured with Arrow and a deadline): such a connection is not used again.
            with self._lock:
                self._busy -= 1
                keep = whole and self._open and len(self._idle) < IDLE_CONNECTIONS
                if keep:
                    self._idle.append(connection)
                self._all_home.notify_all()
            if connection is not None and not keep:
                connection.close()

    @contextmanager
    def _translated(self, *, writing: bool = False) -> Iterator[None]:
        try:
            yield
        except (HannunError, GeneratorExit):
            raise
        except Exception as err:  # chDB raises ChdbError, RuntimeError and ValueError for engine errors
            if isinstance(err, (TypeError, KeyError, pa.ArrowInvalid)):
                raise
            found = translate(str(err), writing=writing)
            if isinstance(found, StoreLost):
                self._lose()
            raise found from err

    def _lose(self) -> None:
        with self._lock:
            self._lost = True
            tell, self._on_lost = self._on_lost, _nothing
        tell()

    def _purge_soon(self) -> None:
        """After heavy reads and a quiet moment, not after each: a purged page must be faulted in again."""
        with self._lock:
            if self._streamed_bytes < PURGE_AFTER_BYTES or self._purge is not None or not self._open:
                return
            self._streamed_bytes = 0
            self._purge = threading.Timer(PURGE_QUIET_S, self._purge_now)
            self._purge.daemon = True
            self._purge.start()

    def _purge_now(self) -> None:
        with self._lock:
            self._purge = None
        try:
            self.purge()
        except HannunError:
            return  # Only closing or a starved engine refuse this, and both have said so elsewhere.


@contextmanager
def _in_memory_file(body: pa.Buffer) -> Iterator[str]:
    """A path that the engine can read `body` from. Nothing touches a disk."""
    fd = os.memfd_create("hannun-rows", os.MFD_CLOEXEC)
    try:
        left = memoryview(body)
        while left:
            left = left[os.write(fd, left) :]
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _nothing() -> None:
    pass


def _leave_crashes_alone(extension: Any) -> None:
    """Take chDB's handlers off the signals of a crash. It resets those signals for everybody, so Python's own report of
    where it crashed, where somebody wants it, is put back: on stderr, and the process ends by the signal."""
    reported = faulthandler.is_enabled()
    extension.set_signal_handlers_enabled(0)
    if reported:
        faulthandler.disable()
        with suppress(OSError, RuntimeError):  # stderr is no file (a test that captures it), or there is none
            faulthandler.enable()


class _NoPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError("left out")


def _leave_pandas_out() -> None:
    """Arrow looks for pandas once, at its first conversion, and would load 40 MB that nothing here uses."""
    if "pandas" in sys.modules:
        return
    absent = _NoPandas()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(absent)


def _mark(tag: str) -> str:
    return f"/* {tag} */ "


@contextmanager
def _working_directory(path: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
