"""`hannun import …`: history from elsewhere into a running server, by remote write.

Nothing is stored twice, so a command that was interrupted is run again; memory does not grow with what is read.
"""

from __future__ import annotations

import json
import mmap
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from hannun.cli.client import Client, server_options
from hannun.cli.command import Argument, group
from hannun.cli.terminal import CommandError, Terminal
from hannun.model.text import Text

if TYPE_CHECKING:
    from hannun.cli.remote_writer import RemoteWriter

READ_BYTES = 1 << 20

import_ = group("import", Text(en="Bring history from elsewhere", ko="다른 곳의 과거 데이터를 가져옵니다"))


@import_.command_of(
    "openmetrics",
    Text(
        en="Send an OpenMetrics file to a running server\n"
        "Every line needs its time and the last line is # EOF, as promtool wants it.",
        ko="OpenMetrics 파일을 실행 중인 서버로 보냅니다\n"
        "promtool과 마찬가지로 줄마다 시각이 있어야 하고 마지막 줄은 # EOF여야 합니다.",
    ),
    Argument("file", text=Text(en="The file, - for stdin", ko="파일. -는 표준 입력"), metavar="FILE"),
    *server_options(),
)
def openmetrics(terminal: Terminal, file: str, url: str | None, token: str | None, **where: str | None) -> None:
    from hannun.cli.remote_writer import remote_writer
    from hannun.wire.openmetrics_backfill import Backfill

    client = Client.of(terminal, url, token, where)
    with ExitStack() as opened:
        source: BinaryIO = sys.stdin.buffer if file == "-" else opened.enter_context(Path(file).open("rb"))
        size = 0 if file == "-" else Path(file).stat().st_size
        writer = opened.enter_context(remote_writer(terminal, client))
        told: tuple[Any, ...] = ()
        read = 0

        def parts() -> Iterator[bytes]:
            nonlocal read
            while part := source.read(READ_BYTES):
                read += len(part)
                yield part

        for batch in Backfill().read(parts()):
            writer.send(batch.series, batch.metadata if batch.metadata != told else ())
            told = batch.metadata
            writer.progress(f"{read * 100 // size} %" if size else f"{read >> 20} MiB")


@import_.command_of(
    "prometheus",
    Text(
        en="Send what a Prometheus has stored to a running server\n"
        "DIR is its data directory (--storage.tsdb.path), a snapshot of it, or one block.",
        ko="Prometheus가 저장한 데이터를 실행 중인 서버로 보냅니다\n"
        "DIR는 데이터 디렉터리(--storage.tsdb.path), 그 스냅숏 또는 블록 하나입니다.",
    ),
    Argument("directory", text=Text(en="The directory", ko="디렉터리"), metavar="DIR"),
    *server_options(),
)
def prometheus(terminal: Terminal, directory: str, url: str | None, token: str | None, **where: str | None) -> None:
    from hannun.cli.remote_writer import remote_writer

    client = Client.of(terminal, url, token, where)
    folder = Path(directory)
    blocks = _blocks(folder)
    log = folder / "wal"
    if not blocks and not log.is_dir():
        raise CommandError(_NOTHING.with_(path=folder))
    with remote_writer(terminal, client) as writer:
        for number, block in enumerate(blocks, 1):
            _send_block(writer, block, f"{number}/{len(blocks)}")
        if log.is_dir():
            _send_log(terminal, writer, log)


def _blocks(folder: Path) -> list[Path]:
    """Directories of blocks, oldest first. One that is being written or deleted has no complete meta.json."""
    found: list[tuple[int, Path]] = []
    for one in [folder, *sorted(folder.iterdir())] if folder.is_dir() else []:
        if one.suffix or not (one / "index").is_file():
            continue
        try:
            found.append((int(json.loads((one / "meta.json").read_bytes())["minTime"]), one))
        except (OSError, ValueError, KeyError, TypeError) as err:
            raise CommandError(_BAD_BLOCK.with_(path=one, why=f"meta.json: {err}")) from err
    return [one for _, one in sorted(found)]


