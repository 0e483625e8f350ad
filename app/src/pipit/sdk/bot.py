"""A bot: a program that answers like a member.

    bot = Bot("https://pipit.local", "weather", "secret")

    @bot.command("weather")
    async def weather(message: Incoming) -> None:
        '''/weather CITY: the weather there'''
        await message.reply(f"Sunny in {message.arguments}")

    bot.run()

Messages of one conversation are handled one after the other, conversations side by side. In a chat
of two the bot answers everything, in groups only what is for it (see addressing.py). How far it has
come is kept on the server: what came while it did not run is handled when it runs again, and only a
bot that was killed handles again what it was just handling.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from pipit.sdk.addressing import Addressing
from pipit.sdk.backoff import delays
from pipit.sdk.client import Client
from pipit.sdk.connection import DEFAULTS, Online, Options
from pipit.sdk.conversation import Conversation, position
from pipit.sdk.errors import RequestRefused, SdkError
from pipit.sdk.incoming import Incoming
from pipit.sdk.packets import Message, Presence

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0
"""How long a bot that is stopped goes on with what it is handling."""

Handler = Callable[[Incoming], Awaitable[None]]


class Bot:
    """A bot and its handlers."""

    def __init__(
        self,
        url: str,
        login: str,
        password: str,
        *,
        unread: Literal["handle", "skip"] = "handle",
        apology: str = "Sorry, that did not work.",
        options: Options = DEFAULTS,
    ) -> None:
        """`unread`: what becomes of messages that came while the bot did not run.

        `apology` is answered where a handler fails; empty: nothing. A bot always waits for a
        connection as long as it takes. ValueError unless `url` is an address such as
        `https://pipit.local`.
        """
        self.ready = asyncio.Event()
        """Whether the bot has logged in and looked at its conversations."""
        self._options = replace(options, offline_wait=None)
        self.client = Client(url, self._options)
        self._url, self._login, self._password = url, login, password
        self._unread, self._apology = unread, apology
        self._commands: dict[str, Handler] = {"help": self._help}
        self._on_message: Handler = self._help
        self._stopping = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._busy: set[str] = set()
        self._skipped: dict[str, int] = {}

    def command(self, name: str) -> Callable[[Handler], Handler]:
        """Decorates what handles `/name …`; the first line of its docstring is its help."""

        def register(handler: Handler) -> Handler:
            self._commands[name.lower()] = handler
            return handler

        return register

    def on_message(self, handler: Handler) -> Handler:
        """Decorates what handles all that is no command; without it, the bot answers its help."""
        self._on_message = handler
        return handler

    def run(self) -> None:
        """Works until SIGINT or SIGTERM. Raises RequestRefused (401) if the password is wrong."""
        asyncio.run(self._run())

    def stop(self) -> None:
        """Ends `serve`, after what is being handled."""
        self._stopping.set()

    async def serve(self) -> None:
        """Works until `stop`, in a loop that runs already; waits for a server that is not there.

        Raises RequestRefused if the login is refused.
        """
        for delay in delays():
            try:
                async with self.client as client:
                    await client.login(self._login, self._password)
                    return await self._work(client)
            except SdkError as error:
                if not error.is_passing:
                    raise
                log.warning("%s", error)
            if await self._stopped_within(delay):
                return
            self.client = Client(self._url, self._options)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in signal.SIGINT, signal.SIGTERM:
            loop.add_signal_handler(number, self.stop)
        await self.serve()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    async def _work(self, client: Client) -> None:
        name = (await client.desc("me")).name
        addressing = Addressing(client.user, (name, self._login))
        if self._unread == "skip" and not self.ready.is_set():
            self._skipped |= {row.topic: row.seq for row in await client.conversations()}
        watching = asyncio.create_task(self._watch(client, addressing))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([watching, stopping], return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            if busy := [self._tasks[topic] for topic in self._busy]:
                await asyncio.wait(busy, timeout=STOP_SECONDS)
        finally:
            await _cancel([watching, stopping, *self._tasks.values()])

    async def _watch(self, client: Client, addressing: Addressing) -> None:
        """Finds out where there is something to read."""
        await self._look(client, addressing)
        self.ready.set()
        async for event in client.events():
            if isinstance(event, Online):
                await self._look(client, addressing)
            elif isinstance(event, Presence) and event.what in ("msg", "acs") and not event.tgt:
                self._listen(client, addressing, event.src)

    async def _look(self, client: Client, addressing: Addressing) -> None:
        for row in await client.conversations():
            if row.seq > max(position(row.topic, row), self._skipped.get(row.topic, 0)):
                self._listen(client, addressing, row.topic)

    def _listen(self, client: Client, addressing: Addressing, topic: str) -> None:
        if topic.startswith(("usr", "grp")) and topic not in self._tasks:
            task = asyncio.create_task(self._converse(client, addressing, topic))
            self._tasks[topic] = task
            task.add_done_callback(lambda ended: self._ended(topic, ended))

    async def _converse(self, client: Client, addressing: Addressing, topic: str) -> None:
        """Handles a conversation's messages until it ends for the bot, or the bot is stopped."""
        conversation: Conversation | None = None
        for delay in delays():
            try:
                feed = await client.subscribe(topic)
                conversation = conversation or Conversation(client, feed, addressing)
                await conversation.begin(self._skipped.get(topic, 0))
                async for message in feed:
                    await self._take(conversation, topic, message)
                    if self._stopping.is_set():
                        break
                return
            except SdkError as error:
                log.warning("%s", error)
                if not error.is_passing:
                    return
            await asyncio.sleep(delay)

    def _ended(self, topic: str, task: asyncio.Task[None]) -> None:
        del self._tasks[topic]
        if not task.cancelled() and (error := task.exception()):
            log.error("%s is no longer listened to", topic, exc_info=error)

    async def _take(self, conversation: Conversation, topic: str, message: Message) -> None:
        incoming = await conversation.for_me(message)
        self._busy.add(topic)
        try:
            if incoming:
                await self._handle(incoming)
            await conversation.done(message, bool(incoming), self._stopping.is_set())
        finally:
            self._busy.discard(topic)

    async def _handle(self, incoming: Incoming) -> None:
        """Calls the handler. Raises SdkError where it is worth to try again later."""
        handler, arguments = self._handler(incoming.text)
        try:
            await handler(replace(incoming, arguments=arguments))
        except Exception as error:
            if isinstance(error, SdkError) and error.is_passing:
                raise
            log.exception("A message of %s could not be handled", incoming.sender)
            if self._apology:
                with suppress(RequestRefused):  # it may not write there
                    await incoming.reply(self._apology)

    def _handler(self, text: str) -> tuple[Handler, str]:
        """Who handles a text, and what follows the command."""
        word, *rest = text.split(maxsplit=1) or [""]
        if word.startswith("/") and (handler := self._commands.get(word[1:].lower())):
            return handler, rest[0].strip() if rest else ""
        return self._on_message, ""

    async def _help(self, incoming: Incoming) -> None:
        """/help: this list"""
        await incoming.reply("\n".join(_about(*entry) for entry in sorted(self._commands.items())))


def _about(name: str, handler: Handler) -> str:
    first, *_ = (handler.__doc__ or f"/{name}").strip().splitlines()
    return first


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in (tasks := list(tasks)):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
