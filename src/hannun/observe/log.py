"""The log: one record, one line, on stderr.

Text for people, JSON for collectors. What strangers send ends up in log messages, so control and direction characters
are escaped (nobody forges a second line or hides one) and a line has a bound. A warning that repeats is said once a
minute with its count: a broken sender must not fill the disk that it complains about.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Literal, TextIO

LINE_MAX = 8_192
TRACEBACK_LINES_MAX = 60
REPEAT_EVERY_S = 60.0
REMEMBERED_MAX = 1_000
ROOT = "hannun"

# C0 and C1 controls, line and paragraph separators, and the marks that reorder or hide text on a terminal.
_UNSAFE = [*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF]
_UNSAFE += [*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000)]
_ESCAPES = {code: (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}") for code in _UNSAFE}
_ESCAPES |= {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(
    level: str = "info",
    format_: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
    *,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> logging.Handler:
    """Send every record of the process to `stream` (stderr), replacing the handler of an earlier call.

    Ours are said from `level` on; those of libraries from warning on, at debug from info on.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format_ == "json" else TextFormatter(level == "debug"))
    handler.addFilter(Repeats(monotonic_s))
    root = logging.getLogger()
    for old in [old for old in root.handlers if getattr(old, "hannun", False)]:
        root.removeHandler(old)
    handler.hannun = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    # A library's debug records are for its own authors: numba alone writes thousands of lines per kernel.
    root.setLevel(logging.INFO if level == "debug" else max(logging.WARNING, _LEVELS[level]))
    logging.getLogger(ROOT).setLevel(_LEVELS[level])
    logging.captureWarnings(True)
    # A full pipe or a closed terminal must not print a traceback per record.
    logging.raiseExceptions = False
    return handler


def escape(words: str, most: int = LINE_MAX) -> str:
    """`words` on one line of at most `most` characters, with nothing in it that steers a terminal."""
    line = words[:most].translate(_ESCAPES)
    return line if len(words) <= most and len(line) <= most else line[: most - 1] + "…"


class TextFormatter(logging.Formatter):
    """`2026-11-20T18:05:00.123Z WARNING hannun.store: the words`; with `debug`, tracebacks follow behind a bar."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        words = escape(_message(record) + ("" if self._debug else _blame(record)))
        line = f"{_stamp(record)} {record.levelname:<7} {record.name}: {words}"
        if self._debug and record.exc_info and record.exc_info[0]:
            # The bar at the head of each line is why a forged record inside an exception's words stays visible as one.
            text = "".join(traceback.format_exception(*record.exc_info)).splitlines()[-TRACEBACK_LINES_MAX:]
            line = "\n".join([line, *(f"  | {escape(part, 1_000)}" for part in text)])
        return line


class JsonFormatter(logging.Formatter):
    """One object per line: `time`, `level`, `logger`, `message`, and `error`, `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": _stamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": escape(_message(record)),
        }
        if record.exc_info and record.exc_info[0]:
            fields["error"] = escape(_blame(record).lstrip(" |"), 1_000)
            whole = "".join(traceback.format_exception(*record.exc_info))
            fields["traceback"] = whole[-LINE_MAX:].encode("utf-8", "backslashreplace").decode()
        return json.dumps(fields, ensure_ascii=False)


class Repeats(logging.Filter):
    """Lets an identical warning or error through once per REPEAT_EVERY_S; the next one says how many were held."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        key = (record.name, record.levelno, _message(record)[:500])
        now_s = self._monotonic_s()
        with self._lock:
            said_s, held = self._seen.get(key, (-REPEAT_EVERY_S, 0))
            if now_s - said_s < REPEAT_EVERY_S:
                self._seen[key] = (said_s, held + 1)
                return False
            # The oldest goes first: a flood of different messages must not cost memory.
            self._seen.pop(key, None)
            while len(self._seen) >= REMEMBERED_MAX:
                del self._seen[next(iter(self._seen))]
            self._seen[key] = (now_s, 0)
        if held:
            record.msg = f"{_message(record)} (and {held} more times since it was last said)"
            record.args = None
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as err:
        # A wrong placeholder in our own call must not lose what it wanted to say.
        return f"{record.msg} {record.args!r} ({err})"


def _blame(record: logging.LogRecord) -> str:
    """The exception in one breath: its words and the innermost line of ours that saw it."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    err = record.exc_info[1]
    frames = traceback.extract_tb(err.__traceback__)
    ours = [frame for frame in frames if "/hannun/" in frame.filename.replace("\\", "/")] or frames
    where = f" ({ours[-1].filename.rpartition('/hannun/')[2]}:{ours[-1].lineno} in {ours[-1].name})" if ours else ""
    return f" | {type(err).__name__}: {err}{where}"


def _stamp(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
