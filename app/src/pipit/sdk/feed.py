"""The messages of a topic: each once and in order, whatever becomes of the connection.

What is pushed is taken as long as it follows on what came before. After a gap, be it that the
connection was lost or that the program did not keep up, the missing messages are asked for by their
numbers, a page at a time and only as fast as they are taken.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Self

from pipit.sdk.backoff import delays
from pipit.sdk.errors import SdkError
from pipit.sdk.packets import Answer, Desc, Message

PAGE = 100
"""Messages asked for at once."""

MOST_WAITING = 500
"""Pushed messages that are kept for a program that is slow; later ones are asked for when it is
ready.
"""

Ask = Callable[..., Awaitable[Answer]]
"""`Client.ask`."""


class Feed:
    """A subscribed topic. Iterate over it in one task: `async for message in feed`.

    `desc` is what the topic was when it was last attached. The iteration ends when the client is
    closed or leaves the topic. It raises Detached if the server ends the subscription, and
    RequestRefused if messages may not be read, or if the login is refused after a reconnect.
    """

    def __init__(self, topic: str, ask: Ask) -> None:
        self.topic = topic
        self.desc = Desc()
        self.attached = asyncio.Event()
        """Whether the server sends the topic's messages now, as far as is known."""
        self.top = 0
        """The number of the latest message that is known of."""
        self._ask = ask
        self._next: int | None = None  # the number that is to be kept next
        self._waiting: deque[Message] = deque()
        self._news = asyncio.Event()
        self._end: Exception | None = None
        self._asking = asyncio.Lock()
        self._page: dict[int, Message] | None = None  # the answer that is coming in
        self._page_top = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._waiting:
            if self._end:
                raise self._end
            if self._next is not None and self._next <= self.top:
                await self._catch_up(self._next)
            else:
                self._news.clear()
                await self._news.wait()
        return self._waiting.popleft()

    async def history(self, before: int | None = None, limit: int = 24) -> list[Message]:
        """The last `limit` messages, or the last ones numbered below `before`; oldest first.

        Raises RequestRefused (403) if they may not be read.
        """
        return await self._get(before=min(before or self.top + 1, self.top + 1), limit=limit)

    @property
    def has_more(self) -> bool:
        """Whether more messages are known of than were taken."""
        return bool(self._waiting) or (self._next is not None and self._next <= self.top)

    def start(self, since: int | None) -> None:
        """Begins, or begins again, with the message numbered `since`; None: with the next one."""
        self._next = self.desc.seq + 1 if since is None else max(since, 1)
        self._waiting.clear()
        self._news.set()

    async def since(self, seq: int) -> list[Message]:
        """The latest messages from the one numbered `seq` on, as many as the server gives."""
        return await self._get(since=seq, before=self.top + 1) if seq <= self.top else []

    def take(self, message: Message) -> None:
        """Takes a message that the server sent."""
        if self._page is not None and message.seq <= self._page_top:
            self._page[message.seq] = message
            return
        self.top = max(self.top, message.seq)
        if message.seq == self._next and len(self._waiting) < MOST_WAITING:
            self._waiting.append(message)
            self._next += 1
        self._news.set()

    def attach(self, desc: Desc) -> None:
        """The topic was attached, at first or again after a reconnect."""
        self.desc = desc
        self.top = max(self.top, desc.seq)
        self._news.set()
        self.attached.set()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes: after what waits, the iteration ends, or raises the error."""
        self._end = self._end or error or StopAsyncIteration()
        self._news.set()
        self.attached.set()  # whoever waits for it shall learn of the end

    async def _catch_up(self, low: int) -> None:
        """Asks for the next page, until it comes or the feed ends."""
        hi = min(low + PAGE, self.top + 1)
        for delay in delays():
            await self.attached.wait()
            if self._end:
                return
            try:
                self._waiting.extend(await self._get(since=low, before=hi))
                self._next = hi
                return
            except SdkError as error:
                if not error.is_passing:
                    raise
            await asyncio.sleep(delay)

    async def _get(self, since: int = 1, *, before: int, limit: int | None = None) -> list[Message]:
        """Messages numbered [since, before), the latest `limit` of them.

        Only of those known to exist, so that what is newer is sure to be pushed.
        """
        options = {"since": since, "before": before} | ({} if limit is None else {"limit": limit})
        async with self._asking:
            self._page, self._page_top = {}, self.top
            try:
                await self._ask("get", topic=self.topic, what="data", data=options)
                return [self._page[seq] for seq in sorted(self._page) if since <= seq < before]
            finally:
                self._page = None
