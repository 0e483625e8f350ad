"""`slf`: where a user keeps notes; a conversation of one."""

from __future__ import annotations

from pipit.core import access, clock
from pipit.store.records import TopicRecord
from pipit.topics.attaching import new_subscription
from pipit.topics.conversation import Conversation
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Desc
from pipit.wire.status import Refused


class Saved(Conversation):
    """One user's saved messages; made when first attached to."""

    __slots__ = ()

    acs_mask = access.SELF
    has_profile = False

    async def make(self, session: Session, request: rq.Sub) -> bool:
        """Made on the owner's first {sub}."""
        now = clock.now_ms()
        record = TopicRecord(self.name, now, now, now, session.user, defacs_auth=access.SELF)
        sub = new_subscription(self.name, session.user, access.SELF, access.FULL)
        await self.hub.store.create_topic(record, [sub])
        self.fill(record, [await self.hub.member(sub)])
        self.hub.access_known(self, self.parts[session.user])
        return True

    def view(self, part: Part) -> str:
        """Everybody has but one."""
        return "slf"

    def shows_defacs(self, part: Part) -> bool:
        """As recorded from a real server."""
        return True

    def shown_members(self, viewer: Part) -> list[Part]:
        """There is nobody else."""
        return []

    async def outside_desc(self, session: Session, request: rq.Get, part: Part | None) -> Desc:
        """One's own, when not attached."""
        if part is None:
            raise Refused(status.TOPIC_NOT_FOUND)
        record = self.record
        return Desc(
            created=clock.text(record.created), updated=clock.text(record.updated),
            acs=self.acs(part.sub),
        )  # fmt: skip
