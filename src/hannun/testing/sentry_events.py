"""Events as real SDKs write them, for tests and benches: the same ones for the same number.

Shapes are those that sentry-sdk 2.75 and 1.40, @sentry/node 11.12 and 7.100, @sentry/browser 11.12 and raven put on the
wire; the program that fails is a shop of our own. `django(0)` weighs about 30 kB: 40 frames with source and locals over
two exceptions, 100 breadcrumbs.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

Event = dict[str, Any]
START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
START_MS = 1_795_230_000_000
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)
WHALE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 "
    "Whale/3.23.214.10 Safari/537.36"
)
KAKAO = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Mobile/15E148 KAKAOTALK 10.4.5"
)
_LIBRARIES = (
    ("django.core.handlers.base", "django/core/handlers/base.py", "_get_response"),
    ("django.core.handlers.exception", "django/core/handlers/exception.py", "inner"),
    ("django.utils.deprecation", "django/utils/deprecation.py", "__call__"),
    ("django.db.models.query", "django/db/models/query.py", "get"),
    ("django.db.backends.utils", "django/db/backends/utils.py", "_execute"),
)
_OWN = (
    ("shop.views.orders", "shop/views/orders.py", "pay"),
    ("shop.services.payment", "shop/services/payment.py", "authorise_card"),
    ("shop.services.stock", "shop/services/stock.py", "reserve"),
    ("shop.models.order", "shop/models/order.py", "total"),
)
_LINES = (
    "    subtotal = sum(item.price * item.count for item in order.items)",
    "    if not stock.reserve(order.id, timeout_s=3):",
    "    # 재고가 없으면 주문을 되돌린다",
    "    response = gateway.charge(order.total, currency='KRW')",
    "    order.state = OrderState.PAID",
    "    return response",
)


def _hex(dice: random.Random, digits: int) -> str:
    return f"{dice.getrandbits(4 * digits) | 1:0{digits}x}"


def _at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _python_frame(dice: random.Random, at: int, *, own: bool) -> Event:
    module, filename, function = dice.choice(_OWN if own else _LIBRARIES)
    root = "/srv/shop/" if own else "/usr/lib/python3.11/site-packages/"
    variables = {
        "self": f"<Handler object at 0x{_hex(dice, 12)}>",
        "order": f"<Order: A-{1000 + at}>",
        "items": [f"<SKU-{dice.randrange(99999):05d}>" for _ in range(2)],
    }
    return {
        "filename": filename,
        "abs_path": root + filename,
        "function": function,
        "module": module,
        "lineno": 20 + at,
        "pre_context": [dice.choice(_LINES)],
        "context_line": _LINES[at % len(_LINES)],
        "post_context": [dice.choice(_LINES)],
        "in_app": own,
        "vars": variables,
    }


def _python_crumb(dice: random.Random, at: int) -> Event:
    return {
        "type": "log",
        "level": "info",
        "category": "shop.stock",
        "message": f"stock of SKU-{dice.randrange(99999):05d} in 서울",
        "timestamp": _at(-100 + at),
    }


def django(number: int = 0, *, frames: int = 40, breadcrumbs: int = 100) -> Event:
    """sentry-sdk 2.75 with its Django integration: about 30 kB."""
    dice = random.Random(number)
    half = frames // 4
    cause = [_python_frame(dice, at, own=at % 3 == 2) for at in range(half)]
    raised = [_python_frame(dice, at, own=at % 4 == 3 or at == frames - half - 1) for at in range(frames - half)]
    order = dice.randrange(10_000)
    return {
        "event_id": _hex(dice, 32),
        "level": "error",
        "timestamp": _at(number),
        "platform": "python",
        "transaction": "/orders/{pk}/pay/",
        "transaction_info": {"source": "route"},
        "exception": {
            "values": [
                {
                    "module": "shop.errors",
                    "type": "CardLimit",
                    "value": f"결제 실패: 주문 A-{order}, 한도 초과",
                    "mechanism": {
                        "type": "chained",
                        "handled": False,
                        "source": "__cause__",
                        "exception_id": 1,
                        "parent_id": 0,
                    },
                    "stacktrace": {"frames": cause},
                },
                {
                    "module": None,
                    "type": "RuntimeError",
                    "value": f"could not pay order A-{order}",
                    "mechanism": {"type": "django", "handled": False, "exception_id": 0},
                    "stacktrace": {"frames": raised},
                },
            ]
        },
        "breadcrumbs": {"values": [_python_crumb(dice, at) for at in range(breadcrumbs)]},
        "contexts": {
            "trace": {
                "trace_id": _hex(dice, 32),
                "span_id": _hex(dice, 16),
                "parent_span_id": None,
                "op": "http.server",
                "origin": "auto.http.django",
                "data": {"thread.id": "140398754106240", "thread.name": "MainThread"},
            },
            "runtime": {"name": "CPython", "version": "3.11.7", "build": "3.11.7 (main) [GCC 12.2.0]"},
        },
        "tags": {"team": "pay"},
        "extra": {"sys.argv": ["manage.py", "runserver"]},
        "modules": {"django": "5.2.19", "sentry-sdk": "2.75.0", "asgiref": "3.11.0", "sqlparse": "0.5.4"},
        "request": {
            "url": "https://shop.example.kr/orders/7/pay/",
            "query_string": "coupon=WELCOME&token=3f2a",
            "method": "POST",
            "env": {"SERVER_NAME": "shop.example.kr", "SERVER_PORT": "443", "REMOTE_ADDR": "203.0.113.7"},
            "headers": {"Host": "shop.example.kr", "User-Agent": WHALE, "Content-Type": "application/json"},
            "cookies": {"sessionid": "[Filtered]", "theme": "dark"},
            "data": {"memo": "빨리 보내 주세요", "card": "[Filtered]"},
        },
        "user": {"id": str(dice.randrange(500)), "email": "kim@example.com", "ip_address": "203.0.113.7"},
        "release": f"shop@1.2.{number % 5}",
        "environment": "production",
        "server_name": "web-1",
        "sdk": {
            "name": "sentry.python.django",
            "version": "2.75.0",
            "packages": [{"name": "pypi:sentry-sdk", "version": "2.75.0"}],
            "integrations": ["argv", "atexit", "dedupe", "django", "excepthook", "logging", "modules", "stdlib"],
        },
        "_meta": {"request": {"cookies": {"sessionid": {"": {"rem": [["!config", "s"]]}}}}},
    }


def flask_1_40(number: int = 0) -> Event:
    """sentry-sdk 1.40: `set_context` with plain values, as the users' own ErrorTrackingService calls it."""
    dice = random.Random(number)
    event = django(number, frames=8, breadcrumbs=0)
    event["exception"]["values"] = event["exception"]["values"][-1:]
    event["exception"]["values"][0]["mechanism"] = {"type": "generic", "handled": True}
    event["transaction"] = "lightweight_analyze"
    event["contexts"] |= {"endpoint": "/api/lightweight-analyze", "user_id": None, "file_size": dice.randrange(10**6)}
    event["sdk"] = {"name": "sentry.python.flask", "version": "1.40.0", "packages": [], "integrations": ["flask"]}
    del event["release"]
    return event


