"""`journal`: systemd's journal, by its own reader: `journalctl --follow --output=json` and a cursor.

A library of C would be the other way; the program is there wherever the journal is, and follows rotations by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from hannun.collect.tail.plan import Job
from hannun.collect.tail.source import Desk, line_source
from hannun.collect.tail.target import Inlet, Item
from hannun.config.promtail.model import JournalConfig
from hannun.model.tail import TailTarget

_log = logging.getLogger("hannun.collect.tail.journal")
PRIORITIES = ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")
ENTRY_BYTES_MAX = 8 << 20
_AGAIN_S, _AGAIN_MAX_S = 1.0, 60.0


def command(program: str, config: JournalConfig, cursor: str) -> list[str]:
    """How the journal is asked; words that look like options are no matches."""
    words = [program, "--output=json", "--follow", "--no-pager", "--all", "--lines=all", "--quiet"]
    if config.path:
        words.append(f"--directory={config.path}")
    words.append(f"--after-cursor={cursor}" if cursor else f"--since=-{max(1, config.max_age_ms // 1000)}s")
    return [*words, *(match for match in config.matches.split() if not match.startswith("-"))]


def item_of(raw: bytes, job: Job, config: JournalConfig) -> Item | None:
    """One entry as a line; None for what is none, or is left with no label. Raises nothing."""
    try:
        entry = orjson.loads(raw)
    except ValueError:
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("__CURSOR"), str):
        return None
    fields = {name: text for name, value in entry.items() if (text := text_of(value)) is not None}
    labels = job.relabeler.apply({**labels_of(fields), **config.labels})
    kept = {name: value for name, value in (labels or {}).items() if not name.startswith("__")}
    if not kept:
        return None
    line = orjson.dumps(fields).decode() if config.json else fields.get("MESSAGE", "")
    at = fields.get("__REALTIME_TIMESTAMP", "")
    ts_ns = int(at) * 1000 if at.isdecimal() and len(at) < 17 else None
    return Item(line, kept, ts_ns, fields["__CURSOR"])


def labels_of(fields: Mapping[str, str]) -> dict[str, str]:
    """Promtail's `__journal_*` labels."""
    labels = {f"__journal_{name.lower()}": value for name, value in fields.items() if not name.startswith("__")}
    priority = fields.get("PRIORITY", "")
    if priority.isdecimal() and int(priority) < len(PRIORITIES):
        labels["__journal_priority_keyword"] = PRIORITIES[int(priority)]
    return labels


def text_of(value: Any) -> str | None:
    """A field as text: bytes come as a list of numbers, a field that is there twice as a list of texts."""
    match value:
        case str():
            return value
        case list() if value and all(isinstance(each, int) and 0 <= each < 256 for each in value):
            return bytes(value).decode("utf-8", "replace")
        case [str() as first, *_]:
            return first
        case _:
            return None


class JournalSource:
    def __init__(self, job: Job, config: JournalConfig, desk: Desk) -> None:
        self._job = job
        self._config = config
        self._desk = desk
        self._why = ""
        self._cursor = ""

    def targets(self) -> Iterable[TailTarget]:
        labels = tuple(sorted(self._config.labels.items()))
        where = self._config.path or "/var/log/journal"
        yield TailTarget(self._job.name, "Journal", where, labels, (), self._cursor, self._why)

    async def run(self) -> None:
        program = shutil.which("journalctl")
        if program is None:
            self._why = "there is no journalctl on this machine"
            _log.warning("job %s: %s, so its journal is not read", self._job.name, self._why)
            return
        inlet = await self._desk.open(self._job.name, "Journal", self._job.through(), f"journal-{self._job.name}")
        self._cursor = inlet.cursor
        wait_s = _AGAIN_S
        while True:
            before = self._cursor
            why = await self._follow(program, inlet)
            if why != self._why:
                _log.warning("job %s: journalctl ended: %s", self._job.name, why)
            self._why = why
            wait_s = _AGAIN_S if self._cursor != before else min(_AGAIN_MAX_S, wait_s * 2)
            await asyncio.sleep(wait_s)

    async def _follow(self, program: str, inlet: Inlet) -> str:
        """One life of the child; how it ended."""
        process = await asyncio.create_subprocess_exec(
            *command(program, self._config, self._cursor),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=ENTRY_BYTES_MAX,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        complaint = asyncio.create_task(_said(process.stderr))
        try:
            while True:
                try:
                    raw = await process.stdout.readline()
                except ValueError:
                    continue  # An entry beyond the limit: read over.
                if not raw:
                    break
                item = item_of(raw, self._job, self._config)
                if item is None:
                    continue
                self._why = ""
                await inlet.put(item)
                self._cursor = item.cursor
                self._desk.metrics.add("promtail_journal_target_lines_total")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            complaint.cancel()
            await process.wait()
        said = complaint.result() if complaint.done() and not complaint.cancelled() else ""
        return said or f"exit code {process.returncode}"


async def _said(stream: asyncio.StreamReader) -> str:
    """The last words on stderr; everything is read, so that the child never waits for us."""
    last = b""
    while chunk := await stream.read(4096):
        last = (last + chunk)[-400:]
    return last.decode("utf-8", "replace").strip().rpartition("\n")[2]


@line_source
def _journal(job: Job, desk: Desk) -> Iterator[JournalSource]:
    if job.config.journal is not None:
        yield JournalSource(job, job.config.journal, desk)
