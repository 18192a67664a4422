"""The reference decoder of a JSON push, in both of its forms.

Now: `{"streams": [{"stream": {"app": "api"}, "values": [["<unix ns>", "<line>", {"key": "value"}?], …]}]}`.
Until 2019: `{"streams": [{"labels": "{app=\\"api\\"}", "entries": [{"ts": "<RFC 3339>", "line": "…"}]}]}`.
Timestamps are strings of nanoseconds; all 19 digits are kept. Loki takes numbers nowhere, and so do we.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from hannun.model.errors import WireError
from hannun.wire.loki.columns import ColumnsBuilder, Pairs, PushColumns
from hannun.wire.loki.labels import read_labels
from hannun.wire.loki.limits import PushLimits

SHAPE = '{"streams": [{"stream": {"job": "api"}, "values": [["<unix ns>", "<line>"]]}]}'
NS = 1_000_000_000
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?:([Zz])|([+-])(\d\d):?(\d\d))"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PlainJsonDecoder:
    """Keeps nothing between requests."""

    def __init__(self, limits: PushLimits | None = None) -> None:
        self._limits = limits or PushLimits()

    def decode(self, body: bytes) -> PushColumns:
        """Raises WireError, or TooLarge for more streams, lines or metadata than one push may bring."""
        document = load(body)
        streams = document.get("streams") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(streams, list | None):
            raise WireError("push: not an object with streams", f"expected {SHAPE}")
        built = ColumnsBuilder(b"json")
        pairs_seen = 0
        for count, stream in enumerate(streams or (), 1):
            self._limits.check_streams(count)
            if not isinstance(stream, dict):
                raise WireError("push: a stream is no object", f"expected {SHAPE}")
            built.stream(_labels(stream))
            for ts_ns, line, metadata in _lines(stream):
                pairs_seen += len(metadata)
                self._limits.check_lines(len(built) + 1)
                self._limits.check_pairs(pairs_seen)
                built.line(ts_ns, line, metadata)
        return built.columns()


def load(body: bytes) -> Any:
    """The document. Bytes that are no UTF-8 and lone surrogates become U+FFFD. Raises WireError."""
    try:
        return json.loads(body.decode("utf-8", "replace"), strict=False)
    except json.JSONDecodeError as err:
        hint = "protobuf bodies need 'Content-Type: application/x-protobuf'"
        raise WireError(f"push: not JSON at character {err.pos}: {err.msg}", hint) from err
    except (ValueError, RecursionError) as err:
        raise WireError(f"push: JSON that cannot be read: {str(err)[:100]}") from err


def _labels(stream: dict[str, Any]) -> Pairs:
    labels = stream.get("stream")
    if labels is None and isinstance(stream.get("labels"), str):
        return read_labels(stream["labels"])
    if not isinstance(labels, dict | None) or not all(isinstance(value, str) for value in (labels or {}).values()):
        raise WireError("push: labels are no object of strings", f"expected {SHAPE}")
    return [(letters(name), letters(value)) for name, value in (labels or {}).items()]


def _lines(stream: dict[str, Any]) -> Iterable[tuple[int, bytes, Sequence[tuple[bytes, bytes]]]]:
    values = stream.get("values")
    if values is None and isinstance(stream.get("entries"), list):
        for entry in stream["entries"]:
            if not isinstance(entry, dict) or not isinstance(entry.get("line", ""), str):
                raise WireError('push: an entry is no {"ts": "…", "line": "…"}')
            ts = entry.get("ts", entry.get("timestamp"))
            yield _moment(ts), encoded(entry.get("line", "")), ()
        return
    if not isinstance(values, list | None):
        raise WireError("push: values are no list", f"expected {SHAPE}")
    for value in values or ():
        if not isinstance(value, list) or not 2 <= len(value) <= 3:
            raise WireError("push: a value is no [timestamp, line]", f"expected {SHAPE}")
        ts, line, metadata = (*value, {})[:3]
        if not isinstance(ts, str) or not _INTEGER.fullmatch(ts):
            raise WireError(f"push: timestamp {str(ts)[:40]!r} is no string of nanoseconds", f"expected {SHAPE}")
        if not isinstance(line, str):
            raise WireError("push: a line is no string", f"expected {SHAPE}")
        if not isinstance(metadata, dict | None) or not all(isinstance(one, str) for one in (metadata or {}).values()):
            raise WireError("push: structured metadata is no object of strings", f"expected {SHAPE}")
        yield int(ts), encoded(line), [(encoded(key), encoded(one)) for key, one in (metadata or {}).items()]


def _moment(ts: Any) -> int:
    found = _RFC3339.fullmatch(ts) if isinstance(ts, str) else None
    if found is None:
        raise WireError(f"push: timestamp {str(ts)[:40]!r} is no RFC 3339 time")
    return rfc3339_ns(found)


def rfc3339_ns(found: re.Match[str]) -> int:
    """Nanoseconds since 1970 of a match of the pattern above. Raises WireError for a day that is none."""
    *date, fraction, _zulu, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = (int(part) for part in date)
    try:
        # A leap second is the first one of the next minute to Go as well.
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError as err:
        raise WireError(f"push: timestamp {found[0][:40]!r} is no time") from err
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds + max(second - 59, 0)
    offset_s = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    return (seconds - offset_s) * NS + int((fraction or "0").ljust(9, "0"))


def encoded(text: str) -> bytes:
    return letters(text).encode()


def letters(text: str) -> str:
    """`text` without lone surrogates, which no UTF-8 can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        # Pairs that came as two escapes were joined by the parser; what is left stands alone.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