def node(number: int = 0, *, version: str = "11.12.0") -> Event:
    """@sentry/node: numbers as timestamps, frames of `node_modules` told apart by the SDK."""
    dice = random.Random(number)
    frames = [
        {
            "filename": "/srv/shop/node_modules/express/lib/router/layer.js" if at < 6 else "/srv/shop/src/pay.js",
            "function": "Layer.handle" if at < 6 else "PayService.charge",
            "module": "express.lib.router:layer" if at < 6 else "pay",
            "lineno": 90 + at,
            "colno": 5,
            "in_app": at >= 6,
            "pre_context": ["  const order = await load(id);"],
            "context_line": "  return gateway.charge(order.total);",
            "post_context": ["}"],
        }
        for at in range(9)
    ]
    mechanism = "auto.middleware.express" if version.startswith("11") else "middleware"
    return {
        "event_id": _hex(dice, 32),
        "timestamp": START_MS / 1000 + number + 0.251,
        "platform": "node",
        "level": "error",
        "environment": "production",
        "release": "shop-api@2.0.1",
        "server_name": "api-1",
        "exception": {
            "values": [
                {
                    "type": "TypeError",
                    "value": "Cannot read properties of undefined (reading 'total')",
                    "mechanism": {"type": mechanism, "handled": False},
                    "stacktrace": {"frames": frames},
                }
            ]
        },
        "breadcrumbs": [
            {
                "timestamp": START_MS / 1000 - at,
                "category": "http",
                "data": {"url": "http://stock/1", "status_code": 200},
            }
            for at in range(20, 0, -1)
        ],
        "contexts": {
            "trace": {"trace_id": _hex(dice, 32), "span_id": _hex(dice, 16)},
            "runtime": {"name": "node", "version": "v20.18.0"},
            "os": {"kernel_version": "6.1.0", "name": "Debian GNU/Linux", "version": "12"},
            "device": {"boot_time": "2026-11-01T00:00:00.000Z", "arch": "x64", "memory_size": 8_000_000_000},
        },
        "request": {
            "method": "GET",
            "url": "http://api.example.kr/pay/7?lang=ko",
            "headers": {"host": "api.example.kr", "user-agent": "curl/8.1.2", "cookie": "connect.sid=s%3Aabc"},
            "query_string": "lang=ko",
            "cookies": {"connect.sid": "s:abc"},
        },
        "modules": {"express": "4.19.2"},
        "sdk": {"name": "sentry.javascript.node", "version": version, "integrations": ["Http", "Express"]},
    }


