"""`pipit module NAME`: from the settings to a running module, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import prometheus_client
import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry, exposition, generate_latest

from pipit.bus.base import Bus, Handler
from pipit.bus.events import AnyEvent
from pipit.bus.factory import make_bus
from pipit.config import ConfigError, Settings
from pipit.modules.base import Context, Handlers

log = logging.getLogger(__name__)

GRACE_SECONDS = 2.0
"""For requests to the module that are under way when it is told to stop."""


def run(name: str, settings: Settings) -> int:
    """Runs a module. 0 after a clean end; 1 if it cannot start, said on standard error.

    Raises ConfigError.
    """
    if settings.message_queue.type == "memory":
        raise ConfigError(
            "message_queue.type: found memory, allowed for modules: redis or rabbitmq, "
            "as a queue in the service's memory cannot be read by another process"
        )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_serve(name, settings))
        except OSError as fault:
            print(f"pipit: {fault}", file=sys.stderr)
            return 1
    return 0


async def _serve(name: str, settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    context = Context(settings)
    module = importlib.import_module(f"pipit.modules.{name}")
    section = getattr(settings, name)
    async with AsyncExitStack() as stack:
        handlers: Handlers = await stack.enter_async_context(module.running(context))
        bus = make_bus(settings)
        ready = asyncio.Event()
        context.checks["queue"] = lambda: _fault(bus, ready)
        address = await stack.enter_async_context(_listening(context, section.host, section.port))
        subscribing = await stack.enter_async_context(_subscribed(context, bus, handlers, ready))
        print(f"{name} is listening on {address}", flush=True)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, subscribing], return_when=asyncio.FIRST_COMPLETED)
        if subscribing.done():
            subscribing.result()
            await stopping
        log.info("stopping")


@asynccontextmanager
async def _subscribed(
    context: Context, bus: Bus, handlers: Handlers, ready: asyncio.Event
) -> AsyncIterator[asyncio.Task[None]]:
    """Events are handled, as soon as the message queue can be reached: `ready`, and the task ends.

    In the end handlers finish what they hold, before the module ends.
    """
    await bus.open()
    counted = _Counted(context.registry)

    async def subscribe() -> None:
        for group, handler in handlers.items():
            await bus.subscribe(group, counted.handler(group, handler), at_once=context.at_once)
        ready.set()

    task = asyncio.create_task(subscribe())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bus.close()


def _fault(bus: Bus, ready: asyncio.Event) -> str:
    away = "the message queue cannot be reached"
    return "" if ready.is_set() and bus.figures.connected else away


class _Counted:
    """Figures of what the handlers do."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.handled = prometheus_client.Counter(
            "pipit_module_events", "Events handled.", ["group"], registry=registry
        )
        self.failed = prometheus_client.Counter(
            "pipit_module_failures", "Handlers that failed.", ["group"], registry=registry
        )

    def handler(self, group: str, handler: Handler) -> Handler:
        handled, failed = self.handled.labels(group), self.failed.labels(group)

        async def counted(event: AnyEvent) -> None:
            with failed.count_exceptions():
                await handler(event)
            handled.inc()

        return counted


# -- the listener ---------------------------------------------------------------------------------


@asynccontextmanager
async def _listening(context: Context, host: str, port: int) -> AsyncIterator[str]:
    """Answers /healthz, /metrics and the module's own routes; yields the address."""
    prometheus_client.ProcessCollector(registry=context.registry)

    async def health(_request: web.Request) -> web.Response:
        return _health(context)

    async def metrics(_request: web.Request) -> web.Response:
        headers = {"Content-Type": exposition.CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(context.registry), headers=headers)

    context.app.router.add_get("/healthz", health)
    context.app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(context.app, access_log=None, shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield site.name
    finally:
        await runner.cleanup()


def _health(context: Context) -> web.Response:
    """200, or 503 with what fails."""
    found = {name: check() for name, check in context.checks.items()}
    body = {"status": "failing" if any(found.values()) else "ok"}
    body |= {name: fault or "ok" for name, fault in found.items()}
    return web.json_response(body, status=503 if any(found.values()) else 200)
