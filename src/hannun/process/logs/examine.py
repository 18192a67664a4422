"""Everything that is read out of log lines before they are stored: severity, ids of the trace, what escapes say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hannun.model.log import Attributes, Severities, TextColumn
from hannun.process.logs import ids, levels, metadata, scan
from hannun.process.logs.said import said

FIELDS = levels.names(levels.FIELDS)
_NOTHING = np.empty(0, dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """The columns of a LogBatch that follow from the others."""

    severity: Severities
    said: TextColumn | None
    attributes: Attributes | None
    trace_id: TextColumn | None
    span_id: TextColumn | None


def examine(
    lines: TextColumn,
    attributes: Attributes | None = None,
    of_labels: Severities | None = None,
    fields: levels.Names = FIELDS,
) -> Examined:
    """`of_labels` uint8[n]: what a label of each line's stream says, `levels.NONE` where none does."""
    count = len(lines)
    traces = np.zeros((count, 2), dtype=np.int64)
    spans = np.zeros((count, 2), dtype=np.int64)
    severity = np.full(count, levels.NONE, dtype=np.uint8) if of_labels is None else of_labels.copy()
    if attributes is not None:
        found = metadata.told(attributes, fields, len(lines.data), traces, spans)
        first = (found.source == metadata.DETECTED) | (severity == levels.NONE)
        severity[first] = found.severity[first]
        values, attributes = attributes.values.data, found.attributes
    else:
        values = _NOTHING
    scan.scan(lines.data, lines.offsets, fields.data, fields.offsets, fields.lengths, severity, traces, spans)
    return Examined(
        severity=severity,
        said=said(lines),
        attributes=attributes,
        trace_id=ids.column(lines.data, values, traces),
        span_id=ids.column(lines.data, values, spans),
    )
