"""Compiled scan of a bulk body in its usual form: pairs of lines, an `index` or `create` and its document.

What time, labels and message a document has is found as `plain.add` finds it. A document that needs more is odd and
left to it; a body that does is left to the plain decoder as a whole. A fuzz test holds both readings together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hannun.wire.compiled import byte_at, compiled, word
from hannun.wire.elasticsearch.plain import LABELS, MESSAGES, PAIRS_MAX, TIMES
from hannun.wire.elasticsearch.walk import (
    DEPTH_MAX,
    FIELD_SLOTS,
    FIELDS_MAX,
    HASH,
    INTEGER,
    KIND,
    MORE_TEXT,
    NAME,
    NULL,
    OBJECT,
    ODD,
    STRING,
    VALUE,
    hash_of,
    walk,
)
from hannun.wire.loki.json_text import space
from hannun.wire.remote_write.scan import OK as OK
from hannun.wire.remote_write.scan import _finish, _hash

UNUSUAL, MORE_PAIRS, MORE_ACTIONS, MORE_DOCUMENTS = 60, 61, 64, 65
MORE = (MORE_PAIRS, MORE_TEXT, MORE_ACTIONS, MORE_DOCUMENTS)
# Slots of the tally that `scan` fills.
DOCUMENTS, PAIRS, ACTIONS, TEXT = 0, 1, 2, 3
TALLY_SLOTS = 4
# Columns of a document: its action, its line in the body, its message, and the value of each label of LABELS.
ACTION, LINE, MESSAGE, LABEL = 0, 1, 3, 5
LABEL_COUNT = len(LABELS)
DOCUMENT_SLOTS = LABEL + 2 * LABEL_COUNT
_LABEL_BYTES_MAX = 1_000
_DOCUMENT_BYTES_MAX = 1 << 20
_NS_SECONDS, _NS_MAX = 9_223_372_036, (1 << 63) - 1
_DAYS = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], dtype=np.int64)
_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_U = np.uint64
_ONES, _HIGHS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_FEEDS = _ONES * np.uint64(0x0A)

_GROUPS = (TIMES, MESSAGES, *(names for _, names in LABELS))
_NAMES = [name.encode() for names in _GROUPS for name in names]
_FIRST = np.cumsum([0, *map(len, _GROUPS)])
_ROLES = len(_NAMES)
_PLACES = 4_096


def _table() -> tuple[Any, Any]:
    """Roles by twelve bits of a name's hash, and the whole hashes; no two known names share a place."""
    places = np.full(_PLACES, -1, dtype=np.int64)
    hashes = np.array([np.uint64(hash_of(name)) for name in _NAMES], dtype=np.uint64)
    for role, hashed in enumerate(hashes.tolist()):
        assert places[hashed % _PLACES] < 0, f"{_NAMES[role]!r} shares its place with another known name"
        places[hashed % _PLACES] = role
    return places, hashes.view(np.int64)


_PLACE, _HASHES = _table()
_MESSAGE_GROUP, _LABEL_GROUP = 1, 2


@compiled
def _two(text: Any, at: Any) -> Any:
    """The number of two digits, or -1."""
    high = np.int64(byte_at(text, at)) - 0x30
    low = np.int64(byte_at(text, at + 1)) - 0x30
    if high < 0 or high > 9 or low < 0 or low > 9:
        return np.int64(-1)
    return 10 * high + low


