"""Chats of two (protocol.md, section 5.4): each side decides what the other is given."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pipit.accounts.levels import ANONYMOUS
from pipit.core import access, clock, ids
from pipit.store.records import Json, Member, Subscription, TopicRecord, User
from pipit.topics import announcing, calls, granting
from pipit.topics.attaching import new_subscription
from pipit.topics.conversation import Conversation
from pipit.topics.parts import Part
from pipit.topics.reading import raw
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Acs, Dacs, Desc, Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.hub import Hub


class P2P(Conversation):
    """A chat of two. The part of one who left stays here: what it was given counts when it comes
    back.
    """

    __slots__ = ("call", "peers")

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        low, high = ids.p2p_users(name)
        self.peers = {low: high, high: low}
        self.call: calls.Call | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost if this object were forgotten."""
        return super().idle and self.call is None

    # -- access ------------------------------------------------------------------------------------

    async def make(self, session: Session, request: rq.Sub) -> bool:
        """Both become members at once."""
        me, peer = session.user, self.peers[session.user]
        users = await self.hub.store.load_users([me, peer])
        if peer not in users or users[peer].state != "ok" or me not in users:
            raise Refused(status.USER_NOT_FOUND)
        mine = self._new_side(session, request, users[me], users[peer])
        theirs = self._other_side(request, users[me], users[peer])
        if not mine.mode & access.JOIN:
            raise Refused(status.DENIED)
        now = clock.now_ms()
        record = TopicRecord(self.name, now, now, now)
        await self.hub.store.create_topic(record, [mine, theirs])
        self.fill(record, [_member(mine, users[me]), _member(theirs, users[peer])])
        self._announce_both(session)
        return True

    def _new_side(self, session: Session, request: rq.Sub, own: User, peer: User) -> Subscription:
        """The side of who opens the chat: given what the peer gives everybody."""
        asked = request.set.sub.mode if request.set and request.set.sub else None
        want = access.P2P_DEFAULT if asked is None else granting.parse_mode(asked)
        given = peer.defacs_anon if session.level == ANONYMOUS else peer.defacs_auth
        if given & access.JOIN:
            given |= access.APPROVE
        return new_subscription(self.name, own.id, access.for_p2p(want), given & ~access.OWNER)

    def _other_side(self, request: rq.Sub, own: User, peer: User) -> Subscription:
        """The side of the other: given what is asked for it, or what the opener gives everybody."""
        desc = request.set.desc if request.set else None
        asked = desc.defacs.auth if desc and desc.defacs else None
        given = granting.parse_mode(asked) if asked else own.defacs_auth
        return new_subscription(self.name, peer.id, access.P2P_DEFAULT, access.for_p2p(given))

    def check_open(self) -> None:
        """A side that left is still known; one that is not was deleted, account and all."""
        if len(self.parts) < len(self.peers):
            raise Refused(status.USER_NOT_FOUND)

    @property
    def deserted(self) -> bool:
        """Both sides have left, or the one whose partner's account is gone."""
        return all(side.sub.deleted is not None for side in self.parts.values())

    async def admit(self, session: Session, request: rq.Sub) -> Subscription:
        """Comes back to a chat that was left, with what the other side gave, and the history."""
        asked = request.set.sub.mode if request.set and request.set.sub else None
        want = access.P2P_DEFAULT if asked is None else access.for_p2p(granting.parse_mode(asked))
        known = self.parts[session.user].sub
        return replace(known, want=want, deleted=None, updated=clock.now_ms())

    async def grant(self, session: Session, request: rq.Set, user: str, mode: str | None) -> None:
        """Either side sets what the other is given (`N` blocks); a third cannot be let in."""
        self.part_of(session)
        target = self.parts.get(user)
        if target is None or mode is None:
            raise Refused(status.DENIED)
        given = access.for_p2p(granting.parse_mode(mode))
        await granting.regrant(self, session, request, target, given)

    def allowed_want(self, want: int) -> int:
        """S and O make no sense between two; A stays, so that one can always unblock."""
        return access.for_p2p(want)

    def is_owner(self, part: Part) -> bool:
        """Nobody owns a chat of two."""
        return False

    def may_pin(self, part: Part) -> bool:
        """Both may."""
        return True

    def check_call(self, session: Session, head: dict[str, Any]) -> None:
        """A call may be started where calls are set up."""
        calls.check_start(self, session, head)

    def call_event(self, session: Session, request: rq.Note) -> Awaitable[None] | None:
        """Passes a call's signalling on."""
        return calls.event(self, session, request)

    def committed(self, messages: Sequence[Any], error: Any) -> None:
        """The store has done with messages; one of them may have started a call."""
        super().committed(messages, error)
        if error is None:
            calls.started(self, messages)

    # -- what is shown -----------------------------------------------------------------------------

    def view(self, part: Part) -> str:
        """Each sees the other's name."""
        return self.peers[part.sub.user]

    def _peer_part(self, part: Part) -> Part | None:
        return self.parts.get(self.peers[part.user])

    def profile(self, part: Part) -> tuple[Json, Json]:
        """The other's."""
        peer = self._peer_part(part)
        return (peer.public, peer.trusted) if peer is not None else (None, None)

    def shown_updated(self, part: Part) -> int:
        """When the other's profile, or the chat, last changed."""
        peer = self._peer_part(part)
        return max(self.record.updated, peer.user_updated if peer is not None else 0)

    async def outside_desc(self, session: Session, request: rq.Get, part: Part | None) -> Desc:
        """A person as anybody may see one, with what opening a chat would give."""
        peer = await self.hub.store.load_user(self.peers[session.user])
        if peer is None:
            raise Refused(status.USER_NOT_FOUND)
        return person(peer, session, self.acs(part.sub) if part is not None else None)

    # -- who is told -------------------------------------------------------------------------------

    def _announce_both(self, session: Session) -> None:
        """A new chat: both sides learn of their access, and whether the other is online."""
        for part in self.parts.values():
            self.hub.access_known(self, part)
            self._tell_access(part, session)
            self._show_online(part)

    def _tell_access(self, part: Part, opener: Session) -> None:
        dacs = Dacs(access.text(part.sub.want), access.text(part.sub.given))
        act = opener.user if part.user != opener.user else None
        announcing.to_me(
            self,
            [part],
            lambda name: Pres("me", "acs", src=name, act=act, dacs=dacs),
            skip=opener,
        )

    def _show_online(self, part: Part) -> None:
        me = self.hub.online.get(part.user)
        if me is not None and part.may(access.PRESENCE) and self.in_sight(part):
            me.contact_online(self.name, Pres("me", "on", src=self.view(part)))

    def went(self, part: Part) -> None:
        """A call that both sides have left is over."""
        if self.call is not None and self.call.accepted is not None and not self.sessions:
            calls.end(self, "disconnected")

    def in_sight(self, part: Part) -> bool:
        """Whether the other is online and lets it be seen."""
        peer = self._peer_part(part)
        me = self.hub.online.get(self.peers[part.user])
        return (
            me is not None
            and me.listening
            and peer is not None
            and peer.sub.deleted is None
            and peer.may(access.PRESENCE)
        )

    def joined(self, part: Part, session: Session) -> None:
        """One who had left is back."""
        dacs = Dacs(access.text(part.sub.want), access.text(part.sub.given))
        announcing.access_changed(self, part, dacs, session, unattached=False)
        for side in self.parts.values():
            self._show_online(side)

    def left(self, part: Part, session: Session) -> None:
        """The other, if here, learns of it; and sees one offline who is gone."""
        peer, user = self._peer_part(part), part.user
        announcing.member_gone(self, part)
        me = self.hub.online.get(self.peers[user])
        if me is not None and peer is not None:
            me.contact_online(self.name, Pres("me", "off", src=user))

    def remove(self, part: Part) -> None:
        """What one who left was given is kept for the return."""

    def forget(self) -> None:
        """The topic was deleted."""
        super().forget()
        self.call = None


def person(user: User, session: Session, acs: Acs | None) -> Desc:
    """Somebody's profile for those outside a chat with them."""
    given = user.defacs_anon if session.level == ANONYMOUS else user.defacs_auth

    return Desc(
        created=clock.text(user.created),
        updated=clock.text(user.updated),
        acs=acs or Acs(mode=access.text(given)),
        public=raw(user.public),
        trusted=raw(user.trusted),
    )


def _member(sub: Subscription, user: User) -> Member:
    return Member(sub, user.public, user.trusted, user.updated)
