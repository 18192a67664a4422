"""Error events of about 30 kB as a real SDK makes them, for measurements: many issues, few of them loud.

Frames show this Python's own sources with their surroundings and locals; breadcrumbs, ids, times and users differ from
event to event, as they do in life: a store that compresses only what repeats exactly gains nothing here.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import logging
import random
import sqlite3
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hannun.model.event import ERROR, Event, EventUser, Grouping
from hannun.model.identity import Identity

FRAMES, BREADCRUMBS, CONTEXT_LINES = 24, 45, 5
_SOURCES = (asyncio.base_events, inspect, logging, sqlite3.dbapi2, urllib.request, json.decoder, random)
_TABLES = ("orders", "users", "carts", "payments", "products", "sessions", "coupons", "refunds")
_BROWSERS = ("Chrome 117", "Chrome 118", "Safari 17.1", "Firefox 119", "Mobile Safari 16.6")
_TYPES = ("ValueError", "KeyError", "TimeoutError", "OperationalError", "AttributeError", "ConnectionResetError")


@dataclass(frozen=True)
class _Issue:
    number: int
    error_type: str
    value: str
    frames: tuple[dict[str, Any], ...]
    hashes: tuple[str, str]


class ErrorMix:
    """Seeded: the same numbers make the same events."""

    def __init__(self, issues: int = 200, seed: int = 7, *, start: int = 0) -> None:
        self._rng = random.Random(seed)
        self._lines = [inspect.getsource(source).splitlines() for source in _SOURCES]
        self._issues = [self._issue(start + number) for number in range(issues)]
        self._weights = [1.0 / (1 + number) for number in range(issues)]
        self._modules = {f"package-{n}": f"{n % 7}.{n % 13}.{n % 5}" for n in range(80)}

    def events(self, count: int, start_ms: int, step_ms: float, *, issue: int | None = None) -> Iterator[Event]:
        """One every `step_ms`; of one issue only, or of all with few loud ones."""
        for position in range(count):
            chosen = self._issues[issue] if issue is not None else self._rng.choices(self._issues, self._weights)[0]
            yield self._event(chosen, int(start_ms + position * step_ms))

    def _issue(self, number: int) -> _Issue:
        rng = random.Random(number)
        frames = []
        for depth in range(FRAMES):
            source = rng.randrange(len(_SOURCES))
            lines = self._lines[source]
            at = rng.randrange(CONTEXT_LINES, len(lines) - CONTEXT_LINES)
            frames.append(
                {
                    "filename": f"shop/{_SOURCES[source].__name__.replace('.', '/')}.py",
                    "abs_path": f"/srv/app/shop/{_SOURCES[source].__name__.replace('.', '/')}.py",
                    "function": f"handle_{number}_{depth}",
                    "module": f"shop.{_SOURCES[source].__name__}",
                    "lineno": at + 1,
                    "pre_context": lines[at - CONTEXT_LINES : at],
                    "context_line": lines[at],
                    "post_context": lines[at + 1 : at + 1 + CONTEXT_LINES],
                    "in_app": depth % 3 == 0,
                }
            )
        hashes = tuple(hashlib.md5(f"{kind}{number}".encode()).hexdigest() for kind in ("app", "system"))
        error = _TYPES[number % len(_TYPES)]
        return _Issue(number, error, f"cannot finish step {number}: %s", tuple(frames), (hashes[0], hashes[1]))

    def _event(self, issue: _Issue, ts_ms: int) -> Event:
        rng = self._rng
        id_, trace = f"{rng.getrandbits(128):032x}", f"{rng.getrandbits(128):032x}"
        span = f"{rng.getrandbits(64):016x}"
        user = rng.randrange(5_000)
        value = issue.value % f"order {rng.randrange(10**8)} of user {user}"
        release = f"shop@1.{rng.randrange(4)}.{rng.randrange(3)}"
        browser = rng.choice(_BROWSERS)
        frames = [{**frame, "vars": _locals(rng, user)} for frame in issue.frames]
        crumbs = [_crumb(rng, ts_ms / 1000 - 0.3 * (BREADCRUMBS - i), user) for i in range(BREADCRUMBS)]
        url = f"https://shop.example/checkout/{issue.number % 9}"
        payload = {
            "event_id": id_,
            "timestamp": ts_ms / 1000,
            "platform": "python",
            "level": "error",
            "release": release,
            "environment": "production",
            "server_name": f"web-{rng.randrange(4)}",
            "transaction": f"/checkout/{issue.number % 9}",
            "exception": {
                "values": [
                    {
                        "type": issue.error_type,
                        "value": value,
                        "module": "shop.errors",
                        "mechanism": {"type": "fastapi", "handled": False},
                        "stacktrace": {"frames": frames},
                    }
                ]
            },
            "breadcrumbs": {"values": crumbs},
            "request": {
                "url": url,
                "method": "POST",
                "headers": {"Host": "shop.example", "User-Agent": f"Mozilla/5.0 {browser}", "X-Request-Id": trace},
                "data": {"order": rng.randrange(10**8), "coupon": None},
            },
            "contexts": {
                "trace": {"trace_id": trace, "span_id": span},
                "runtime": {"name": "CPython", "version": "3.11.9"},
                "browser": {"name": browser.rpartition(" ")[0], "version": browser.rpartition(" ")[2]},
            },
            "user": {"id": str(user), "email": f"u{user}@example.com"},
            "modules": self._modules,
            "sdk": {"name": "sentry.python.fastapi", "version": "2.75.0"},
            "extra": {"sys.argv": ["gunicorn", "shop.main:app", "-w", "4"]},
        }
        return Event(
            id=id_,
            project=1,
            ts_ms=ts_ms,
            received_ms=ts_ms + 40,
            kind="error",
            level=ERROR,
            title=f"{issue.error_type}: {value}",
            culprit=f"shop.checkout in handle_{issue.number}_23",
            grouping=Grouping("v1", issue.hashes, "in-app stack trace"),
            payload=json.dumps(payload, separators=(",", ":")).encode(),
            identity=Identity("shop", "production", f"web-{rng.randrange(4)}", release),
            platform="python",
            transaction=f"/checkout/{issue.number % 9}",
            error_type=issue.error_type,
            error_value=value,
            filename="shop/checkout.py",
            function=f"handle_{issue.number}_23",
            handled=False,
            trace_id=trace,
            span_id=span,
            user=EventUser(id=str(user), email=f"u{user}@example.com", ip=f"10.0.{user % 250}.7"),
            tags={
                "browser": browser,
                "browser.name": browser.rpartition(" ")[0],
                "os": rng.choice(("Windows 10", "Mac OS X 14.1", "iOS 16.6", "Android 13")),
                "environment": "production",
                "level": "error",
                "release": release,
                "server_name": f"web-{rng.randrange(4)}",
                "transaction": f"/checkout/{issue.number % 9}",
                "url": url,
                "user": f"id:{user}",
                "handled": "no",
                "mechanism": "fastapi",
                "runtime": "CPython 3.11.9",
            },
        )


def _locals(rng: random.Random, user: int) -> dict[str, str]:
    return {
        "self": f"<shop.Handler object at 0x7f{rng.getrandbits(40):010x}>",
        "user_id": str(user),
        "order": str(rng.randrange(10**8)),
        "total": f"Decimal('{rng.randrange(10**6) / 100:.2f}')",
        "session": f"<AsyncSession object at 0x7f{rng.getrandbits(40):010x}>",
    }


def _crumb(rng: random.Random, at_s: float, user: int) -> dict[str, Any]:
    table = rng.choice(_TABLES)
    return {
        "timestamp": round(at_s, 3),
        "type": "default",
        "category": "query",
        "level": "info",
        "message": f"SELECT {table}.id FROM {table} WHERE {table}.user_id = {user} LIMIT {rng.randrange(1, 100)}",
        "data": {"db.system": "postgresql", "duration_ms": round(rng.random() * 40, 2)},
    }
