"""A bot's part in one conversation: what is for it, and how far it has come.

How far that is stands in the bot's own private notes on the conversation, on the server. The read
mark would not do: the server moves it when the bot writes, past messages that still wait.
"""

from typing import Any

from pipit.sdk.addressing import Addressing
from pipit.sdk.client import Client
from pipit.sdk.feed import Feed
from pipit.sdk.incoming import Incoming, pressed
from pipit.sdk.packets import Desc, Message, Row

NOTE = "bot_seq"
"""The key in the private notes."""

FIRST_SIGHT = 32
"""Messages looked at in a group that the bot has not seen before: it may have been asked there."""

SAVE_EVERY = 50
"""Messages after which it is written down at the latest how far the bot has come."""


class Conversation:
    """One conversation. `handled` numbers the last message that was dealt with."""

    def __init__(self, client: Client, feed: Feed, addressing: Addressing) -> None:
        self.handled = position(feed.topic, feed.desc)
        self._client = client
        self._feed = feed
        self._addressing = addressing
        self._saved: int | None = None
        self._answered = False

    async def begin(self, skipped: int) -> None:
        """Starts the feed behind what was handled, or skipped up to that number."""
        self.handled = max(self.handled, skipped)
        if self._saved is None:
            await self._save()
        self._feed.start(self.handled + 1)

    async def done(self, message: Message, answered: bool, stopping: bool) -> None:
        """A message was dealt with: tells that it is read, and writes it down where needed."""
        self.handled = message.seq
        self._answered |= answered
        at_rest = stopping or not self._feed.has_more
        if at_rest and message.sender != self._client.user:
            await self._client.mark_read(self._feed.topic, message.seq)
        if (at_rest and self._answered) or message.seq - (self._saved or 0) >= SAVE_EVERY:
            await self._save()

    async def for_me(self, message: Message) -> Incoming | None:
        """The message as handlers get it; None if it is not for the bot."""
        if message.sender in ("", self._client.user) or message.replaces or is_call(message):
            return None
        chosen, seq = pressed(message)
        text = str(message.content["txt"]) if chosen else message.text
        if self._feed.topic.startswith("grp") and not self._addressing.is_called(message):
            answered = seq or _number(message.head.get("reply"))
            if not answered or not await self._is_mine(answered):
                return None
        return Incoming(self._client, message, self._addressing.strip(text).strip(), "", chosen)

    async def _is_mine(self, seq: int) -> bool:
        found = await self._feed.history(before=seq + 1, limit=1)
        return any(message.seq == seq and message.sender == self._client.user for message in found)

    async def _save(self) -> None:
        await self._client.describe(self._feed.topic, private={NOTE: self.handled})
        self._saved, self._answered = self.handled, False


def position(topic: str, known: Desc | Row) -> int:
    """The number of the last message that the bot has handled, as far as the server knows."""
    noted = known.private.get(NOTE) if isinstance(known.private, dict) else None
    if isinstance(noted, int):
        return noted
    return known.read if topic.startswith("usr") else max(known.read, known.seq - FIRST_SIGHT)


def is_call(message: Message) -> bool:
    """Whether it tells of a telephone call."""
    return "webrtc" in message.head


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isdecimal() else 0
