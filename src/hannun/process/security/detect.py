"""Counts of security events in a batch of lines, by kind and stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hannun.model.log import LogBatch, TextColumn
from hannun.model.security import SecurityRule
from hannun.process.security.rules import Rule
from hannun.process.security.scan import RULES_MAX, find, pieces

CHECKED_BYTES_MAX = 8_192
"""An expression is looked for in this much of a line; what attacks stands at its beginning."""


class Detector:
    """Frozen after it is made; any thread may ask. Raises ValueError for more than RULES_MAX rules, BadQuery."""

    def __init__(self, rules: Sequence[SecurityRule]) -> None:
        if len(rules) > RULES_MAX:
            raise ValueError(f"{len(rules)} security rules; at most {RULES_MAX} are taken")
        self._rules = tuple(Rule(rule) for rule in rules)
        self._pieces = pieces([(piece, number) for number, rule in enumerate(rules) for piece in rule.pieces])

    def count(self, batch: LogBatch) -> Counter[tuple[str, int]]:
        """Lines per (kind, stream id); a line counts once per kind."""
        counts: Counter[tuple[str, int]] = Counter()
        for line, kinds in self.kinds(batch.body, batch.said).items():
            stream = int(batch.stream[line])
            for kind in kinds:
                counts[kind, stream] += 1
        return counts

    def kinds(self, body: TextColumn, said: TextColumn | None = None) -> dict[int, frozenset[str]]:
        """Kinds by the number of the line; lines of no kind are left out. Escapes are read as what they say."""
        found = find(body.data, body.offsets, self._pieces)
        if said is not None:
            found |= find(said.data, said.offsets, self._pieces)
        out: dict[int, frozenset[str]] = {}
        lines = np.flatnonzero(found)
        read, read_said = _texts(body, lines), _texts(said, lines) if said is not None else None
        for index, (line, bits) in enumerate(zip(lines.tolist(), found[lines].tolist(), strict=True)):
            text = (read_said(index) if read_said is not None else b"") or read(index)
            if kinds := self._kinds(bits, text):
                out[line] = kinds
        return out

    def _kinds(self, bits: int, text: bytes) -> frozenset[str]:
        kinds: list[str] = []
        while bits:
            lowest = bits & -bits
            bits ^= lowest
            each = self._rules[lowest.bit_length() - 1]
            if each.holds(text):
                kinds.append(each.rule.kind)
        return frozenset(kinds)


def _texts(column: TextColumn, lines: NDArray[np.int64]) -> Callable[[int], bytes]:
    """Reads the text of one of `lines` by its position among them, as much of it as is looked at."""
    starts = column.offsets[lines]
    ends = np.minimum(column.offsets[lines + 1], starts + CHECKED_BYTES_MAX).tolist()
    begins, view = starts.tolist(), column.data.data
    return lambda index: bytes(view[begins[index] : ends[index]])
