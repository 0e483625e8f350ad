"""What gateways ask each other, and what they answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from pipit.cluster import messages as msg
from pipit.cluster.home import Home
from pipit.cluster.leases import Leases
from pipit.cluster.link import Link
from pipit.cluster.presences import Owner, Presences
from pipit.cluster.slots import slot_of
from pipit.store.base import StoreError, Unavailable
from pipit.topics.hub import Hub
from pipit.topics.me import Me
from pipit.wire.status import Refused

log = logging.getLogger(__name__)

HASTE_SECONDS = 1.0
"""For answers that one can do without: who is online, how far somebody has read."""


class Questions:
    """Asks the owners of topics, and answers as one."""

    def __init__(
        self, hub: Hub, leases: Leases, home: Home, presences: Presences, owner: Owner
    ) -> None:
        self.hub = hub
        self.leases = leases
        self.home = home
        self.presences = presences
        self._owner = owner

    # -- asking ------------------------------------------------------------------------------------

    async def shown(self, me: Me, topics: Iterable[str]) -> set[str]:
        """Which of a user's conversations, of those elsewhere, are online."""
        asked = self.presences.owners_of(me.user, topics)
        answers = await _ask_all({k: msg.Shown(me.user, names) for k, names in asked.items()})
        return {topic for answer in answers for topic in answer}

    async def marks(self, user: str, topics: Iterable[str]) -> dict[str, tuple[int, int]]:
        """How far a user has read and received, where an owner elsewhere has not written it yet."""
        asked: dict[Link, list[str]] = {}
        for topic in topics:
            link = self._owner(topic)
            if link is not None:
                asked.setdefault(link, []).append(topic)
        answers = await _ask_all({k: msg.Marks(user, names) for k, names in asked.items()})
        return {topic: (read, recv) for answer in answers for topic, read, recv in answer}

    async def ask_owner(self, topic: str, question: msg.Question) -> None:
        """Has the owner of a topic do something. Raises Unavailable."""
        link = self._owner(topic)
        if link is None:
            raise Unavailable("the topic has no owner")
        await link.ask(question)

    # -- answering ---------------------------------------------------------------------------------

    async def answer(self, link: Link, ask: msg.Ask) -> None:
        """Answers, whatever happens."""
        try:
            link.send(msg.Answer(ask.call, await self._think(ask.question), None))
        except (StoreError, Refused) as fault:
            link.send(msg.Answer(ask.call, None, str(fault)))
        except Exception:
            log.exception("%s could not be answered", type(ask.question).__name__)
            link.send(msg.Answer(ask.call, None, "it failed"))

    async def _think(self, question: msg.Question) -> Any:
        match question:
            case msg.Shown():
                return self.presences.shown(question)
            case msg.Marks(user, topics):
                return self._marks(user, topics)
            case msg.Drain(number):
                session = self.home.session(number)
                if session is not None:
                    await session.drained()
            case msg.Destroy(topic, untold):
                self._check_owned(topic)
                await self.hub.destroy(topic, untold)
            case msg.Bereave(topic, user):
                self._check_owned(topic)
                await self.hub.bereave(topic, user)
        return None

    def _check_owned(self, topic: str) -> None:
        if not self.leases.serves(slot_of(topic)):
            raise Unavailable("the topic belongs to another gateway")

    def _marks(self, user: str, topics: list[str]) -> list[tuple[str, int, int]]:
        unwritten = self.hub.unwritten(user)
        return [(name, *unwritten[name]) for name in topics if name in unwritten]


async def _ask_all(questions: dict[Link, msg.Question]) -> list[Any]:
    """The answers of those that answer in time."""
    asked = (link.ask(question, HASTE_SECONDS) for link, question in questions.items())
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return [answer for answer in answers if not isinstance(answer, BaseException)]
