"""A topic that keeps messages: chats of two, groups, channels, saved messages.

The state is here; what is done with it lies in one file per kind of request: attaching, publishing,
notes, reading, changing, granting, deleting. What differs between the kinds of topics are the
methods marked "kind".
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from pipit.core import access
from pipit.store.base import StoreError, Unavailable
from pipit.store.records import Json, Member, Message, Subscription, TopicRecord
from pipit.topics import attaching, changing, deleting, notes, publishing, reading, resuming
from pipit.topics.base import Topic
from pipit.topics.parts import Part, acs_of
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Acs, Desc
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.hub import Hub


OFFLINE_GRACE = 3.5
"""Seconds until an empty group is told to be offline, and members whose gateway is gone; none is
told if somebody is back (protocol.md, 7).
"""


class Conversation(Topic):
    """State of a conversation that this process owns.

    `parts` holds the members, and those readers of a channel who are attached. `sessions` maps
    attached sessions to their user's part. `seq` is the last number given out, `record.seq` the
    last one committed; `pending` are the messages between the two. `failing`: the store refused one
    of them; until all that follow it are refused too, nothing new is taken.
    """

    __slots__ = ("_record", "_waiters", "failing", "parts", "pending", "seq", "sessions")

    acs_mask = access.FULL
    """Kind: the bits of access that make sense here."""

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self._record: TopicRecord | None = None
        self.parts: dict[str, Part] = {}
        self.sessions: dict[Session, Part] = {}
        self.pending: deque[publishing.Pending] = deque()
        self.seq = 0
        self.failing = False
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    # -- loading -----------------------------------------------------------------------------------

    @property
    def record(self) -> TopicRecord:
        """What the store knows of the topic. Only after `load`."""
        assert self._record is not None
        return self._record

    @property
    def exists(self) -> bool:
        """Whether it was found, or made."""
        return self._record is not None

    @property
    def last(self) -> int:
        """The number of the last message that those attached were sent."""
        return self._record.seq if self._record is not None else 0

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost if this object were forgotten."""
        return not self.sessions and not self.pending and not self.lock.locked()

    async def load(self) -> bool:
        """Fills the topic from the store, under its lock; False where there is none."""
        if self._record is None:
            self.check_here()
            found = await self.hub.store.load_topic(self.name)
            self.check_here()
            if found is not None:
                self.fill(*found)
        return self.exists

    def fill(self, record: TopicRecord, members: Sequence[Member]) -> None:
        """Takes over what was loaded or has just been made."""
        self._record = record
        self.seq = record.seq
        for member in members:
            self.parts[member.sub.user] = Part(member)

    def forget(self) -> None:
        """The topic was deleted; its sessions are out already."""
        self._record = None
        self.parts.clear()

    def abandon(self) -> list[Session]:
        """Lets go of everything; see Topic."""
        attached = list(self.sessions)
        for session in attached:
            session.attached.pop(self.name, None)
        self.sessions.clear()
        self.forget()
        self.moved = True
        for _, waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(Unavailable("the topic belongs to another gateway now"))
        self._waiters.clear()
        return attached

    async def require(self) -> None:
        """Loads the topic. Raises Refused (404) where there is none."""
        if not await self.load():
            raise Refused(status.TOPIC_NOT_FOUND)

    # -- kind: access ------------------------------------------------------------------------------

    async def make(self, session: Session, request: rq.Sub) -> bool:
        """Kind: makes the topic for one who may; False where it must exist already."""
        return False

    def check_open(self) -> None:
        """Kind: raises Refused where nobody can come in any more."""

    async def admit(self, session: Session, request: rq.Sub) -> Subscription:
        """Kind: the subscription of one who has none yet (a new one, or one that was left)."""
        raise Refused(status.DENIED)

    async def grant(self, session: Session, request: rq.Set, user: str, mode: str | None) -> None:
        """Kind: {set sub} about another user: checks who may, changes what that one is given, and
        answers.
        """
        raise Refused(status.DENIED)

    def allowed_want(self, want: int) -> int:
        """Kind: a wish, without what nobody can have here."""
        return want

    def is_owner(self, part: Part) -> bool:
        """Kind: whether public data, tags and the topic itself are in this member's hands."""
        return part.may(access.OWNER)

    def may_describe(self, part: Part, session: Session) -> bool:
        """Kind: whether public data, trusted data and defaults may be changed."""
        return self.is_owner(part)

    def may_pin(self, part: Part) -> bool:
        """Kind: whether `aux` may be changed."""
        return part.admin

    def check_call(self, session: Session, head: dict[str, Any]) -> None:
        """Kind: whether a message may be about a call."""
        raise Refused(status.NOT_IMPLEMENTED)

    def call_event(self, session: Session, request: rq.Note) -> Awaitable[None] | None:
        """Kind: a {note} of a call; only chats of two have them."""
        return None

    @property
    def deserted(self) -> bool:
        """Kind: whether all have left for good, so that nobody could ever read it again."""
        return False

    # -- kind: what is shown -----------------------------------------------------------------------

    has_profile = True
    """Kind: whether it has a name, a picture, anything public, be it another user's."""

    counts_members = False
    """Kind: whether it has a list of members with profiles, a count of them, and is online or not
    itself.
    """

    def view(self, part: Part) -> str:
        """Kind: what somebody calls this topic."""
        return self.name

    def profile(self, part: Part) -> tuple[Json, Json]:
        """Kind: `public` and `trusted` as this member sees them."""
        return self.record.public, self.record.trusted

    def shown_updated(self, part: Part) -> int:
        """Kind: when what `profile` tells last changed."""
        return self.record.updated

    def shows_defacs(self, part: Part) -> bool:
        """Kind: whether this member sees what newcomers get."""
        return False

    def shown_members(self, viewer: Part) -> list[Part]:
        """Kind: the rows of the list of members."""
        return [part for part in self.parts.values() if part.sub.deleted is None]

    @property
    def member_count(self) -> int:
        """How many take part, readers of a channel included."""
        return sum(not part.sub.reader for part in self.parts.values()) + self.record.readers

    async def describe_to_stranger(
        self, session: Session, request: rq.Get, parts: list[str]
    ) -> None:
        """Kind: {get} of one who is not attached: the own row if `sub` is asked, else the
        description.
        """
        part = self.active_part(session.user) if await self.load() else None
        if "sub" in parts:
            if part is None:
                raise Refused(status.NOT_FOUND)
            row = reading.member_row(self, part, part, full=True)
            session.answer(request.id, request.topic or "", sub=[row])
        elif "desc" in parts:
            desc = await self.outside_desc(session, request, part)
            session.answer(request.id, request.topic or "", desc=desc)
        else:
            raise Refused(status.DENIED)

    async def outside_desc(self, session: Session, request: rq.Get, part: Part | None) -> Desc:
        """Kind: the description for one who is not attached."""
        raise Refused(status.TOPIC_NOT_FOUND)

    # -- kind: who is told -------------------------------------------------------------------------

    def joined(self, part: Part, session: Session) -> None:
        """Kind: tells of somebody new, or back."""

    def left(self, part: Part, session: Session) -> None:
        """Kind: tells of somebody who left for good."""

    def came(self, part: Part, session: Session) -> None:
        """Kind: tells of a member whose first session attached."""

    def came_back(self, part: Part) -> None:
        """Kind: somebody is here who was here before the topic moved to this gateway."""

    def went(self, part: Part) -> None:
        """Kind: tells of a member whose last session detached."""

    def in_sight(self, part: Part) -> bool:
        """Kind: whether this topic is online for a member who is on `me`."""
        return bool(self.sessions)

    # -- sessions ----------------------------------------------------------------------------------

    def remove(self, part: Part) -> None:
        """Kind: forgets the part of one who left."""
        self.parts.pop(part.user, None)

    def part_of(self, session: Session) -> Part:
        """The part of an attached session. Raises Refused (409)."""
        part = self.sessions.get(session)
        if part is None:
            raise Refused(status.ATTACH_FIRST)
        return part

    def active_part(self, user: str) -> Part | None:
        """Somebody's part, unless it was left."""
        part = self.parts.get(user)
        return part if part is not None and part.sub.deleted is None else None

    def attach(self, session: Session, part: Part, *, told: bool = True) -> None:
        """From now on the session gets what happens here; `told`: the others learn of it.

        Raises Unavailable if the topic was abandoned.
        """
        self.check_here()
        first = part.online == 0
        part.online += 1
        self.sessions[session] = part
        session.joined(self)
        if not told:
            self.came_back(part)
        elif first:
            self.came(part, session)

    def drop(self, session: Session) -> None:
        """Takes a session out without telling anybody."""
        part = self.sessions.pop(session, None)
        session.parted(self.name)
        if part is not None:
            part.online -= 1
            if part.sub.reader and not part.online:
                self.parts.pop(part.user, None)

    async def detach(self, session: Session, *, lost: bool) -> None:
        """Takes a session out; the others learn of it if it was its user's last."""
        part = self.sessions.get(session)
        self.drop(session)
        if part is not None and not part.online:
            self.went(part)

    def lose(self, session: Session) -> None:
        """Takes a session out whose gateway is gone. The others learn of it if it stays away."""
        part = self.sessions.get(session)
        self.drop(session)
        if part is not None and not part.online:
            asyncio.get_running_loop().call_later(OFFLINE_GRACE, self._stayed_away, part)

    def _stayed_away(self, part: Part) -> None:
        if not part.online and self.exists and self.parts.get(part.user) is part:
            self.went(part)

    def acs(self, sub: Subscription) -> Acs:
        """Access in letters, as shown within the topic."""
        return acs_of(sub.want & self.acs_mask, sub.given & self.acs_mask)

    # -- order -------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Waits until the messages now under way are committed, so that an answer reflects them."""
        if self.pending:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append((self.seq, waiter))
            await waiter

    def awaits(self, message: Message) -> bool:
        """Whether this is the next message that the store is to tell of."""
        return bool(self.pending) and self.pending[0].message is message

    def committed(self, messages: Sequence[Message], error: StoreError | None) -> None:
        """The store has kept the next messages, or (error) has not."""
        publishing.committed(self, messages, error)
        if not self.pending:
            self.seq, self.failing = self.record.seq, False
        last = messages[-1].seq
        due = [waiter for seq, waiter in self._waiters if seq <= last]
        self._waiters = [entry for entry in self._waiters if entry[0] > last]
        for waiter in due:
            if not waiter.done():
                waiter.set_result(None)

    # -- requests ----------------------------------------------------------------------------------

    async def resume(self, session: Session, since: int) -> None:
        """Attaches a session again, and sends what it missed."""
        await resuming.resume(self, session, since)

    async def sub(self, session: Session, request: rq.Sub, extra: rq.Extra | None) -> None:
        """Attaches a session, joining or making the topic where needed; then answers the embedded
        {get}.
        """
        await attaching.subscribe(self, session, request, extra)

    async def leave(self, session: Session, request: rq.Leave) -> None:
        """Detaches a session; with `unsub` the user leaves for good."""
        await attaching.leave(self, session, request)

    def pub(
        self, session: Session, request: rq.Pub, extra: rq.Extra | None
    ) -> Awaitable[None] | None:
        """Takes a message."""
        return publishing.publish(self, session, request, extra)

    async def get(self, session: Session, request: rq.Get) -> None:
        """Sends what is asked, part by part."""
        await reading.get(self, session, request)

    async def set(self, session: Session, request: rq.Set, extra: rq.Extra | None) -> None:
        """Changes description, access, tags and aux, in this order."""
        await changing.change(self, session, request, extra)

    async def delete(self, session: Session, request: rq.Del) -> None:
        """Deletes messages, a member, or the topic."""
        await deleting.delete(self, session, request)

    def note(self, session: Session, request: rq.Note) -> Awaitable[None] | None:
        """Passes on typing, marks and call events."""
        return notes.note(self, session, request)
