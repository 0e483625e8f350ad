"""A client of another gateway, as topics of this one see it: a session like any other."""

from __future__ import annotations

from contextlib import suppress

from pipit.cluster import messages as msg
from pipit.cluster.link import Link
from pipit.store.base import Unavailable
from pipit.topics.base import Topic
from pipit.topics.session import Session
from pipit.wire.codec import Frames


class StandIn(Session):
    """One for each client and link. `requests` counts those that came, messages and notes aside;
    `heard` is that of what is being done (see messages.Packet).
    """

    __slots__ = ("__weakref__", "heard", "link", "number", "requests")

    relayed = True

    def __init__(self, link: Link, number: int) -> None:
        super().__init__(f"{link.peer}/{number}", "")
        self.link = link
        self.number = number
        self.requests = 0
        self.heard = 0

    def send(self, frames: Frames) -> None:
        """Queues frames on the link. In a fan-out nearly all are the same as the last ones, so that
        is looked at here: a call less for each client.
        """
        link = self.link
        if frames is link.last_frames:
            link.last_numbers.append(self.number)
        else:
            link.send_to(self.number, frames)

    async def drained(self) -> None:
        """Waits until the client's gateway has sent what it was given; not for ever."""
        with suppress(Unavailable):
            await self.link.ask(msg.Drain(self.number))

    def close(self) -> None:
        """Has the client's gateway end the connection."""
        self.link.send(msg.Close(self.number))

    def joined(self, topic: Topic) -> None:
        """It is attached to a topic; its gateway keeps that in mind."""
        super().joined(topic)
        self.link.fed[topic.name] += 1
        self.link.send(msg.Attached(self.number, topic.name, topic.last))

    def parted(self, name: str) -> bool:
        """It is attached no more."""
        if not super().parted(name):
            return False
        self.link.fed[name] -= 1
        if self.link.fed[name] <= 0:
            del self.link.fed[name]
        self.link.send(msg.Detached(self.number, name))
        return True

    def rested(self) -> None:
        """What it asked is done."""
        self.link.send(msg.Rested(self.number, self.requests))
