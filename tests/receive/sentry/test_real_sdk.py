"""The real sentry-sdk, unmodified, in a process of its own against the routes over HTTP.

The SDK is the installed one, and the old one that `make dev` puts beside it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from hannun.model.errors import Overloaded
from hannun.model.project_key import KeyLimit, ProjectKey
from hannun.process.events.take import take
from hannun.receive.sentry import routes
from hannun.receive.sentry.sheet import Room
from hannun.testing.server import free_port

KEY = "0123456789abcdef0123456789abcdef"
OLD = Path(__file__).parents[3] / ".venv" / "clients" / "sentry-sdk-1.40.0"
FOLDERS = ([""] if importlib.util.find_spec("sentry_sdk") else []) + ([str(OLD)] if OLD.exists() else [])

pytestmark = pytest.mark.skipif(not FOLDERS, reason="`make dev` has not installed sentry-sdk")


def python(folder: str) -> list[str]:
    """With nothing but the SDK of the folder: an old one stumbles over frameworks of another day."""
    return [sys.executable, "-S"] if folder else [sys.executable]


@dataclass
class Live:
    house: Any
    port: int

    def run(self, folder: str, program: str, **options: str) -> str:
        """The program after `init`; it ends with a flush. What it prints."""
        told = "".join(f", {name}={value}" for name, value in options.items())
        start = f"import sentry_sdk\nsentry_sdk.init('http://{KEY}@127.0.0.1:{self.port}/1'{told})\n"
        env = {**os.environ, "PYTHONPATH": folder, "no_proxy": "*"}
        done = subprocess.run(
            [*python(folder), "-c", f"{start}{program}\nsentry_sdk.flush(10)\n"],
            capture_output=True,
            text=True,
            timeout=30,
            env=env,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def live(build) -> Iterator[Live]:
    house = build(kept=(Room.SESSIONS, Room.CHECK_INS, Room.ATTACHMENTS, Room.SPANS), take=take)
    app = Starlette(routes=[Route(one.path, one.handler, methods=[one.method]) for one in routes(house.intake)])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    deadline = threading.Event()
    for _ in range(100):
        if server.started:
            break
        deadline.wait(0.05)
    assert server.started
    yield Live(house, port)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(params=FOLDERS, ids=[Path(folder).name or "installed" for folder in FOLDERS])
def sdk(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def old(sdk: str) -> bool:
    """Whether it is a 1.x."""
    found = subprocess.run(
        [*python(sdk), "-c", "import sentry_sdk; print(sentry_sdk.VERSION)"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": sdk},
        check=True,
    )
    return found.stdout.startswith("1.")


def test_an_exception_is_an_event_with_its_stack_and_breadcrumbs(live, sdk) -> None:
    program = """
import logging
logging.info("before")
def buy(sku):
    amount = 3
    raise ValueError(f"out of stock: {sku}")
try:
    buy("결제-4711")
except ValueError:
    print(sentry_sdk.capture_exception())
"""
    said = live.run(sdk, program, release="'shop@1.2.3'", environment="'prod'")
    (event,) = live.house.events.values
    assert event.id == said.strip()
    assert (event.error_type, event.error_value) == ("ValueError", "out of stock: 결제-4711")
    assert (event.identity.release, event.identity.environment, event.platform) == ("shop@1.2.3", "prod", "python")
    payload = orjson.loads(event.payload)
    frames = payload["exception"]["values"][0]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "buy"
    assert frames[-1]["vars"]["amount"] == "3"
    assert payload["sdk"]["name"].startswith("sentry.python")


def test_tracing_sends_a_transaction_and_its_spans(live, sdk) -> None:
    program = """
with sentry_sdk.start_transaction(op="job", name="nightly"):
    with sentry_sdk.start_span(op="db", description="SELECT 1"):
        pass
try:
    1 / 0
except ZeroDivisionError:
    sentry_sdk.capture_exception()
"""
    live.run(sdk, program, traces_sample_rate="1.0")
    assert [event.error_type for event in live.house.events.values] == ["ZeroDivisionError"]
    spans = live.house.rooms[Room.SPANS].values
    assert {(span.name, span.op, span.segment) for span in spans} == {
        ("nightly", "job", True),
        ("SELECT 1", "db", False),
    }
    assert {span.segment_name for span in spans} == {"nightly"}


def test_a_check_in_upserts_its_monitor(live, sdk) -> None:
    program = """
from sentry_sdk.crons import capture_checkin
config = {"schedule": {"type": "crontab", "value": "0 3 * * *"}, "timezone": "Asia/Seoul", "checkin_margin": 5}
one = capture_checkin(monitor_slug="nightly", status="in_progress", monitor_config=config)
capture_checkin(monitor_slug="nightly", check_in_id=one, status="ok", duration=1.5)
"""
    live.run(sdk, program)
    first, last = live.house.rooms[Room.CHECK_INS].values
    assert (first.monitor, first.status, last.status, last.duration_s) == ("nightly", "in_progress", "ok", 1.5)
    assert first.id == last.id != ""
    assert first.config.schedule.expression == "0 3 * * *"
    assert (first.config.timezone, first.config.margin_min) == ("Asia/Seoul", 5)


def test_an_attachment_belongs_to_its_event(live, sdk) -> None:
    program = """
with sentry_sdk.push_scope() as scope:
    scope.add_attachment(bytes=b"a\\r\\nb\\n", filename="notes.txt")
    sentry_sdk.capture_message("look")
"""
    live.run(sdk, program)
    (event,) = live.house.events.values
    (attachment,) = live.house.rooms[Room.ATTACHMENTS].values
    assert (attachment.event_id, attachment.name, attachment.data) == (event.id, "notes.txt", b"a\r\nb\n")


def test_a_refusal_makes_the_sdk_stop_and_tell_what_it_lost(live, sdk) -> None:
    live.house.keys.known[KEY] = ProjectKey(KEY, 1, "web", limits={"error": KeyLimit(1, 3600)})
    program = """
import time
for n in range(4):
    sentry_sdk.capture_message(f"message {n}")
    sentry_sdk.flush(5)
"""
    live.run(sdk, program)
    assert [event.title for event in live.house.events.values] == ["message 0"]
    counted = live.house.counted()
    assert counted["error", "accepted", ""] == 1
    # The second was refused here; the others never left the client, which obeys the header.
    assert counted["error", "limited", "key quota"] == 1


def test_a_busy_store_makes_the_sdk_wait_for_that_category_only(live, sdk) -> None:
    live.house.events.fails = Overloaded("full", retry_after_s=60)
    program = """
from sentry_sdk.crons import capture_checkin
for n in range(3):
    sentry_sdk.capture_message(f"message {n}")
    sentry_sdk.flush(5)
capture_checkin(monitor_slug="nightly", status="ok")
"""
    live.run(sdk, program)
    counted = live.house.counted()
    assert counted["error", "limited", "refused for now: queue full"] == 1
    assert len(live.house.rooms[Room.CHECK_INS].values) == 1


def test_logs_and_metrics_of_the_newer_sdk_arrive(live, sdk) -> None:
    if old(sdk):
        pytest.skip("sentry-sdk 1.x has neither logs nor metrics of this kind")
    program = """
from sentry_sdk import logger
logger.warning("stock of {sku} is low", sku="A-1")
from sentry_sdk import metrics
metrics.count("orders", 2)
"""
    live.run(sdk, program, enable_logs="True")
    counted = live.house.counted()
    assert counted["log_item", "discarded", "not kept yet"] == 1
    assert counted["trace_metric", "discarded", "not kept yet"] == 1
