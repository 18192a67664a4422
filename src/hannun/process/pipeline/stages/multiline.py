"""`multiline`: lines that follow a first line belong to it, until the next first line or until nobody waits longer."""

from __future__ import annotations

from hannun.gotemplate.go_time_parts import NS
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.regexes import compiled, encode
from hannun.process.pipeline.registry import Stage, stage

STREAMS_MAX = 10_000
BLOCK_CHARACTERS_MAX = 4 << 20


class _Block:
    __slots__ = ("at_s", "characters", "first", "lines")

    def __init__(self, first: Entry, at_s: float) -> None:
        self.first = first
        self.lines: list[str] = [first.line]
        self.characters = len(first.line)
        self.at_s = at_s

    def joined(self) -> Entry:
        self.first.line = "\n".join(self.lines)
        return self.first


class Multiline:
    """Blocks per stream. Lines before the first first line go through as they are."""

    def __init__(self, options: Options, context: Context) -> None:
        self._search = compiled(options, "firstline", options.needed("firstline")).search
        self._max_lines = options.whole("max_lines", 128) or 1 << 60
        self._wait_s = options.duration_ns("max_wait_time", 3 * NS) / NS
        self._now = context.monotonic_s
        self._blocks: dict[frozenset[tuple[str, str]], _Block | None] = {}

    def run(self, entry: Entry) -> list[Entry]:
        key = entry.key()
        block = self._blocks.get(key)
        is_first = self._search(encode(entry.line)) is not None
        if not is_first and key not in self._blocks:
            return [entry]
        out: list[Entry] = []
        if block is None or is_first:
            if block is not None:
                out.append(block.joined())
            # Without a first line (the block was full, or waited too long) what follows begins a block, too.
            block = self._blocks[key] = _Block(entry, self._now())
            out += self._bounded()
        else:
            block.lines.append(entry.line)
            block.characters += len(entry.line)
            block.at_s = self._now()
        if len(block.lines) >= self._max_lines or block.characters >= BLOCK_CHARACTERS_MAX:
            out.append(block.joined())
            self._blocks[key] = None
        return out

    @property
    def holds(self) -> bool:
        return any(block is not None for block in self._blocks.values())

    def flush(self, *, everything: bool) -> list[Entry]:
        now = self._now()
        out: list[Entry] = []
        for key, block in list(self._blocks.items()):
            if block is not None and (everything or now - block.at_s >= self._wait_s):
                out.append(block.joined())
                self._blocks[key] = None
        return out

    def _bounded(self) -> list[Entry]:
        if len(self._blocks) <= STREAMS_MAX:
            return []
        oldest = next(iter(self._blocks))
        block = self._blocks.pop(oldest)
        return [] if block is None else [block.joined()]


@stage("multiline")
def _multiline(options: Options, context: Context) -> Stage:
    return Multiline(options, context)
