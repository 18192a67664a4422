"""Many threads meet their first event at once: a process of its own, because a crash would end this one."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import threading
from hannun.process.events.facts import EventFacts
from hannun.process.events.take import take
from hannun.testing.sentry_events import django

events = [django(number) for number in range(8)]
ready = threading.Barrier(8)

def one(event):
    ready.wait()
    take(event, EventFacts(1, 1_700_000_000_000, None, "", "", "python"))

threads = [threading.Thread(target=one, args=(event,)) for event in events]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_first_events_may_come_together() -> None:
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