def _send_block(writer: RemoteWriter, block: Path, which: str) -> None:
    from hannun.model.errors import WireError
    from hannun.wire.tsdb import Chunks, Index, Tombstones, read_tombstones

    with ExitStack() as opened:
        segments = sorted(path for path in (block / "chunks").iterdir() if path.name.isdigit())
        try:
            index = Index(_mapped(block / "index", opened))
            chunks = Chunks([_mapped(path, opened) for path in segments])
            deleted = block / "tombstones"
            tombstones = read_tombstones(deleted.read_bytes()) if deleted.is_file() else Tombstones({})
            _send_series(writer, index, chunks, tombstones, which)
        except WireError as err:
            raise CommandError(_BAD_BLOCK.with_(path=block, why=str(err).replace("{", "(").replace("}", ")"))) from err


def _send_series(writer: RemoteWriter, index: Any, chunks: Any, tombstones: Any, which: str) -> None:
    import numpy as np

    from hannun.cli.import_pending import Pending

    pending = Pending(writer)
    for series in index.series():
        for ref in series.chunks:
            found = chunks.read(ref)
            for ts_ms, histogram in found.histograms or ():
                alive = tombstones.alive(series.ref, np.array([ts_ms]))
                if alive is None or alive[0]:
                    pending.add_histogram(series.labels, ts_ms, histogram)
            alive = tombstones.alive(series.ref, found.ts_ms)
            if alive is None:
                pending.add(series.labels, found.ts_ms, found.value)
            elif np.any(alive):
                pending.add(series.labels, found.ts_ms[alive], found.value[alive])
        writer.progress(which)
    pending.send()


def _send_log(terminal: Terminal, writer: RemoteWriter, log: Path) -> None:
    """The newest checkpoint and the segments behind it."""
    from hannun.cli.import_pending import LogPending
    from hannun.model.errors import WireError
    from hannun.wire.tsdb import WalReader, records

    reader = WalReader()
    samples = LogPending(writer)
    checkpoints = sorted(path for path in log.glob("checkpoint.*") if path.name[11:].isdigit())
    first = int(checkpoints[-1].name[11:]) + 1 if checkpoints else 0
    files = sorted(checkpoints[-1].iterdir()) if checkpoints else []
    files += sorted(path for path in log.iterdir() if path.name.isdigit() and int(path.name) >= first)
    for number, file in enumerate(files, 1):
        with ExitStack() as opened:
            try:
                for record in records(_mapped(file, opened)):
                    samples.take(reader.read(record))
            except WireError as err:
                # The end of a log that is being written, or was when its Prometheus died: what is whole is taken.
                if file != files[-1]:
                    terminal.warn(_BAD_LOG.with_(path=file, why=str(err).replace("{", "(").replace("}", ")")))
        writer.progress(f"wal {number}/{len(files)}")
    samples.send()


def _mapped(path: Path, opened: ExitStack) -> bytes | memoryview:
    """A file's bytes without reading them into memory."""
    file = opened.enter_context(path.open("rb"))
    if not path.stat().st_size:
        return b""
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    # Not closed by hand: views of it may live until the block is done, and it goes when they do.
    return memoryview(memory)


_NOTHING = Text(
    en="{path} holds no blocks and no wal; name the data directory of a Prometheus",
    ko="{path}: 블록도 wal도 없습니다. Prometheus의 데이터 디렉터리를 지정해 주세요",
)
_BAD_BLOCK = Text(en="the block {path} cannot be read: {why}", ko="블록 {path}: 읽을 수 없습니다: {why}")
_BAD_LOG = Text(
    en="{path}: the rest of this file is left out: {why}", ko="{path}: 이 파일의 나머지는 건너뜁니다: {why}"
)
