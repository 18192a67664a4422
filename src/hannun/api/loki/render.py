"""Answers of LogQL -> the JSON that Loki sends: streams of lines, vectors, matrices, scalars, statistics. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hannun.api.loki.answers import json, success
from hannun.model.labels import Labels
from hannun.query.logql.found import FoundLine, Lines, Series, Statistics
from hannun.query.promql.answer import Answer
from hannun.query.promql.numbers import plain_float
from hannun.query.promql.render import matrix_json, vector_json

CATEGORIZE = "categorize-labels"
FLAGS_HEADER = "x-loki-response-encoding-flags"
PIECE_CHARACTERS = 1 << 20
_NO_STORE = {
    "totalChunksRef": 0,
    "totalChunksDownloaded": 0,
    "chunksDownloadTime": 0,
    "queryReferencedStructuredMetadata": False,
    "chunk": {
        "headChunkBytes": 0,
        "headChunkLines": 0,
        "decompressedBytes": 0,
        "decompressedLines": 0,
        "compressedBytes": 0,
        "totalDuplicates": 0,
    },
    "chunkRefsFetchTime": 0,
    "congestionControlLatency": 0,
    "pipelineWrapperFilteredLines": 0,
}


def lines_answer(found: Lines, *, backward: bool, categorized: bool) -> list[bytes]:
    """`{"resultType":"streams",…}` in the envelope."""
    flags = b'"encodingFlags":["categorize-labels"],' if categorized else b""
    streams = _pieces(streams_of(found.lines, backward=backward, categorized=categorized))
    data = [b'{"resultType":"streams",' + flags + b'"result":[', *streams, b'],"stats":', stats(found.statistics), b"}"]
    return success(data)


def _pieces(streams: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    """Written bit by bit: one call for a hundred megabytes would hold the interpreter for a quarter of a second."""
    for number, one in enumerate(streams):
        yield (b"," if number else b"") + b'{"stream":' + json(one["stream"]) + b',"values":['
        waiting: list[list[Any]] = []
        characters, comma = 0, b""
        for value in one["values"]:
            waiting.append(value)
            characters += len(value[1])
            if characters > PIECE_CHARACTERS:
                yield comma + json(waiting)[1:-1]
                waiting, characters, comma = [], 0, b","
        yield (comma + json(waiting)[1:-1] if waiting else b"") + b"]}"


def streams_of(lines: Sequence[FoundLine], *, backward: bool, categorized: bool) -> list[dict[str, Any]]:
    """One object for each set of labels, its lines in the order asked for."""
    streams: dict[Labels, list[list[Any]]] = {}
    for line in lines:
        value: list[Any] = [str(line.ts_ns), line.line]
        if categorized:
            labels = line.stream
            value.append(categories(line))
        else:
            labels = merged(line)
        streams.setdefault(labels, []).append(value)
    found = sorted(streams.items(), key=lambda item: item[0].pairs)
    return [{"stream": dict(labels.pairs), "values": values} for labels, values in found]


def merged(line: FoundLine) -> Labels:
    """All labels of a line in one set, as Loki shows them to who asks for no categories."""
    if not line.metadata and not line.parsed:
        return line.stream
    return Labels.of({**dict(line.stream.pairs), **line.metadata, **line.parsed})


def categories(line: FoundLine) -> dict[str, dict[str, str]]:
    named = (("structuredMetadata", line.metadata), ("parsed", line.parsed))
    return {name: dict(sorted(labels.items())) for name, labels in named if labels}


def series_answer(found: Series) -> list[bytes]:
    """A vector, matrix or scalar in the envelope."""
    answer = found.answer
    data = [f'{{"resultType":"{answer.kind}","result":'.encode(), *_result(answer), b',"stats":']
    return success([*data, stats(found.statistics), b"}"])


def _result(answer: Answer) -> Iterator[bytes]:
    match answer.kind:
        case "scalar":
            # Milliseconds here, where everything else has seconds: so does Loki.
            yield f'[{answer.start_ms},"{plain_float(float(answer.values[0, 0]))}"]'.encode()
        case "vector":
            yield _plain(answer) if _needs_exponent(answer) else vector_json(answer)
        case _:
            yield _plain(answer) if _needs_exponent(answer) else matrix_json(answer)


def _needs_exponent(answer: Answer) -> bool:
    """Whether PromQL's renderer would write an exponent somewhere; Loki never does."""
    size = np.abs(np.where(answer.present, answer.values, 0.0))
    return bool(((size >= 1e21) & np.isfinite(size)).any() or ((size < 1e-6) & (size != 0)).any())


def _plain(answer: Answer) -> bytes:
    """The same JSON value by value, with all digits."""
    out = []
    for row, labels in enumerate(answer.labels):
        points = [
            [(answer.start_ms + k * answer.step_ms) / 1000, plain_float(float(answer.values[row, k]))]
            for k in np.flatnonzero(answer.present[row]).tolist()
        ]
        if points:
            shown = {"value": points[0]} if answer.kind == "vector" else {"values": points}
            out.append({"metric": dict(labels.pairs), **shown})
    return json(out)


def without_empty(answer: Answer) -> Answer:
    """Without series that have no point."""
    rows = np.flatnonzero(answer.present.any(axis=1))
    return replace(
        answer,
        labels=tuple([answer.labels[row] for row in rows.tolist()]),
        values=answer.values[rows],
        present=answer.present[rows],
    )


def stats(of: Statistics) -> bytes:
    """Grafana shows the summary; the rest is what Loki's stores would say and has no meaning here."""
    seconds = max(of.execute_s, 1e-9)
    summary = {
        "bytesProcessedPerSecond": int(of.bytes_read / seconds),
        "linesProcessedPerSecond": int(of.rows_read / seconds),
        "totalBytesProcessed": of.bytes_read,
        "totalLinesProcessed": of.rows_read,
        "execTime": of.execute_s,
        "queueTime": 0,
        "subqueries": 0,
        "totalEntriesReturned": of.returned,
        "splits": 1,
        "shards": 1,
        "totalPostFilterLines": of.returned,
        "totalStructuredMetadataBytesProcessed": 0,
    }
    ingester = {
        "totalReached": 0,
        "totalChunksMatched": 0,
        "totalBatches": 0,
        "totalLinesSent": 0,
        "store": _NO_STORE,
    }
    return json({"summary": summary, "querier": {"store": _NO_STORE}, "ingester": ingester, "cache": {}})
