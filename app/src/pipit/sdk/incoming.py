"""What a bot's handlers get: a message that is for the bot, and what they answer."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pipit.sdk import drafty
from pipit.sdk.client import Client, Content
from pipit.sdk.errors import SdkError
from pipit.sdk.packets import Message

TYPING_SECONDS = 3.0
"""As often as the web app tells that somebody is typing."""

FORM_RESPONSES = ("text/x-drafty-fr", "application/json")
"""Types of what is attached to a message when a button is pressed; the second is an older one."""


@dataclass(frozen=True)
class Sent:
    """A message that the bot sent."""

    client: Client
    topic: str
    seq: int

    async def edit(self, content: Content) -> None:
        """Replaces what it says."""
        await self.client.edit(self.topic, self.seq, content)

    async def delete(self) -> None:
        """Deletes it for all; in a group only the owner and only for `msgDelAge` seconds."""
        await self.client.delete_messages(self.topic, self.seq, for_all=True)


@dataclass(frozen=True)
class Incoming:
    """A message for the bot. `text` is without the bot's name before it.

    `arguments` is what follows a command: "Oslo" of "/weather Oslo". `pressed` is the name and
    value of a button that was pressed, else empty. `message` is the whole as it came.
    """

    client: Client
    message: Message
    text: str
    arguments: str
    pressed: dict[str, Any]

    @property
    def topic(self) -> str:
        """Where it was said: `usr…` of the other one, or `grp…`."""
        return self.message.topic

    @property
    def sender(self) -> str:
        """Who said it, `usr…`."""
        return self.message.sender

    @property
    def in_group(self) -> bool:
        """Whether others read along."""
        return not self.topic.startswith("usr")

    async def reply(self, content: Content) -> Sent:
        """Answers where it was said: text, a Draft, or any JSON."""
        head = {"reply": str(self.message.seq)} if self.in_group else {}
        seq = await self.client.publish(self.topic, content, **head)
        return Sent(self.client, self.topic, seq)

    async def stream(self, pieces: AsyncIterable[str], every: float = 1.0) -> Sent:
        """Answers with text that is still being made: one message, edited every `every` seconds.

        Each edit is stored as a message, so do not ask for many. ValueError if no text came.
        """
        loop = asyncio.get_running_loop()
        text, shown, due = "", "", 0.0
        sent: Sent | None = None
        async for piece in pieces:
            text += piece
            if text.strip() and loop.time() >= due:
                sent, shown, due = await self._show(sent, text.strip()), text, loop.time() + every
        if not text.strip():
            raise ValueError("there is no text to answer with")
        return await self._show(sent, text.strip()) if text != shown or not sent else sent

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        """Shows that the bot is writing: `async with message.typing(): …`"""
        task = asyncio.create_task(self._type())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _show(self, sent: Sent | None, text: str) -> Sent:
        if sent is None:
            return await self.reply(text)
        await sent.edit(text)
        return sent

    async def _type(self) -> None:
        with suppress(SdkError):
            while True:
                await self.client.typing(self.topic)
                await asyncio.sleep(TYPING_SECONDS)


def pressed(message: Message) -> tuple[dict[str, Any], int]:
    """The button that a message tells of, as {name: value}, and the number of its message.

    An empty one and 0 for any other message.
    """
    for data in drafty.entities(message.content, "EX"):
        value = data.get("val")
        if data.get("mime") in FORM_RESPONSES and isinstance(value, dict):
            chosen, seq = value.get("resp"), value.get("seq")
            if isinstance(chosen, dict) and isinstance(seq, int):
                return chosen, seq
    return {}, 0
