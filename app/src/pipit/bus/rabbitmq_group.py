"""A group's work on RabbitMQ: the queue has one active consumer, the others stand by.

What a process leaves unacknowledged goes to the next one, in its old place.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aio_pika
import msgspec
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractIncomingMessage,
    AbstractQueue,
)
from aio_pika.exceptions import AMQPException, ChannelInvalidStateError, ChannelPreconditionFailed

from pipit.bus.base import Handler
from pipit.bus.delivery import Delivery, Recent, Settle, reason
from pipit.bus.events import AnyEvent, decode, encode
from pipit.bus.tasks import end, happens
from pipit.config.settings import MessageQueue
from pipit.core import clock

log = logging.getLogger(__name__)

EVENTS = "pipit.events"
PORT = 5672
USER = "guest"

FAULTS = (AMQPException, ChannelInvalidStateError, OSError, TimeoutError)
"""What RabbitMQ, or the way to it, fails with."""

TIMEOUT = 5.0
"""Seconds without an answer after which RabbitMQ counts as away."""

HEARTBEAT = 5
"""Seconds between signs of life on a silent connection; it counts as lost soon after one fails."""

PREFETCH = 100
MOST_DEAD = 10_000
"""Dead letters kept for a group; the oldest make room."""

RETRY = 1.0


def group_queue(group: str) -> str:
    """The queue of events that a group has before it."""
    return f"pipit.group.{group}"


def dead_queue(group: str) -> str:
    """The queue of a group's dead letters."""
    return f"pipit.dead.{group}"


def where(settings: MessageQueue) -> str:
    """The broker, as messages name it."""
    return f"RabbitMQ at {settings.host}:{settings.port or PORT}"


@asynccontextmanager
async def connected(settings: MessageQueue) -> AsyncIterator[AbstractConnection]:
    """A connection of these settings. Raises one of FAULTS."""
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # what fails is told here, once
    connection = await aio_pika.connect(
        host=settings.host,
        port=settings.port or PORT,
        login=settings.user or USER,
        password=settings.password or USER,
        timeout=TIMEOUT,
        heartbeat=HEARTBEAT,
    )
    try:
        yield connection
    finally:
        with suppress(*FAULTS):
            async with asyncio.timeout(TIMEOUT):
                await connection.close()


class RabbitGroup:
    """Works for a group whenever no other process does; made in the event loop, and closed."""

    def __init__(
        self,
        settings: MessageQueue,
        name: str,
        handler: Handler,
        at_once: int,
        retries: Sequence[float],
    ) -> None:
        self._settings = settings
        self._name = name
        self._handler = handler
        self._at_once = at_once
        self._retries = retries
        self._recent = Recent()
        self._known = asyncio.Event()
        self._stop = asyncio.Event()
        self._away = False
        self._task = asyncio.create_task(self._run(), name=f"bus-{name}")

    async def ready(self) -> None:
        """Waits until RabbitMQ knows the group."""
        await self._known.wait()

    async def close(self) -> None:
        """Lets handlers finish, for PATIENCE seconds; what they do not manage is left to others."""
        self._stop.set()
        await self._task

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                async with connected(self._settings) as connection:
                    await self._work(connection)
                if not self._stop.is_set():
                    raise ConnectionResetError("the connection was lost")
            except Exception as fault:  # whatever it is, the group goes on
                if not self._away:
                    log.warning("%s waits for %s: %r", self._name, where(self._settings), fault)
                self._away = True
                await happens(self._stop, RETRY)

    async def _work(self, connection: AbstractConnection) -> None:
        """Handles events until the connection is lost. Raises one of FAULTS."""
        queue = await self._declare(connection)
        channel = queue.channel
        arrivals: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        await queue.consume(arrivals.put)
        self._note_ready()
        delivery = Delivery(
            self._name, self._handler, self._settler(channel), self._recent, self._at_once,
            self._retries,
        )  # fmt: skip
        consuming = asyncio.create_task(self._consume(channel, delivery, arrivals))
        stopping = asyncio.create_task(self._stop.wait())
        lost = asyncio.ensure_future(channel.closed())
        await asyncio.wait([consuming, stopping, lost], return_when=asyncio.FIRST_COMPLETED)
        fault = consuming.exception() if consuming.done() else None
        await end(consuming, stopping)
        await delivery.halt(self._stop)
        if fault is not None:
            raise fault

    def _note_ready(self) -> None:
        self._known.set()
        if self._away:
            log.warning("%s goes on", self._name)
        self._away = False

    async def _declare(self, connection: AbstractConnection) -> AbstractQueue:
        """The group's queue, made if need be. One made with another bound is taken as it is."""
        channel = await self._channel(connection)
        fanout = aio_pika.ExchangeType.FANOUT
        exchange = await channel.declare_exchange(EVENTS, fanout, durable=True)
        await channel.declare_queue(
            dead_queue(self._name), durable=True, arguments={"x-max-length": MOST_DEAD}
        )
        try:
            queue = await channel.declare_queue(
                group_queue(self._name), durable=True, arguments=self._arguments()
            )
        except ChannelPreconditionFailed as fault:
            log.warning("the queue of %s stays as it is until it is deleted: %s", self._name, fault)
            channel = await self._channel(connection)
            return await channel.get_queue(group_queue(self._name))
        await queue.bind(exchange)
        return queue

    async def _channel(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        return channel

    def _arguments(self) -> dict[str, Any]:
        """Its type is left to the virtual host (`default_queue_type`): classic, or else quorum.

        On one node classic is better: a quorum queue that was made a second before the broker was
        killed never came back, and nothing was confirmed any more (seen with RabbitMQ 3.10.8).
        """
        return {"x-single-active-consumer": True, "x-max-length": self._settings.stream_max}

    async def _consume(
        self,
        channel: AbstractChannel,
        delivery: Delivery[AbstractIncomingMessage],
        arrivals: "asyncio.Queue[AbstractIncomingMessage]",
    ) -> None:
        while True:
            message = await arrivals.get()
            try:
                event = decode(message.body)
            except msgspec.DecodeError as fault:
                await self._bury(channel, message.body, str(message.delivery_tag), fault)
                await message.ack()
            else:
                await delivery.put(event, message)

    def _settler(self, channel: AbstractChannel) -> Settle[AbstractIncomingMessage]:
        async def settle(
            event: AnyEvent, message: AbstractIncomingMessage, error: Exception | None
        ) -> None:
            if error is not None:
                await self._bury(channel, encode(event), event.key, error)
            await message.ack()

        return settle

    async def _bury(
        self, channel: AbstractChannel, text: bytes, key: str, error: Exception
    ) -> None:
        """Puts an event among the dead letters."""
        letter = aio_pika.Message(
            text,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers={"key": key, "at": clock.now_ms(), "reason": reason(error)},
        )
        await channel.default_exchange.publish(letter, dead_queue(self._name), timeout=TIMEOUT)
