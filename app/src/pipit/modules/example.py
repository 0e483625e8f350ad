"""The module to copy: counts the messages of each topic, and tells the counts at GET /counts.

To make one of your own: copy this file, add its name to MODULES in pipit.modules, and a section of
that name to pipit.config.modules. Then `pipit module NAME` runs it.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import prometheus_client
from aiohttp import web

from pipit.bus.events import AnyEvent, MessageStored
from pipit.modules.base import Context, Handlers


@asynccontextmanager
async def running(context: Context) -> AsyncIterator[Handlers]:
    """Starts, runs while its caller does, and ends."""
    counts: Counter[str] = Counter()
    metric = prometheus_client.Counter(
        "pipit_example_messages", "Messages counted.", registry=context.registry
    )

    async def count(event: AnyEvent) -> None:
        """Called with one event after another. If it raises, it is called again later."""
        if isinstance(event, MessageStored):
            counts[event.topic] += 1
            metric.inc()

    async def tell(_request: web.Request) -> web.Response:
        return web.json_response(counts)

    context.app.router.add_get("/counts", tell)
    yield {"example": count}
