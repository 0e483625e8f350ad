"""`me`: one's account as a topic: profile, list of conversations, who is online (protocol.md, 4.5
to 4.7, 7).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from pipit.bus.events import AccountChanged
from pipit.core import access, clock, ids, tags
from pipit.store.base import Duplicate
from pipit.store.records import Contact, User
from pipit.topics import granting, profile, resuming
from pipit.topics.base import Topic, answer
from pipit.topics.changing import answer_tags, normal_tags
from pipit.topics.contacts import contact_row, take_marks
from pipit.topics.reading import asked_parts, changed_since, nothing
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.codec import Frames
from pipit.wire.replies import Pres, SubRow
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.hub import Hub
    from pipit.topics.others import Others

OFFLINE_GRACE = 3.0
"""Seconds until others see one offline whose connection broke; apps reconnect within (protocol.md,
7).
"""


class Known(Struct, gc=False):
    """What `me` keeps of a conversation: its name for one, one's access, if it was shown online.

    A msgspec struct is made and read faster than a class with slots: each login makes dozens.
    """

    view: str
    mode: int
    reader: bool = False
    online: bool = False


class Me(Topic):
    """A user's own topic. It is in `hub.online` while a session is attached, and a little longer.

    `contacts` maps internal topic names to what is known of them; only while online.
    """

    __slots__ = ("_leaving", "contacts", "mode", "sessions", "user")

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self.user = "usr" + name[2:]
        self.sessions: list[Session] = []
        self.contacts: dict[str, Known] = {}
        self.mode = access.ME
        self._leaving: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost if this object were forgotten."""
        return self.hub.online.get(self.user) is not self and not self.lock.locked()

    @property
    def listening(self) -> bool:
        """Whether this user wants to see, and be seen, online."""
        return bool(self.mode & access.PRESENCE)

    # -- coming and going --------------------------------------------------------------------------

    async def sub(self, session: Session, request: rq.Sub, extra: rq.Extra | None) -> None:
        """Attaches; the first session brings the user online."""
        if self.name in session.attached:
            answer(session, request, status.ALREADY_SUBSCRIBED)
            return
        async with self.lock:
            user, contacts = await self.load_all()
            first = self.hub.online.get(self.user) is not self
            self.attach(session)
            answer(session, request, status.OK)
            if first:
                self._come_online(session, user, contacts)
            if self.hub.others is not None:
                await self._meet_others(self.hub.others, session, first)
        if request.set is not None and request.set.desc is not None:
            await self._change_profile(session, request.set.desc, extra)
        if request.get is not None:
            await self._answer(session, request.get, request.id, user, contacts)

    async def leave(self, session: Session, request: rq.Leave) -> None:
        """Detaches; one cannot leave oneself for good."""
        if request.unsub:
            raise Refused(status.DENIED)
        if self.name not in session.attached:
            answer(session, request, status.NOT_JOINED)
            return
        answer(session, request, status.OK)
        await self.detach(session, lost=False)

    def attach(self, session: Session) -> None:
        """A session is here, or back."""
        self.sessions.append(session)
        session.joined(self)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    async def detach(self, session: Session, *, lost: bool) -> None:
        """Forgets a session; when it was the last, others see the user offline, at once or a little
        later.
        """
        if not session.parted(self.name):
            return
        self.sessions.remove(session)
        self.tell_others()
        if self.sessions:
            return
        self.hub.last_seen(self.user, session.agent)
        if lost:
            loop = asyncio.get_running_loop()
            self._leaving = loop.call_later(OFFLINE_GRACE, self._go_offline, session.agent)
        else:
            self._go_offline(None)

    def _come_online(self, session: Session, user: User, contacts: list[Contact]) -> None:
        self.mode = user.me_want
        self.hub.online[self.user] = self
        self.contacts = self.known_from(contacts)
        self.tell_partners("on", session.agent or None)
        self._show(self._online_contacts(), session)

    def _show(self, contacts: Iterable[Known], session: Session) -> None:
        """These are online; the session is told."""
        news = [known for known in contacts if not known.online]
        for known in news:
            known.online = True
        session.tell(*(Pres("me", "on", src=known.view) for known in news))

    def known_from(self, contacts: list[Contact]) -> dict[str, Known]:
        """What is kept of conversations.

        A plain loop, without a call for a chat of two: 50 take 20 µs, else 29.
        """
        view, peer, me = self.hub.view, ids.p2p_peer, self.user
        known = {}
        for contact in contacts:
            if not contact.gone:
                sub = contact.sub
                name, reader = sub.topic, sub.reader
                shown = peer(name, me) if name[:3] == "p2p" else view(name, me, reader=reader)
                known[name] = Known(shown, sub.want & sub.given, reader)
        return known

    def _online_contacts(self) -> list[Known]:
        """Those one follows: partners who are online and show it, groups with somebody in."""
        users, topics = self.hub.online, self.hub.topics
        return [
            known
            for name, known in self.contacts.items()
            if known.view in users or (name in topics and name[:3] == "grp")
            if self.is_shown_online(name, known)
        ]

    def is_shown_online(self, name: str, known: Known) -> bool:
        """Whether one sees a conversation online, as far as this gateway knows."""
        partner = self.hub.online.get(known.view)
        if not self.sees(known):
            return False
        return partner.shows(name) if partner is not None else self.hub.group_is_online(name)

    def shows(self, name: str) -> bool:
        """Whether the other of a chat of two sees this user online."""
        theirs = self.contacts.get(name)
        return theirs is not None and self.sees(theirs)

    def _go_offline(self, agent: str | None) -> None:
        self._leaving = None
        self.hub.online.pop(self.user, None)
        self.tell_others()
        self.tell_partners("off", agent)
        self.contacts = {}

    def close(self) -> None:
        """The service ends."""
        if self._leaving is not None:
            self._leaving.cancel()

    # -- among several gateways --------------------------------------------------------------------

    def tell_others(self) -> None:
        """Tells the other gateways, if there are any, who is here."""
        if self.hub.others is not None:
            self.hub.others.me_changed(self)

    async def _meet_others(self, others: Others, session: Session, first: bool) -> None:
        """Tells those elsewhere that one is here, and learns who of them is online."""
        others.me_changed(self)
        if first:
            shown = await others.shown(self, self.contacts)
            here = (known for name, known in self.contacts.items() if name in shown)
            self._show(filter(self.sees, here), session)

    def abandon(self) -> list[Session]:
        """Lets go of everything; see Topic. Who is gone for a moment is gone."""
        super().abandon()
        self.close()
        if not self.sessions and self.hub.online.get(self.user) is self:
            self._go_offline(None)
        attached, self.sessions = self.sessions, []
        for session in attached:
            session.attached.pop(self.name, None)
        return attached

    async def resume(self, session: Session, since: int) -> None:
        """Attaches a session again, and tells it what it may have missed."""
        await resuming.resume_me(self, session)

    # -- presence ----------------------------------------------------------------------------------

    def sees(self, known: Known) -> bool:
        """Whether one is told when this conversation comes online."""
        return bool(known.mode & self.mode & access.PRESENCE) and not known.reader

    def tell_partners(self, what: str, agent: str | None) -> None:
        """Those one has a chat of two with see one come, or go."""
        if not self.listening:
            return
        if self.hub.others is not None:
            self.hub.others.partners_moved(self, what, agent)
        pres = Pres("me", what, src=self.user, ua=agent)
        for name, known in self.contacts.items():
            partner = self.hub.online.get(known.view)  # none for groups, as they are no users
            if partner is not None and known.mode & access.PRESENCE:
                partner.partner_moved(name, pres)

    def partner_moved(self, name: str, pres: Pres) -> None:
        """The other of a chat of two came online, or went."""
        known = self.contacts.get(name)
        if known is not None and self.sees(known):
            self.contact_online(name, pres)

    def contact_online(self, name: str, pres: Pres) -> None:
        """Tells all sessions that a conversation came online ("on") or went ("off"); no second
        "off".
        """
        known = self.contacts.get(name)
        if known is None or (pres.what == "off" and not known.online):
            return
        known.online = pres.what == "on"
        self.send(Frames.of(pres))

    def access_known(self, name: str, view: str, mode: int, reader: bool) -> None:
        """The user's access to a conversation is this."""
        known = self.contacts.get(name)
        if known is None:
            self.contacts[name] = Known(view, mode, reader)
        else:
            known.view, known.mode, known.reader = view, mode, reader

    def access_ended(self, name: str) -> None:
        """A conversation is none of the user's any more."""
        self.contacts.pop(name, None)

    def send(self, frames: Frames, skip: Session | None = None) -> None:
        """Sends to all attached sessions but one."""
        for session in self.sessions:
            if session is not skip:
                session.send(frames)

    # -- reading -----------------------------------------------------------------------------------

    async def get(self, session: Session, request: rq.Get) -> None:
        """Sends what is asked; without being attached only who one is."""
        parts = asked_parts(request.what)
        if self.name in session.attached:
            await self._answer(session, request, request.id, None, None)
        elif "sub" in parts:
            user = await self._load()
            own = SubRow(
                user=self.user, updated=clock.text(user.updated), acs=profile.acs(user.me_want)
            )
            session.answer(request.id, "me", sub=[own])
        elif "desc" in parts:
            session.answer(request.id, "me", desc=profile.stranger_desc(await self._load()))
        else:
            raise Refused(status.DENIED)

    async def _answer(
        self,
        session: Session,
        asked: rq.GetQuery,
        id: str | None,
        user: User | None,
        contacts: list[Contact] | None,
    ) -> None:
        """Answers part by part; `user` and `contacts` if they were just loaded anyway."""
        for part in asked_parts(asked.what):
            if part == "desc":
                user = user or await self._load()
                session.answer(id, "me", desc=profile.desc(user, asked.desc))
            elif part == "sub":
                await self._rows(session, asked.sub, id, contacts)
            elif part == "tags":
                user = user or await self._load()
                if user.tags:
                    session.answer(id, "me", tags=sorted(user.tags))
                else:
                    nothing(session, id, "me", "tags")
            elif part == "cred":
                await self._credentials(session, id)
            else:
                refusal = status.METHOD_NOT_ALLOWED if part == "aux" else status.DENIED
                session.reply(refusal, id, "me")

    async def _credentials(self, session: Session, id: str | None) -> None:
        rows = await self.hub.accounts.credentials.listed(self.user)
        if rows:
            session.answer(id, "me", cred=rows)
        else:
            nothing(session, id, "me", "creds")

    async def _rows(
        self,
        session: Session,
        options: rq.GetOptions | None,
        id: str | None,
        contacts: list[Contact] | None,
    ) -> None:
        since = None
        if options is not None and options.ims:
            changed_since(0, options)  # refuses a broken time
            since = clock.parse(options.ims)
            contacts = None
        if options is not None and options.topic:
            one = await self.hub.contact(self.user, options.topic)
            contacts = [one] if one is not None else []
        elif contacts is None:
            contacts = await self.hub.store.contacts(self.user, since)
        await take_marks(self.hub, self.user, contacts)
        rows = [contact_row(self.hub, self, contact, since) for contact in contacts]
        if options is not None and options.limit and options.limit > 0:
            rows = rows[: options.limit]
        if rows:
            session.answer(id, "me", sub=rows)
        else:
            nothing(session, id, "me", "sub")

    async def _load(self) -> User:
        self.check_here()
        user = await self.hub.store.load_user(self.user)
        if user is None:
            raise Refused(status.USER_NOT_FOUND)
        return user

    async def load_all(self) -> tuple[User, list[Contact]]:
        """The account and its conversations. Raises Refused (404), Unavailable."""
        self.check_here()
        found = await self.hub.store.load_user_and_contacts(self.user)
        self.check_here()
        if found is None:
            raise Refused(status.USER_NOT_FOUND)
        return found

    # -- changing ----------------------------------------------------------------------------------

    async def set(self, session: Session, request: rq.Set, extra: rq.Extra | None) -> None:
        """Does the parts in the protocol's order; each is answered by a {ctrl} of its own."""
        if not (request.desc or request.sub or request.cred or request.tags is not None):
            raise Refused(status.METHOD_NOT_ALLOWED if request.aux else status.MALFORMED)
        async with self.lock:
            if request.desc is not None:
                changed = await self._change_profile(session, request.desc, extra)
                answer(session, request, status.OK if changed else status.NOT_MODIFIED)
            if request.sub is not None:
                await self._change_mode(session, request, request.sub.mode)
            if request.tags is not None:
                await self._change_tags(session, request, request.tags)
            if request.cred is not None:
                await self.hub.accounts.credentials.change(self.user, request.cred)
                answer(session, request, status.OK)

    async def _change_profile(
        self, session: Session, desc: rq.SetDesc, extra: rq.Extra | None
    ) -> bool:
        user = await self._load()
        changes = profile.changes(user, desc, session.level)
        if extra is not None and extra.attachments:
            await self.hub.link_pictures(self.user, self.user, extra.attachments)
        if not changes:
            return not desc.is_empty()
        await self.hub.store.update_user(self.user, **changes)
        if changes.keys() & {"public", "trusted", "private"}:
            self.send(Frames.of(Pres("me", "upd", src="me")), skip=session)
        if "updated" in changes:
            await self.hub.profile_changed(self.user, session)
        self.hub.bus.publish(AccountChanged(clock.now_ms(), self.user, "updated"))
        return True

    async def _change_mode(self, session: Session, request: rq.Set, mode: str | None) -> None:
        """Without P one is not seen online, and does not see others."""
        want = granting.parse_mode(mode or "") & access.ME | access.JOIN
        before = self.mode
        if want == before:
            answer(session, request, status.NOT_MODIFIED)
            return
        await self.hub.store.update_user(self.user, me_want=want)
        if before & access.PRESENCE and not want & access.PRESENCE:
            self.tell_partners("off", None)
        self.mode = want
        if want & access.PRESENCE and not before & access.PRESENCE:
            self.tell_partners("on", session.agent or None)
        self.tell_others()
        answer(session, request, status.OK, params={"acs": profile.acs(want)})

    async def _change_tags(self, session: Session, request: rq.Set, wanted: list[str]) -> None:
        old = (await self._load()).tags
        fixed = tags.reserved(old, self.hub.accounts.reserved)
        new = normal_tags(wanted, self.hub.tag_limits) or sorted(fixed)
        if tags.reserved(new, self.hub.accounts.reserved) != fixed:
            raise Refused(status.DENIED)
        if set(new) != set(old):
            try:
                await self.hub.store.update_user(self.user, tags=new)
            except Duplicate:
                raise Refused(status.DUPLICATE, {"what": "alias"}) from None
            self.send(Frames.of(Pres("me", "tags")), skip=session)
        answer_tags(session, request, old, new)

    async def delete(self, session: Session, request: rq.Del) -> None:
        """Removes a credential; deleting `me` only detaches, as a real server does."""
        if request.what == "cred":
            known = await self.hub.accounts.credentials.remove(self.user, request.cred)
            answer(session, request, status.OK if known else status.NO_ACTION)
        elif request.what == "topic":
            await self.detach(session, lost=False)
            answer(session, request, status.OK)
        elif request.what in ("msg", "sub", None, ""):
            raise Refused(status.DENIED)
        else:
            raise Refused(status.MALFORMED)
