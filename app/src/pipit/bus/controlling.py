"""Control messages within a process: to its handlers, to other processes, and from them."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from pipit.bus.base import BusUnavailable, ControlHandler
from pipit.bus.control import AnyControl, Missed, decode, encode
from pipit.bus.tasks import end

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds between two attempts to send."""

MOST_WAITING = 1000
"""Messages that wait to be sent; the oldest make room. Who missed them is told `Missed`."""

Send = Callable[[bytes], Awaitable[None]]
"""Tells the other processes. Raises BusUnavailable."""


class Controls:
    """Hands control messages over, in the background. `send` None: there is no other process."""

    def __init__(self, send: Send | None = None) -> None:
        self._send = send
        self._origin = secrets.token_hex(8).encode()
        self._handlers: list[ControlHandler] = []
        self._heard: asyncio.Queue[AnyControl] = asyncio.Queue()
        self._leaving: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begins to call handlers, and to send."""
        self._tasks.append(asyncio.create_task(self._call_handlers(), name="bus-control"))
        if self._send is not None:
            self._tasks.append(asyncio.create_task(self._send_out(self._send)))

    async def close(self) -> None:
        """Ends it; what was not handed over is dropped."""
        await end(*self._tasks)

    def add(self, handler: ControlHandler) -> None:
        """A further one who listens."""
        self._handlers.append(handler)

    def tell(self, control: AnyControl) -> None:
        """Tells this process, and the others."""
        self._heard.put_nowait(control)
        if self._send is not None:
            self._leaving.append(self._origin + b" " + encode(control))
            self._news.set()

    def missed(self) -> None:
        """This process came into contact: it may have missed something."""
        self._heard.put_nowait(Missed())

    def heard(self, text: bytes) -> None:
        """What `send` was given somewhere, perhaps here."""
        origin, _, control = text.partition(b" ")
        if origin == self._origin:
            return
        try:
            self._heard.put_nowait(decode(control))
        except msgspec.DecodeError as fault:
            log.warning("a control message is passed over: %s", fault)

    async def _call_handlers(self) -> None:
        while True:
            control = await self._heard.get()
            for handler in self._handlers:
                try:
                    await handler(control)
                except Exception:
                    log.exception("a handler of %s failed", type(control).__name__)

    async def _send_out(self, send: Send) -> None:
        while True:
            self._news.clear()
            while self._leaving:
                await self._deliver(send, self._leaving.popleft())
            await self._news.wait()

    async def _deliver(self, send: Send, text: bytes) -> None:
        while True:
            try:
                return await send(text)
            except BusUnavailable as fault:
                log.info("a control message waits: %s", fault)
                await asyncio.sleep(RETRY)
