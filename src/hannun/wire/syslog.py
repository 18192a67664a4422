"""Syslog messages, RFC 5424 and RFC 3164, and how they follow each other on a TCP connection (RFC 6587).

Lenient, because senders are: what has no header that we know is a message as a whole. RFC 3164 knows neither year nor
zone: the year is that which puts the message closest before now, the zone is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from hannun.wire.plain_logs import moment

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
)  # fmt: skip
SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
MESSAGE_BYTES_MAX = 256 << 10
PRIORITY_MAX = 191
_PRIORITY = re.compile(rb"<([0-9]{1,3})>")
_RFC5424 = re.compile(rb"1 (\S{1,64}) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) ")
_RFC3164 = re.compile(
    rb"([A-Z][a-z]{2}) +([0-9]{1,2}) (?:([0-9]{4}) )?([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))? ?"
)
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\S{8,26}) ")
_TAG = re.compile(rb"([^\s\[:]{1,255})(?:\[([^\]]{1,64})\])?: ?")
_HOST = re.compile(rb"([A-Za-z0-9._:%-]{1,255}) ")
_ELEMENT = re.compile(rb"\[([^ =\]\"]{1,64})((?: [^ =\]\"]{1,64}=\"(?:[^\"\\\]]|\\.)*\")*) ?\]", re.DOTALL)
_PARAMETER = re.compile(rb" ([^ =\]\"]{1,64})=\"((?:[^\"\\\]]|\\.)*)\"", re.DOTALL)
_ESCAPED = re.compile(rb'\\(["\\\]])')
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_BOM = b"\xef\xbb\xbf"
_SOON = timedelta(days=31)
ELEMENTS_MAX = 32


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """`severity` 0 to 7, `ts_ns` since 1970 or None; texts that are not there are ""."""

    severity: int
    facility: int
    message: bytes
    ts_ns: int | None = None
    host: str = ""
    app: str = ""
    process: str = ""
    message_id: str = ""
    data: tuple[tuple[str, str], ...] = ()
    """Structured data as (`element_parameter`, value)."""


def parse(raw: bytes, *, now: datetime, zone: tzinfo = UTC) -> SyslogMessage:
    """Never raises: a message that begins with nothing known is of `user.notice`, as RFC 3164 says."""
    raw = raw.rstrip(b"\r\n\x00")
    found = _PRIORITY.match(raw)
    if found is None or int(found[1]) > PRIORITY_MAX:
        return SyslogMessage(5, 1, raw)
    priority, rest = int(found[1]), raw[found.end() :]
    severity, facility = priority & 7, priority >> 3
    if new := _RFC5424.match(rest):
        return _rfc5424(severity, facility, new, rest)
    return _rfc3164(severity, facility, rest, now, zone)


def _rfc5424(severity: int, facility: int, found: re.Match[bytes], rest: bytes) -> SyslogMessage:
    stamp, host, app, process, message_id = (b"" if part == b"-" else part for part in found.groups())
    rest = rest[found.end() :]
    data: list[tuple[str, str]] = []
    if rest[:1] == b"-":
        rest = rest[1:]
    else:
        for _ in range(ELEMENTS_MAX):
            element = _ELEMENT.match(rest)
            if element is None:
                break
            name = _text(element[1]).partition("@")[0]
            data += [
                (f"{name}_{_text(key)}", _text(_ESCAPED.sub(rb"\1", value)))
                for key, value in _PARAMETER.findall(element[2])
            ]
            rest = rest[element.end() :]
    message = rest.removeprefix(b" ").removeprefix(_BOM)
    ts_ns = moment(stamp) if stamp else None
    return SyslogMessage(
        severity, facility, message, ts_ns, _text(host), _text(app), _text(process), _text(message_id), tuple(data)
    )


def _rfc3164(severity: int, facility: int, rest: bytes, now: datetime, zone: tzinfo) -> SyslogMessage:
    ts_ns: int | None = None
    if stamp := _RFC3164.match(rest):
        ts_ns = _year_less(stamp, now, zone)
        rest = rest[stamp.end() :]
    elif iso := _STAMP.match(rest):
        # What rsyslog's forward format writes.
        ts_ns = moment(iso[1], zone)
        rest = rest[iso.end() :]
    host = app = process = ""
    # Docker's driver and the local syslog socket leave the host away: then the tag comes first.
    if ts_ns is not None and not _TAG.match(rest) and (named := _HOST.match(rest)):
        host = _text(named[1])
        rest = rest[named.end() :]
    if tag := _TAG.match(rest):
        app, process = _text(tag[1]), _text(tag[2] or b"")
        rest = rest[tag.end() :]
    return SyslogMessage(severity, facility, rest, ts_ns, host, app, process)


def _year_less(found: re.Match[bytes], now: datetime, zone: tzinfo) -> int | None:
    month = _MONTHS.get(found[1])
    if month is None:
        return None
    year = int(found[3]) if found[3] else now.astimezone(zone).year
    try:
        when = _at(found, year, month, zone)
        if not found[3] and when > now + _SOON:
            when = _at(found, year - 1, month, zone)
        elif not found[3] and when < now - timedelta(days=334):
            # New Year's Eve here, New Year already there.
            when = _at(found, year + 1, month, zone)
    except (ValueError, OverflowError):
        return None
    return int(when.timestamp()) * 1_000_000_000 + int((found[7] or b"0").ljust(9, b"0"))


def _at(found: re.Match[bytes], year: int, month: int, zone: tzinfo) -> datetime:
    day, hour, minute, second = int(found[2]), int(found[4]), int(found[5]), min(int(found[6]), 59)
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


class Framing:
    """Cuts a stream into messages: `LEN SP MESSAGE` where it begins with a digit, lines (or NUL-ended) otherwise.

    Holds at most one message of `bytes_max`; what is longer is cut and its rest read over. Raises nothing: a length
    beyond reason ends the stream (`broken`).
    """

    LENGTH_MAX = 64 << 20

    def __init__(self, bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._held = bytearray()
        self._skip = 0
        self._skip_line = False
        self.broken = False

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The messages that are whole now."""
        held = self._held
        held += chunk
        at = 0
        while at < len(held) and not self.broken:
            if self._skip:
                step = min(self._skip, len(held) - at)
                self._skip -= step
                at += step
                continue
            first = held[at]
            if not self._skip_line and 0x31 <= first <= 0x39:
                space = held.find(b" ", at, at + 10)
                digits = bytes(held[at : space if space >= 0 else at + 10])
                if space < 0 and len(held) - at < 10 and digits.isdigit():
                    break  # The length may go on in the next chunk.
                if space >= 0 and digits.isdigit():
                    length = int(digits)
                    if length > self.LENGTH_MAX:
                        self.broken = True
                        break
                    take = min(length, self._bytes_max)
                    if len(held) - space - 1 < take:
                        break
                    yield bytes(held[space + 1 : space + 1 + take])
                    at = space + 1 + take
                    self._skip = length - take
                    continue
            end = _line_end(held, at)
            if end < 0:
                if len(held) - at > self._bytes_max:
                    if not self._skip_line:
                        yield bytes(held[at : at + self._bytes_max])
                    self._skip_line = True
                    at = len(held)
                break
            if not self._skip_line and end > at:
                yield bytes(held[at:end])
            self._skip_line = False
            at = end + 1
        del held[:at]

    def rest(self) -> bytes:
        """What is held when the stream ends: a last line without its end."""
        rest = b"" if self._skip_line or self._skip or self.broken else bytes(self._held)
        self._held.clear()
        return rest


def _line_end(held: bytearray, at: int) -> int:
    line, nul = held.find(b"\n", at), held.find(b"\x00", at)
    return max(line, nul) if min(line, nul) < 0 else min(line, nul)
