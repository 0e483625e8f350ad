"""One connection of a client, as topics see it: who it is, where it is attached, how to send."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from pipit.accounts.levels import NOBODY
from pipit.core import clock
from pipit.wire.codec import Frames, encode
from pipit.wire.replies import Ctrl, MetaPart, Reply
from pipit.wire.status import Status

if TYPE_CHECKING:
    from pipit.topics.base import Topic


Work = Callable[[], Awaitable[None] | None]
"""Something that is done in its turn among a session's requests."""


class Session:
    """A client's connection; the gateway's WebSocket and long-polling sessions are its kinds.

    `user` is "" and `level` NOBODY before login; `version` is "" before {hi}. `attached` maps
    internal topic names to topics. `backlog` and `busy` belong to the dispatcher.
    """

    __slots__ = (
        "address", "agent", "attached", "backlog", "busy", "device", "level", "search", "sid",
        "user", "version",
    )  # fmt: skip

    relayed = False
    """Whether its client is connected to another gateway, which has checked what it sends."""

    polled = False
    """Whether it is a long-polling session, whose {hi} is answered 200 instead of 201."""

    def __init__(self, sid: str, address: str) -> None:
        self.sid = sid
        self.address = address
        self.user = ""
        self.level = NOBODY
        self.version = ""
        self.agent = ""
        self.device = ""
        self.search: bytes | None = None
        self.attached: dict[str, Topic] = {}
        self.backlog: deque[str | Work] | None = None
        self.busy = False

    def send(self, frames: Frames) -> None:
        """Queues frames for the client and returns at once; they keep their order.

        A client that does not read is cut off by the gateway; nothing is raised here.
        """
        raise NotImplementedError

    async def drained(self) -> None:
        """Waits until what was sent has left, so that a long answer does not pile up."""

    def close(self) -> None:
        """Ends the connection once what was sent before is out."""
        raise NotImplementedError

    def joined(self, topic: Topic) -> None:
        """It is attached to a topic."""
        self.attached[topic.name] = topic

    def parted(self, name: str) -> bool:
        """It is attached to a topic no more; False if it was not."""
        return self.attached.pop(name, None) is not None

    def rested(self) -> None:
        """All that it asked so far is done, but for messages on their way."""

    def pause(self) -> None:
        """Asks the transport to read no more for now: the backlog is long."""

    def resume(self) -> None:
        """The backlog is short again."""

    def tell(self, *replies: Reply) -> None:
        """Sends packets that only this session gets."""
        if replies:
            self.send(Frames(*map(encode, replies)))

    def answer(self, id: str | None, topic: str, **part: Any) -> None:
        """Answers one part of a {get} with a {meta} of now."""
        self.tell(MetaPart(topic, clock.text(clock.now_ms()), id, **part))

    def reply(
        self, status: Status, id: str | None = None, topic: str | None = None, params: Any = UNSET
    ) -> None:
        """Answers a request with a {ctrl} of now."""
        self.tell(Ctrl(status.code, status.text, clock.text(clock.now_ms()), id, topic, params))
