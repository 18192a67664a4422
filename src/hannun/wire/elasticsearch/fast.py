"""The bulk decoder of the hot path: one compiled scan; odd documents, and whole odd bodies, go to the plain decoder."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, tzinfo

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import WireError
from hannun.wire.elasticsearch import plain, scan
from hannun.wire.elasticsearch.plain import SALT, Bulk, Item
from hannun.wire.elasticsearch.room import Room, scanned
from hannun.wire.loki.columns import Bytes, ColumnsBuilder, Pairs, PushColumns
from hannun.wire.loki.limits import PushLimits

_NAMES = tuple(name for name, _ in plain.LABELS)


class BulkDecoder:
    """Safe to use from several threads at once; the scan runs without the GIL."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()
        self._seed = np.uint64(secrets.randbits(64))

    def decode(self, body: bytes, *, now_ns: int, index: str = "", zone: tzinfo = UTC) -> Bulk:
        """`index`: of the path. Raises what `plain.decode_bulk` raises."""
        view = np.frombuffer(body, dtype=np.uint8)
        room = scanned(view, self._seed, now_ns, self._limits)
        if room is not None:
            try:
                spans = room.actions[: room.tally[scan.ACTIONS]].tolist()
                actions = [plain.action_of(body[start:end], 0, index) for start, end in spans]
            except WireError:
                room = None  # Only the plain decoder knows the number of the line.
        if room is None:
            return plain.decode_bulk(body, now_ns=now_ns, index=index, zone=zone, limits=self._limits)
        return self._bulk(body, room, actions, now_ns, zone)

    def _bulk(self, body: bytes, room: Room, actions: list[Item], now_ns: int, zone: tzinfo) -> Bulk:
        count, told, _, written = room.tally.tolist()
        documents, odd = room.documents[:count], np.flatnonzero(room.odd[:count])
        of_action = documents[:, scan.ACTION]
        items = [actions[which] for which in of_action.tolist()]
        built = ColumnsBuilder(SALT)
        stored = np.ones(count, dtype=np.bool_)
        for position in odd.tolist():
            start, end = documents[position, scan.LINE : scan.LINE + 2].tolist()
            try:
                plain.add(built, plain.document_of(body[start:end]), items[position].index, now_ns, zone)
            except WireError as err:
                items[position] = replace(items[position], error=str(err))
                stored[position] = False
        rest = built.columns()
        odd = odd[stored[odd]]
        begins, counts = _pairs_of_lines(room.ends[:count], told, odd, rest)
        self._limits.check_pairs(int(counts.sum()))
        times, lines = room.times[:count], documents[:, scan.MESSAGE : scan.MESSAGE + 2].copy()
        times[odd], lines[odd] = rest.ts_ns, rest.lines + written
        rows_of_rest = np.repeat(np.arange(len(rest.counts)), rest.counts)
        keys = room.keys[:count] ^ _salts(actions)[of_action]
        keys[odd] = rest.keys[rows_of_rest]
        text = room.text[:written]
        if len(rest.text):
            text = np.concatenate((text, rest.text))
        kept = np.flatnonzero(stored)
        keys, begins, counts = keys[kept], begins[kept], counts[kept]
        rows = np.flatnonzero(np.concatenate(([True], (keys[1:] != keys[:-1]).any(axis=1)))) if len(kept) else kept
        row_of_rest = np.full(count, -1, dtype=np.int64)
        row_of_rest[odd] = rows_of_rest
        offsets = np.zeros(len(kept) + 1, dtype=np.int64)
        np.cumsum(counts, out=offsets[1:])
        pairs = room.pairs[:told]
        if rest.pairs is not None:
            pairs = np.concatenate((pairs, rest.pairs + written))
        if len(odd) or len(kept) < count:
            pairs = pairs[np.repeat(begins - offsets[:-1], counts) + np.arange(offsets[-1])]
        positions = np.full(count, -1, dtype=np.int64)
        positions[kept] = np.arange(len(kept))
        columns = PushColumns(
            text=text,
            keys=keys[rows],
            counts=np.diff(np.append(rows, len(kept))),
            ts_ns=times[kept],
            lines=lines[kept],
            pairs_of=_Labels(text, documents, items, kept[rows], row_of_rest, rest),
            pairs=pairs if len(pairs) else None,
            pair_offsets=offsets if len(pairs) else None,
        )
        return Bulk(columns, items, positions.tolist())


def _pairs_of_lines(
    ends: NDArray[np.int64], told: int, odd: NDArray[np.int64], rest: PushColumns
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the pairs of each document begin, and how many it has; those of odd ones stand behind all others."""
    counts = np.diff(ends, prepend=0)
    begins = ends - counts
    if rest.pair_offsets is not None:
        counts[odd] = np.diff(rest.pair_offsets)
        begins[odd] = told + rest.pair_offsets[:-1]
    return begins, counts


def _salts(actions: Sequence[Item]) -> NDArray[np.uint64]:
    """uint64[n, 2]: what the name of the index adds to the key of a stream."""
    known = {
        item.index: hashlib.blake2b(item.index.encode("utf-8", "surrogatepass"), digest_size=16) for item in actions
    }
    digests = {index: found.digest() for index, found in known.items()}
    return np.frombuffer(b"".join(digests[item.index] for item in actions), dtype=np.uint64).reshape(-1, 2)


class _Labels:
    """Reads the labels of a row from its first document. `rows`: the number of that document."""

    def __init__(
        self,
        text: Bytes,
        documents: NDArray[np.int64],
        items: Sequence[Item],
        rows: NDArray[np.int64],
        row_of_rest: NDArray[np.int64],
        rest: PushColumns,
    ) -> None:
        self._text, self._documents, self._items, self._rows = text, documents, items, rows
        self._row_of_rest, self._rest = row_of_rest, rest

    def __call__(self, index: int) -> Pairs:
        document = int(self._rows[index])
        row = int(self._row_of_rest[document])
        if row >= 0:
            return self._rest.pairs_of(row)
        name = self._items[document].index
        labels = {"index": name} if name else {}
        spans = self._documents[document, scan.LABEL :].reshape(-1, 2).tolist()
        for label, (start, end) in zip(_NAMES, spans, strict=True):
            if end > start:
                labels[label] = self._text[start:end].tobytes().decode("utf-8", "replace")
        return sorted(labels.items())


def warm() -> None:
    """Compile (or load from numba's cache) the scan, so that no request waits for it."""
    BulkDecoder().decode(b'{"create":{}}\n{"message":"a","tags":["b"],"at":{"n":1.5,"z":null}}\n', now_ns=1)
