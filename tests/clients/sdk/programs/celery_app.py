"""A Celery task that fails, run in place."""

import contextlib
import sys

import sentry_sdk
from celery import Celery

sentry_sdk.init(dsn=sys.argv[1], release="worker@0.9.0", environment="production")
app = Celery("worker")
app.conf.task_always_eager = True


@app.task(name="mail.send")
def send(to: str) -> None:
    raise ConnectionError(f"no route to {to}")


with contextlib.suppress(ConnectionError):
    send.apply(args=("kim@example.kr",))
sentry_sdk.flush(5)