def browser(number: int = 0, *, user_agent: str = CHROME, minified: bool = True) -> Event:
    """@sentry/browser 11.12 in a page, its script minified and known by a debug id."""
    dice = random.Random(number)
    script = "https://shop.example.kr/assets/app-3f2a9c51.js"
    return {
        "event_id": _hex(dice, 32),
        "timestamp": START_MS / 1000 + number,
        "platform": "javascript",
        "level": "error",
        "environment": "production",
        "release": "shop-web@3.1.0",
        "exception": {
            "values": [
                {
                    "type": "TypeError",
                    "value": "Cannot read properties of null (reading 'price')",
                    "stacktrace": {
                        "frames": [
                            {
                                "filename": script,
                                "function": "HTMLButtonElement.r",
                                "in_app": True,
                                "lineno": 1,
                                "colno": 999,
                            },
                            {
                                "filename": script,
                                "function": "t" if minified else "showPrice",
                                "in_app": True,
                                "lineno": 1,
                                "colno": 48_211,
                            },
                        ]
                    },
                    "mechanism": {"type": "auto.browser.global_handlers.onerror", "handled": False},
                }
            ]
        },
        "breadcrumbs": [{"timestamp": START_MS / 1000 - 2, "category": "ui.click", "message": "body > button#pay"}],
        "debug_meta": {"images": [{"type": "sourcemap", "code_file": script, "debug_id": "6d2c" + "0" * 28}]},
        "contexts": {"trace": {"trace_id": _hex(dice, 32), "span_id": _hex(dice, 16)}},
        "request": {
            "url": "https://shop.example.kr/items/7?ref=naver#reviews",
            "headers": {"Referer": "https://search.naver.com/", "User-Agent": user_agent},
        },
        "sdk": {"name": "sentry.javascript.browser", "version": "11.12.0", "settings": {"infer_ip": "auto"}},
    }


def raven(number: int = 0) -> Event:
    """raven-python, the client before the SDKs: interfaces by their old names, levels by number."""
    dice = random.Random(number)
    return {
        "event_id": _hex(dice, 32),
        "project": "1",
        "timestamp": "2026-11-21T03:00:00",
        "level": 40,
        "logger": "root",
        "platform": "python",
        "culprit": "shop.jobs in close_day",
        "message": "day cannot be closed: %s",
        "sentry.interfaces.Message": {"message": "day cannot be closed: %s", "params": ["2026-11-20"]},
        "sentry.interfaces.Http": {"url": "http://shop/close", "method": "POST", "data": "day=2026-11-20&force=1"},
        "sentry.interfaces.User": {"id": 7, "is_authenticated": True},
        "tags": [["site", "kr"], ["release", "shop@0.9"]],
        "modules": {"raven": "6.10.0"},
        "server_name": "batch-1",
        "sdk": "raven-python/6.10.0",
        "time_spent": None,
        "extra": {"attempt": 3},
    }


ALL = {"django": django, "flask_1_40": flask_1_40, "node": node, "browser": browser, "raven": raven}
"""One of each, by name."""