@compiled
def _moment(text: Any, at: Any, end: Any) -> Any:
    """Nanoseconds of `2026-11-20T14:02:31.123Z`, the years 1970 to 2199; -1: written in another way."""
    if end - at < 20 or byte_at(text, end - 1) != 0x5A:
        return np.int64(-1)
    if byte_at(text, at + 4) != 0x2D or byte_at(text, at + 7) != 0x2D or byte_at(text, at + 10) != 0x54:
        return np.int64(-1)
    if byte_at(text, at + 13) != 0x3A or byte_at(text, at + 16) != 0x3A:
        return np.int64(-1)
    century, years, month, day = _two(text, at), _two(text, at + 2), _two(text, at + 5), _two(text, at + 8)
    hour, minute, second = _two(text, at + 11), _two(text, at + 14), _two(text, at + 17)
    year = 100 * century + years
    if century < 0 or years < 0 or year < 1970 or year > 2199 or month < 1 or month > 12 or day < 1:
        return np.int64(-1)
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return np.int64(-1)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > _LENGTHS[month - 1] + (1 if leap and month == 2 else 0):
        return np.int64(-1)
    before = year - 1
    days = 365 * (year - 1970) + (before // 4 - before // 100 + before // 400) - 477
    days += _DAYS[month - 1] + (1 if leap and month > 2 else 0) + day - 1
    fraction = np.int64(0)
    if end - at > 20:
        if byte_at(text, at + 19) != 0x2E or end - at > 30 or end - at < 22:
            return np.int64(-1)
        scale = np.int64(100_000_000)
        for position in range(at + 20, end - 1):
            digit = np.int64(byte_at(text, position)) - 0x30
            if digit < 0 or digit > 9:
                return np.int64(-1)
            fraction += digit * scale
            scale //= 10
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + fraction


@compiled
def _since(text: Any, at: Any, end: Any) -> Any:
    """Nanoseconds of a whole number of s, ms, µs or ns since 1970, told apart by its size; 0: it is no time."""
    if byte_at(text, at) == 0x2D:
        return np.int64(0)
    value = np.int64(0)
    for position in range(at, end):
        value = 10 * value + np.int64(byte_at(text, position) - 0x30)
    if value < 100_000_000_000:
        return value * 1_000_000_000 if value <= _NS_SECONDS else np.int64(_NS_MAX)
    if value < 100_000_000_000_000:
        return value * 1_000_000 if value <= 9_223_372_036_854 else np.int64(_NS_MAX)
    if value < 100_000_000_000_000_000:
        return value * 1_000 if value <= 9_223_372_036_854_775 else np.int64(_NS_MAX)
    return value


@compiled
def _time(text: Any, fields: Any, first_of: Any, now_ns: Any) -> Any:
    """(status, nanoseconds) of the first field that says a time."""
    for role in range(_FIRST[1]):
        which = first_of[role]
        if which < 0:
            continue
        start = fields[which, VALUE]
        end = fields[which, VALUE + 1]
        if fields[which, KIND] == STRING:
            found = _moment(text, start, end)
            return (OK, found) if found >= 0 else (ODD, found)
        if fields[which, KIND] == INTEGER:
            found = _since(text, start, end)
            if found > 0:
                return OK, found
        elif fields[which, KIND] != NULL:
            return ODD, np.int64(0)
    return OK, now_ns


@compiled
def _chosen(fields: Any, first_of: Any, group: Any) -> Any:
    """The first field of a group of names that is a text, or -1."""
    for role in range(_FIRST[group], _FIRST[group + 1]):
        which = first_of[role]
        if which >= 0 and fields[which, KIND] == STRING:
            return which
    return np.int64(-1)


@compiled
def _document(
    body: Any,
    start: Any,
    end: Any,
    now_ns: Any,
    text: Any,
    out: Any,
    fields: Any,
    parents: Any,
    first_of: Any,
    document: Any,
    pairs: Any,
    told: Any,
) -> Any:
    """(status, time, next free place, pairs so far) behind one document."""
    if end - start > _DOCUMENT_BYTES_MAX:
        return ODD, np.int64(0), out, told
    status, out, count = walk(body, start, end, text, out, fields, parents)
    if status != OK:
        return status, np.int64(0), out, told
    for role in range(_ROLES):
        first_of[role] = -1
    for index in range(count):
        hashed = fields[index, HASH]
        role = _PLACE[hashed & (_PLACES - 1)]
        if role >= 0 and _HASHES[role] == hashed and fields[index, KIND] != OBJECT:
            first_of[role] = index
    status, when = _time(text, fields, first_of, now_ns)
    message = _chosen(fields, first_of, _MESSAGE_GROUP)
    if status != OK or message < 0:
        return ODD, np.int64(0), out, told
    document[MESSAGE] = fields[message, VALUE]
    document[MESSAGE + 1] = fields[message, VALUE + 1]
    fields[message, KIND] = NULL
    if first_of[0] >= 0:
        fields[first_of[0], KIND] = NULL
    for label in range(LABEL_COUNT):
        document[LABEL + 2 * label] = document[LABEL + 2 * label + 1] = 0
        for role in range(_FIRST[_LABEL_GROUP + label], _FIRST[_LABEL_GROUP + label + 1]):
            which = first_of[role]
            if which < 0 or fields[which, KIND] != STRING or fields[which, VALUE + 1] == fields[which, VALUE]:
                continue
            if fields[which, VALUE + 1] - fields[which, VALUE] > _LABEL_BYTES_MAX:
                return ODD, np.int64(0), out, told
            document[LABEL + 2 * label] = fields[which, VALUE]
            document[LABEL + 2 * label + 1] = fields[which, VALUE + 1]
            fields[which, KIND] = NULL
            break
    taken = 0
    for index in range(count):
        if fields[index, KIND] == NULL or fields[index, KIND] == OBJECT or taken >= PAIRS_MAX:
            continue
        if told >= len(pairs):
            return MORE_PAIRS, np.int64(0), out, told
        for side in range(4):
            pairs[told, side] = fields[index, NAME + side]
        told += 1
        taken += 1
    return OK, when, out, told


@compiled
def _line(body: Any, at: Any, total: Any) -> Any:
    """(start, end, position behind) of the next line that is not blank; start is -1 behind the last one."""
    while at < total:
        end = at
        while end < total and byte_at(body, end) != 0x0A and _is_blank(byte_at(body, end)):
            end += 1
        if end < total and byte_at(body, end) != 0x0A:
            stop = _end(body, end, total)
            return at, stop, stop + 1
        at = end + 1
    return np.int64(-1), total, total


@compiled
def _is_blank(byte: Any) -> Any:
    return byte == 0x20 or (byte >= 0x09 and byte <= 0x0D)


@compiled
def _end(body: Any, at: Any, total: Any) -> Any:
    """Where the next line feed stands, or the end."""
    while total - at >= 8:
        feeds = word(body, at) ^ _FEEDS
        if (feeds - _ONES) & ~feeds & _HIGHS:
            break
        at += 8
    while at < total and byte_at(body, at) != 0x0A:
        at += 1
    return at


@compiled
def _creates(body: Any, at: Any, end: Any) -> Any:
    """Whether the action begins as `index` or `create`, which have a document; what else it says is read later."""
    at = space(body, at, end)
    if at >= end or byte_at(body, at) != 0x7B:
        return False
    at = space(body, at + 1, end)
    if end - at < 8 or byte_at(body, at) != 0x22:
        return False
    # "index" and "create": the first letter and the closing quote tell them from "update" and "delete".
    letter = byte_at(body, at + 1)
    return (letter == 0x69 and byte_at(body, at + 6) == 0x22) or (letter == 0x63 and byte_at(body, at + 7) == 0x22)


@compiled
def scan(
    body: Any,
    seed: Any,
    now_ns: Any,
    text: Any,
    actions: Any,
    documents: Any,
    odd: Any,
    times: Any,
    keys: Any,
    pairs: Any,
    ends: Any,
    tally: Any,
) -> Any:
    """Fill the arrays from `body` (uint8); returns OK, MORE_… (call again with a longer array) or UNUSUAL.

    `text` takes what is written; `actions` int64[a, 2] are the lines of actions, one of equal neighbours; `documents`
    int64[n, DOCUMENT_SLOTS], those that are `odd` bool[n] with their line alone; `times` int64[n]; `keys` uint64[n, 2]
    hashes of the labels; `pairs` int64[p, 4] up to `ends` int64[n]; `tally` how much of each.
    """
    total = len(body)
    count = told = named = out = np.int64(0)
    fields = np.empty((FIELDS_MAX, FIELD_SLOTS), dtype=np.int64)
    parents = np.zeros((DEPTH_MAX, 2), dtype=np.int64)
    first_of = np.empty(_ROLES, dtype=np.int64)
    at = np.int64(0)
    while True:
        start, end, at = _line(body, at, total)
        if start < 0:
            break
        same = named > 0 and end - start == actions[named - 1, 1] - actions[named - 1, 0]
        if same:
            before = actions[named - 1, 0]
            for position in range(end - start):
                if byte_at(body, start + position) != byte_at(body, before + position):
                    same = False
                    break
        if not same:
            if not _creates(body, start, end):
                return UNUSUAL
            if named >= len(actions):
                return MORE_ACTIONS
            actions[named, 0] = start
            actions[named, 1] = end
            named += 1
        start, end, at = _line(body, at, total)
        if start < 0:
            return UNUSUAL
        if count >= len(times):
            return MORE_DOCUMENTS
        document = documents[count]
        document[ACTION] = named - 1
        document[LINE] = start
        document[LINE + 1] = end
        status, when, new_out, new_told = _document(
            body, start, end, now_ns, text, out, fields, parents, first_of, document, pairs, told
        )
        if status == OK:
            out = new_out
            told = new_told
            a = seed
            b = ~seed
            for label in range(LABEL_COUNT):
                a, b = _hash(text, document[LABEL + 2 * label], document[LABEL + 2 * label + 1], a, b, seed)
            keys[count, 0] = _finish(a)
            keys[count, 1] = _finish(b)
            times[count] = when
        elif status != ODD:
            return status
        odd[count] = status == ODD
        ends[count] = told
        count += 1
    tally[DOCUMENTS] = count
    tally[PAIRS] = told
    tally[ACTIONS] = named
    tally[TEXT] = out
    return OK
