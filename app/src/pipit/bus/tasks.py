"""Ending what runs in the background."""

import asyncio
from typing import Any

AGAIN = 0.1
"""Seconds after which a task that goes on is cancelled once more."""


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancels tasks until they have ended.

    Once is not enough: a client library that is connecting may take the cancellation for a fault of
    the connection (seen with redis-py 8.1 on Python 3.11).
    """
    pending = {task for task in tasks if task is not None}
    started = tuple(pending)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN)
    await asyncio.gather(*started, return_exceptions=True)


async def happens(event: asyncio.Event, seconds: float) -> bool:
    """Whether an event happens within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
