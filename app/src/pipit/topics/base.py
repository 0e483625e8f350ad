"""A topic in memory: what all kinds have in common.

To add a kind: subclass Topic (or Conversation, where messages are kept), override what differs,
name its prefix in hub.KINDS and what clients call it in names.py. To add a request: a struct in
wire/requests.py (and in its Packet and Request), a method here, a line in gateway/dispatch.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from pipit.store.base import Unavailable
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.status import Refused, Status

if TYPE_CHECKING:
    from pipit.topics.hub import Hub


class Topic:
    """A topic that this process owns; made empty, filled by `load` under its lock.

    `used`: when the hub last handed it out (time.monotonic), so that it is not forgotten between
    that and its lock. `moved`: another gateway owns it now. Handlers of requests answer through the
    session, or raise Refused. Those that change a topic hold `lock` while they wait for the store;
    {pub} and {note} never wait.
    """

    __slots__ = ("hub", "lock", "moved", "name", "used")

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub = hub
        self.name = name
        self.lock = asyncio.Lock()
        self.used = 0.0
        self.moved = False

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost if this object were forgotten."""
        return not self.lock.locked()

    @property
    def last(self) -> int:
        """The number of the last message that those attached were sent."""
        return 0

    def abandon(self) -> list[Session]:
        """Lets go of everything: the topic belongs to another gateway now. Returns who was
        attached. What still goes on here fails as Unavailable when it needs the topic's data.
        """
        self.moved = True
        return []

    def check_here(self) -> None:
        """Raises Unavailable if the topic was abandoned."""
        if self.moved:
            raise Unavailable("the topic belongs to another gateway now")

    async def resume(self, session: Session, since: int) -> None:
        """Attaches a session again that was attached where the topic was before."""
        raise Refused(status.DENIED)

    async def sub(self, session: Session, request: rq.Sub, extra: rq.Extra | None) -> None:
        """Attaches a session."""
        raise Refused(status.DENIED)

    async def leave(self, session: Session, request: rq.Leave) -> None:
        """Detaches a session; with `unsub` the user leaves for good."""
        raise Refused(status.DENIED)

    def pub(
        self, session: Session, request: rq.Pub, extra: rq.Extra | None
    ) -> Awaitable[None] | None:
        """Takes a message. Returns None when done, or a coroutine where something must be looked up
        first.
        """
        raise Refused(status.DENIED)

    async def get(self, session: Session, request: rq.Get) -> None:
        """Sends what is asked, part by part."""
        raise Refused(status.DENIED)

    async def set(self, session: Session, request: rq.Set, extra: rq.Extra | None) -> None:
        """Changes what is asked, part by part."""
        raise Refused(status.DENIED)

    async def delete(self, session: Session, request: rq.Del) -> None:
        """Deletes messages, a member, or the topic."""
        raise Refused(status.DENIED)

    def note(self, session: Session, request: rq.Note) -> Awaitable[None] | None:
        """Takes a note. Returns None when done, or a coroutine; what cannot be done is dropped in
        silence.
        """
        return None

    async def detach(self, session: Session, *, lost: bool) -> None:
        """Forgets a session; `lost`: its connection broke."""


def answer(
    session: Session, request: Any, result: Status, name: str | None = None, params: Any = UNSET
) -> None:
    """The {ctrl} of a request, under the topic's real name where another was asked."""
    session.reply(result, request.id, name or request.topic, params)
