"""`sys`: reports to the operators. Everybody may write, only they may read."""

from __future__ import annotations

from collections.abc import Awaitable

from msgspec import Raw

from pipit.accounts.levels import ROOT
from pipit.core import access, clock
from pipit.store.records import Subscription, TopicRecord
from pipit.topics import publishing
from pipit.topics.attaching import new_subscription
from pipit.topics.conversation import Conversation
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Acs, Desc
from pipit.wire.status import Refused

TITLE = b'{"fn":"System"}'


class System(Conversation):
    """The topic of reports."""

    __slots__ = ()

    async def load(self) -> bool:
        """Made when first needed."""
        if not await super().load():
            now = clock.now_ms()
            record = TopicRecord(self.name, now, now, now, public=TITLE)
            await self.hub.store.create_topic(record, [])
            self.fill(record, [])
        return True

    async def admit(self, session: Session, request: rq.Sub) -> Subscription:
        """Operators read."""
        if session.level < ROOT:
            raise Refused(status.DENIED)
        mode = access.JOIN | access.READ | access.WRITE | access.PRESENCE | access.DELETE
        return new_subscription(self.name, session.user, mode, mode)

    def pub(
        self, session: Session, request: rq.Pub, extra: rq.Extra | None
    ) -> Awaitable[None] | None:
        """Takes a report, also of one who is not attached."""
        if session in self.sessions:
            return super().pub(session, request, extra)
        return self._report(session, request)

    async def _report(self, session: Session, request: rq.Pub) -> None:
        async with self.lock:
            await self.load()
        (request.head or {}).pop("sender", None)
        publishing.accept(self, session, request)

    async def outside_desc(self, session: Session, request: rq.Get, part: Part | None) -> Desc:
        """What everybody may know of it."""
        record = self.record
        return Desc(
            created=clock.text(record.created),
            updated=clock.text(record.updated),
            acs=self.acs(part.sub) if part else Acs(mode=access.text(access.NONE)),
            public=Raw(TITLE),
        )
