"""Times as a person reads and writes them on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hannun.cli.terminal import UsageError
from hannun.config.complaint import quote
from hannun.model.text import Text
from hannun.model.time import parse_duration_ms, parse_timestamp_ms

_RELATIVE = re.compile(r"(?:now)?(?:\s*-\s*([0-9a-z]+))?")


def said(ms: int | None, zone: str, *, exact: bool = False) -> str:
    """`2026-11-20 18:05:00` in the zone, with milliseconds where `exact` and there are some; a dash for never."""
    if ms is None:
        return "-"
    moment = datetime.fromtimestamp(ms // 1000, UTC).astimezone(ZoneInfo(zone))
    rest = f".{ms % 1000:03d}" if exact and ms % 1000 else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{rest}"


def moment_ms(words: str, name: str, now_ms: int, zone: str) -> int:
    """`now`, `-1h`, `now-1h`, Unix seconds, RFC3339, or `2026-11-20 18:05` in the zone. Raises UsageError."""
    text = words.strip()
    if text and (relative := _RELATIVE.fullmatch(text)):
        try:
            return now_ms - (parse_duration_ms(relative[1]) if relative[1] else 0)
        except ValueError:
            raise _refused(words, name) from None
    try:
        return parse_timestamp_ms(text)
    except ValueError:
        pass
    try:
        local = datetime.fromisoformat(text)
        placed = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))
        return int(placed.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise _refused(words, name) from None


def span_ms(words: str, name: str) -> int:
    """A positive duration: `30s`, `5m`, or seconds. Raises UsageError."""
    try:
        ms = round(float(words) * 1000) if re.fullmatch(r"\d{1,9}(\.\d{1,3})?", words) else parse_duration_ms(words)
    except ValueError:
        ms = 0
    if ms <= 0:
        raise UsageError(
            Text(
                en=f"{name}: {quote(words)} is not a duration; write 30s, 5m or 1h",
                ko=f"{name}: {quote(words)} 기간이 아닙니다. 30s, 5m, 1h처럼 적어 주세요",
            )
        )
    return ms


def _refused(words: str, name: str) -> UsageError:
    return UsageError(
        Text(
            en=f"{name}: {quote(words)} is no time; write now, -1h, 2026-11-20T18:05:00Z or Unix seconds",
            ko=f"{name}: {quote(words)} 시각이 아닙니다. now, -1h, 2026-11-20T18:05:00Z 또는 유닉스 초로 적어 주세요",
        )
    )
