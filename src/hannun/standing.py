"""How what was started is ended. Part of `app.py`'s wiring."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress


def keep_running(standing: AsyncExitStack, work: Coroutine[None, None, None], name: str) -> None:
    """Run `work` in a task until `standing` is unwound."""
    standing.push_async_callback(_ended, asyncio.create_task(work, name=name))


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def tell_loop(loop: asyncio.AbstractEventLoop, leave: asyncio.Event) -> None:
    """Set `leave` from any thread, also when the loop has ended and the process is leaving already."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(leave.set)
