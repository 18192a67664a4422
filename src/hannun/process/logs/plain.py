"""What the compiled passes mean, line by line in plain Python. Tests hold both together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hannun.process.logs import ids, levels
from hannun.process.logs.levels import FIELDS, IN_TEXT, NONE, SYSLOG, UNKNOWN
from hannun.process.logs.tidy import LINE_BYTES_MAX, REMARK

Pairs = Sequence[tuple[str, str]]

_SPACE = bytes(range(0x21))
_KLOG = re.compile(rb"([IWEF])[0-9]{4} [0-9]{2}:[0-9]{2}")
_KLOG_LEVEL = {b"I": levels.INFO, b"W": levels.WARN, b"E": levels.ERROR, b"F": levels.FATAL}
_PRIORITY = re.compile(rb"<([0-9]{1,3})>")
# Behind a space, a bracket, a comma, a semicolon, a quote or a bar; so not behind the ? and & of a URL.
_FIELD = re.compile(rb'(?:\A|(?<=[\x00- \[({,;"|]))([A-Za-z0-9_.@-]{1,64})=("?)([A-Za-z0-9_-]*)')
_QUOTED = re.compile(rb"[A-Za-z0-9_ -]*")
_BRACKETED = re.compile(rb"\[([A-Za-z]{3,15})\]")
_REQUEST_ENDS = re.compile(rb'\] "[^"]*" ([1-5][0-9]{2})(?: |\Z)')
_WORD = re.compile(rb"(?<![A-Za-z0-9_])(?:" + "|".join(IN_TEXT).encode() + rb")(?![A-Za-z0-9_])", re.IGNORECASE)
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")


def tidy(line: bytes, bytes_max: int = LINE_BYTES_MAX) -> str:
    """Valid UTF-8, at most `bytes_max` of it and a remark."""
    if len(line) <= bytes_max:
        return line.decode("utf-8", "replace")
    end = bytes_max
    for _ in range(3):
        if end and line[end] & 0xC0 == 0x80:
            end -= 1
    return line[:end].decode("utf-8", "replace") + f"{REMARK[0]}{len(line)}{REMARK[1]}"


def said(line: str) -> str:
    """The line with its escapes written out, or "" when it has none."""
    written: list[str] = []
    at = 0
    while found := _ESCAPE.search(line, at):
        unit, end = int(found[1], 16), found.end()
        letter = found[0]
        if 0xD800 <= unit < 0xDC00:
            low = _ESCAPE.match(line, end)
            if low and 0xDC00 <= int(low[1], 16) < 0xE000:
                letter = chr(0x10000 + ((unit - 0xD800) << 10) + int(low[1], 16) - 0xDC00)
                end = low.end()
        elif not (unit < 0x20 or unit in (0x22, 0x5C) or 0x7F <= unit < 0xA0 or 0xDC00 <= unit < 0xE000):
            letter = chr(unit)
        written += [line[at : found.start()], letter]
        at = end
    whole = "".join([*written, line[at:]])
    return "" if whole == line else whole


def examine(line: bytes, metadata: Pairs = (), of_labels: int = NONE) -> tuple[int, str, str]:
    """(severity, trace id, span id) of a line that is valid UTF-8, by what is known of it."""
    detected = field = number = NONE
    trace = span = ""
    for key, value in metadata:
        raw = value.encode()
        if key.lower() == "detected_level":
            detected = levels.of_word(raw) if detected == NONE else detected
        elif key.lower() == "severity_number":
            fits = number == NONE and value.isascii() and value.isdecimal() and len(value) < 3
            number = levels.of_otlp(int(value)) if fits else number
        elif key.lower() in FIELDS and field == NONE:
            field = levels.of_word(raw)
        told = ids.read(ids.kind_of(key.encode()), raw)
        trace, span = trace or told[0], span or told[1]
    severity = next((one for one in (detected, of_labels, field, number) if one != NONE), NONE)
    stripped = line.strip(_SPACE)
    if stripped.startswith(b"{") and stripped.endswith(b"}"):
        read, pairs = _json(stripped)
        read = _word(stripped) if read == NONE else read
    else:
        read, pairs = _text(stripped)
    for kind, value_bytes in pairs:
        told = ids.read(kind, value_bytes)
        trace, span = trace or told[0], span or told[1]
    severity = read if severity == NONE else severity
    return UNKNOWN if severity == NONE else severity, trace, span


def _word(line: bytes) -> int:
    found = _WORD.search(line)
    return levels.of_word(found[0]) if found else NONE


def _begins(line: bytes) -> int:
    if found := _KLOG.match(line):
        return _KLOG_LEVEL[found[1]]
    if (found := _PRIORITY.match(line)) and int(found[1]) < 192:
        return SYSLOG[int(found[1]) & 7]
    return NONE


def _text(line: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    pairs: list[tuple[int, bytes]] = []
    of_field = NONE
    for found in _FIELD.finditer(line):
        value = found[3]
        if found[2]:
            quoted = _QUOTED.match(line, found.start(3))
            value = quoted[0] if quoted else b""
        if of_field == NONE and found[1].decode().lower() in FIELDS:
            of_field = levels.of_word(value)
        if kind := ids.kind_of(found[1]):
            pairs.append((kind, value))
    if of_field != NONE:
        return of_field, pairs
    if (begins := _begins(line)) != NONE:
        return begins, pairs
    if status := _REQUEST_ENDS.search(line):
        return {b"5": levels.ERROR, b"4": levels.WARN}.get(status[1][:1], levels.INFO), pairs
    word = _WORD.search(line)
    for bracketed in _BRACKETED.finditer(line):
        if word and word.start() < bracketed.start():
            break
        if (level := levels.of_word(bracketed[1])) != NONE:
            return level, pairs
    return levels.of_word(word[0]) if word else NONE, pairs


_TOKEN = re.compile(rb'[{}\[\]]|"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_COLON = re.compile(rb"[\x00- ]*:[\x00- ]*")
_VALUE = re.compile(rb'"((?:[^"\\]|\\.)*)"?|([0-9]*)', re.DOTALL)


def _json(line: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    pairs: list[tuple[int, bytes]] = []
    own = deeper = NONE
    for depth, parent, key, value in _members(line):
        kind = ids.kind_of(key)
        if depth == 2 and parent == b"dd" and kind in (ids.TRACE_ID, ids.SPAN_ID):
            kind = ids.DATADOG_TRACE if kind == ids.TRACE_ID else ids.DATADOG_SPAN
        elif depth == 2 and parent in (b"trace", b"span") and key == b"id":
            kind = ids.TRACE_ID if parent == b"trace" else ids.SPAN_ID
        if kind:
            pairs.append((kind, value))
        if key.decode("utf-8", "replace").lower() in FIELDS:
            level = levels.of_word(value)
            if depth == 1 and own == NONE:
                own = level
            elif depth == 2 and deeper == NONE:
                deeper = level
    return own if own != NONE else deeper, pairs


def _members(line: bytes) -> Iterator[tuple[int, bytes, bytes, bytes]]:
    """(depth, key of the member it stands in, key, value) of what stands one or two objects deep."""
    at, containers, parent = 0, b"", b""
    while found := _TOKEN.search(line, at):
        at = found.end()
        sign = found[0][:1]
        if sign in b"{[":
            containers += sign
            continue
        if sign in b"}]":
            containers = containers[:-1]
            if not containers:
                return
            continue
        colon = _COLON.match(line, at)
        if len(containers) > 2 or containers[1:] == b"[" or not found[2] or not colon:
            continue
        value = _VALUE.match(line, colon.end())
        at = colon.end()
        yield len(containers), parent, found[1], (value[1] or value[2] or b"") if value else b""
        if len(containers) == 1:
            parent = found[1]
