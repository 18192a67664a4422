"""Compiled scan of an ExportLogsServiceRequest: times, spans of lines and of attributes; numbers are written out.

Names and numbers that do not stand in the body as they are needed are written behind it, in the same buffer. What the
scan does not know how to write (arrays, doubles, maps) it notes for `fast.py`, by the value or by the record. The rule
of every compiled scan holds: a position is compared with the end of its message before a byte is loaded. `records.py`
and `mapping.py` are the meaning; a fuzz test holds both together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import compiled
from hannun.wire.compiled import word as eight
from hannun.wire.otlp_logs.written import (
    AT_DROPPED,
    AT_EVENT,
    AT_FLAGS,
    AT_NUMBER,
    AT_OBSERVED,
    AT_SPAN,
    AT_TEXT,
    AT_TRACE,
    MORE_TEXT,
    NUMBER_ROOM,
    ODD,
    STATIC,
    UNUSUAL,
    digits,
    hex_text,
    name,
    put,
    some,
    value_text,
)
from hannun.wire.remote_write.scan import OK as OK
from hannun.wire.remote_write.scan import WRONG_WIRE, _tag

_U = np.uint64

MORE_GROUPS, MORE_LINES, MORE_PAIRS, MORE_ODD = 50, 51, 52, 53
MORE = (MORE_GROUPS, MORE_LINES, MORE_PAIRS, MORE_ODD, MORE_TEXT)
PAIRS_AT_ONCE = 8
# Slots of the tally that `scan` fills.
GROUPS, LINES, PAIRS, VALUES, RECORDS, TEXT = 0, 1, 2, 3, 4, 5
TALLY_SLOTS = 6
# Columns of a group: one ScopeLogs (or a ResourceLogs without any).
RESOURCE, SCOPE, COUNT = 0, 2, 4
GROUP_SLOTS = 5


@compiled
def _attribute(
    text: Any, at: Any, end: Any, out: Any, static: Any, pairs: Any, told: Any, values: Any, odd: Any
) -> Any:
    """(status, next free place, pairs so far, noted values so far) behind a KeyValue."""
    key_start = key_end = value_start = value_end = at
    keys = given = 0
    while at < end:
        status, number, wire, start, stop, _value_bits = _tag(text, at, end)
        if status != OK:
            return status, out, told, odd
        if number == 1:
            if wire != 2:
                return WRONG_WIRE, out, told, odd
            key_start = start
            key_end = stop
            keys += 1
        elif number == 2:
            if wire != 2:
                return WRONG_WIRE, out, told, odd
            value_start = start
            value_end = stop
            given += 1
        at = stop
    if given > 1 or keys > 1:
        return UNUSUAL, out, told, odd
    status, first, last, out = name(text, key_start, key_end, out)
    if status != OK:
        return status, out, told, odd
    if told >= len(pairs):
        return MORE_PAIRS, out, told, odd
    pairs[told, 0] = first
    pairs[told, 1] = last
    status, first, last, out = value_text(text, value_start, value_end, out, static)
    if status == ODD:
        if first == 6:
            return UNUSUAL, out, told, odd  # A map is several pairs.
        if odd >= len(values):
            return MORE_ODD, out, told, odd
        values[odd, 0] = told
        values[odd, 1] = value_start
        values[odd, 2] = value_end
        odd += 1
        first = last = value_start
    elif status != OK:
        return status, out, told, odd
    pairs[told, 2] = first
    pairs[told, 3] = last
    # A pair without a name says nothing; its value was still looked at.
    if pairs[told, 1] > pairs[told, 0]:
        told += 1
    elif status == ODD:
        return UNUSUAL, out, told, odd
    return OK, out, told, odd


@compiled
def _record(
    text: Any,
    at: Any,
    end: Any,
    out: Any,
    static: Any,
    pairs: Any,
    told: Any,
    values: Any,
    odd: Any,
    index: Any,
    lines: Any,
    times: Any,
) -> Any:
    """(status, next free place, pairs so far, noted values so far) behind a LogRecord, whose line is `index`."""
    when = observed = number_of = dropped = flags = _U(0)
    body_start = body_end = said_start = said_end = event_start = event_end = at
    trace_start = trace_end = span_start = span_end = at
    bodies = 0
    while at < end:
        status, number, wire, start, stop, value = _tag(text, at, end)
        if status != OK:
            return status, out, told, odd
        if number == 6:
            if wire != 2:
                return WRONG_WIRE, out, told, odd
            status, out, told, odd = _attribute(text, start, stop, out, static, pairs, told, values, odd)
            if status != OK:
                return status, out, told, odd
        elif number == 1 or number == 11:
            if wire != 1:
                return WRONG_WIRE, out, told, odd
            if number == 1:
                when = eight(text, start)
            else:
                observed = eight(text, start)
        elif number == 2 or number == 7:
            if wire != 0:
                return WRONG_WIRE, out, told, odd
            if number == 2:
                number_of = value
            else:
                dropped = value
        elif number == 8:
            if wire != 5:
                return WRONG_WIRE, out, told, odd
            flags = _U(0)
            for position in range(4):
                flags |= _U(text[_U(start + position)]) << _U(8 * position)
        elif number == 3 or number == 5 or number == 9 or number == 10 or number == 12:
            if wire != 2:
                return WRONG_WIRE, out, told, odd
            if number == 3:
                said_start = start
                said_end = stop
            elif number == 5:
                bodies += 1
                body_start = start
                body_end = stop
            elif number == 9:
                trace_start = start
                trace_end = stop
            elif number == 10:
                span_start = start
                span_end = stop
            else:
                event_start = start
                event_end = stop
        at = stop
    if bodies > 1:
        return UNUSUAL, out, told, odd
    if len(pairs) - told < PAIRS_AT_ONCE:
        return MORE_PAIRS, out, told, odd
    if len(text) - out < 5 * NUMBER_ROOM + 2 * (trace_end - trace_start + span_end - span_start):
        return MORE_TEXT, out, told, odd
    status, first, last, out = value_text(text, body_start, body_end, out, static)
    if status == ODD:
        if odd >= len(values):
            return MORE_ODD, out, told, odd
        values[odd, 0] = -1 - index
        values[odd, 1] = body_start
        values[odd, 2] = body_end
        odd += 1
        first = last = body_start
    elif status != OK:
        return status, out, told, odd
    lines[index, 0] = first
    lines[index, 1] = last
    times[index] = when if when != _U(0) else observed
    if len(text) - out < 5 * NUMBER_ROOM + 2 * (trace_end - trace_start + span_end - span_start):
        return MORE_TEXT, out, told, odd
    if observed != _U(0):
        first = out
        out = digits(text, observed, out)
        told = put(static, AT_OBSERVED, first, out, pairs, told)
    if number_of != _U(0):
        first = out
        out = digits(text, number_of, out)
        told = put(static, AT_NUMBER, first, out, pairs, told)
    if said_end > said_start:
        told = put(static, AT_TEXT, said_start, said_end, pairs, told)
    if dropped != _U(0):
        first = out
        out = digits(text, dropped, out)
        told = put(static, AT_DROPPED, first, out, pairs, told)
    if flags != _U(0):
        first = out
        out = digits(text, flags, out)
        told = put(static, AT_FLAGS, first, out, pairs, told)
    if some(text, trace_start, trace_end):
        first = out
        out = hex_text(text, trace_start, trace_end, out)
        told = put(static, AT_TRACE, first, out, pairs, told)
    if some(text, span_start, span_end):
        first = out
        out = hex_text(text, span_start, span_end, out)
        told = put(static, AT_SPAN, first, out, pairs, told)
    if event_end > event_start:
        told = put(static, AT_EVENT, event_start, event_end, pairs, told)
    return OK, out, told, odd


@compiled
def scan(
    text: Any,
    total: Any,
    groups: Any,
    times: Any,
    lines: Any,
    pairs: Any,
    ends: Any,
    values: Any,
    records: Any,
    tally: Any,
) -> Any:
    """Fill the arrays from `text[:total]`; returns OK, MORE_… (call again with a longer array), UNUSUAL or a fault.

    `text` uint8: the body, STATIC, room to write; `groups` int64[g, GROUP_SLOTS] the spans of resource and scope (-1:
    none) and how many records; `times` uint64[n] (0: none), `lines` int64[n, 2], `pairs` int64[p, 4] those of the
    records themselves up to `ends` int64[n]; `values` int64[v, 3] the pair (or -1 - line) and the span of an AnyValue
    that is left to the caller; `records` int64[r, 3] the line and the span of a record that is; `tally` how much of
    each. Nothing is written beyond the arrays.
    """
    static = total
    out = total + len(STATIC)
    held = told = odd = left = np.int64(0)
    grouped = np.int64(0)
    at = np.int64(0)
    while at < total:
        status, number, wire, start, stop, _value_bits = _tag(text, at, total)
        if status != OK:
            return status
        at = stop
        if number != 1:
            continue
        if wire != 2:
            return WRONG_WIRE
        first_group = grouped
        resource_start = resource_end = np.int64(-1)
        pos = start
        while pos < stop:
            status, number, wire, inner_start, inner_stop, _value_bits = _tag(text, pos, stop)
            if status != OK:
                return status
            pos = inner_stop
            if (number == 1 or number == 2) and wire != 2:
                return WRONG_WIRE
            if number == 1:
                if resource_start >= 0:
                    return UNUSUAL
                resource_start = inner_start
                resource_end = inner_stop
            elif number == 2:
                if grouped >= len(groups):
                    return MORE_GROUPS
                groups[grouped, SCOPE] = groups[grouped, SCOPE + 1] = -1
                first = held
                where = inner_start
                while where < inner_stop:
                    status, number, wire, leaf_start, leaf_stop, _value_bits = _tag(text, where, inner_stop)
                    if status != OK:
                        return status
                    where = leaf_stop
                    if (number == 1 or number == 2) and wire != 2:
                        return WRONG_WIRE
                    if number == 1:
                        if groups[grouped, SCOPE] >= 0:
                            return UNUSUAL
                        groups[grouped, SCOPE] = leaf_start
                        groups[grouped, SCOPE + 1] = leaf_stop
                    elif number == 2:
                        if held >= len(times):
                            return MORE_LINES
                        status, new_out, new_told, new_odd = _record(
                            text, leaf_start, leaf_stop, out, static, pairs, told, values, odd, held, lines, times
                        )
                        if status == OK:
                            out = new_out
                            told = new_told
                            odd = new_odd
                        elif status == UNUSUAL:
                            if left >= len(records):
                                return MORE_ODD
                            records[left, 0] = held
                            records[left, 1] = leaf_start
                            records[left, 2] = leaf_stop
                            left += 1
                        else:
                            return status
                        ends[held] = told
                        held += 1
                groups[grouped, COUNT] = held - first
                grouped += 1
        if grouped == first_group and resource_start >= 0:
            if grouped >= len(groups):
                return MORE_GROUPS
            groups[grouped, SCOPE] = groups[grouped, SCOPE + 1] = -1
            groups[grouped, COUNT] = 0
            grouped += 1
        for group in range(first_group, grouped):
            groups[group, RESOURCE] = resource_start
            groups[group, RESOURCE + 1] = resource_end
    tally[GROUPS] = grouped
    tally[LINES] = held
    tally[PAIRS] = told
    tally[VALUES] = odd
    tally[RECORDS] = left
    tally[TEXT] = out
    return OK


@compiled
def join(
    counts: Any,
    heads: Any,
    head_pairs: Any,
    head_at: Any,
    pairs: Any,
    ends: Any,
    records: Any,
    record_pairs: Any,
    record_at: Any,
    out: Any,
    offsets: Any,
) -> None:
    """Every line's pairs in a row: those of its resource and scope, then its own.

    Group g has `counts[g]` lines and the head `heads[g]`, whose pairs are `head_pairs[head_at[h]:head_at[h + 1]]`. A
    line in `records` has those of `record_pairs` instead of its own. `out` int64[…, 4] and `offsets` fit exactly.
    """
    line = told = own = odd = np.int64(0)
    offsets[0] = 0
    for group in range(len(counts)):
        head = heads[group]
        for _ in range(counts[group]):
            for source in range(head_at[head], head_at[head + 1]):
                for side in range(4):
                    out[told, side] = head_pairs[source, side]
                told += 1
            while own < ends[line]:
                for side in range(4):
                    out[told, side] = pairs[own, side]
                told += 1
                own += 1
            if odd < len(records) and records[odd, 0] == line:
                for source in range(record_at[odd], record_at[odd + 1]):
                    for side in range(4):
                        out[told, side] = record_pairs[source, side]
                    told += 1
                odd += 1
            line += 1
            offsets[line] = told
