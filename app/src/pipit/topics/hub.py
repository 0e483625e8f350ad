"""All topics that this process owns, and all users who are online."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipit.bus.base import Bus
from pipit.config import Settings
from pipit.core import access, clock, ids
from pipit.core.tags import TagLimits
from pipit.store.base import OutOfOrder, Store, StoreError
from pipit.store.records import Contact, FileUse, Mark, Member, Message, Subscription, User
from pipit.topics import announcing, deleting
from pipit.topics.base import Topic
from pipit.topics.conversation import Conversation
from pipit.topics.find import Find
from pipit.topics.group import Group
from pipit.topics.me import Me
from pipit.topics.names import internal_name
from pipit.topics.others import Online, Others
from pipit.topics.p2p import P2P
from pipit.topics.parts import Part
from pipit.topics.saved import Saved
from pipit.topics.session import Session
from pipit.topics.system import System
from pipit.wire import status
from pipit.wire.codec import Frames
from pipit.wire.replies import Ctrl, Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.accounts.service import Accounts

log = logging.getLogger(__name__)

KINDS: dict[str, type[Topic]] = {
    "me": Me,
    "fnd": Find,
    "p2p": P2P,
    "grp": Group,
    "slf": Saved,
    "sys": System,
}
"""The kind of a topic by the letters that its internal name starts with."""

Marks = dict[str, dict[str, Subscription]]
"""Subscriptions whose marks have changed, by user and topic."""

FLUSH_SECONDS = 1.0
"""How long marks and last-seen times wait to be written together."""

NAMES_TRIED = 10_000
"""More than enough for a gateway that owns one slot of 256."""

SWEEP_SECONDS = 30.0
"""How long a topic that nobody uses stays in memory, at least; how often such are looked for."""


class Hub:
    """Finds, makes and forgets topics; knows who is online.

    `topics` by internal name, `online` by user (attached to `me`, or gone for a moment only),
    `sessions` all logged-in ones by user, `others` the other gateways, if there are any.
    """

    def __init__(self, settings: Settings, store: Store, bus: Bus, accounts: Accounts) -> None:
        self.settings = settings
        self.store = store
        self.bus = bus
        self.accounts = accounts
        self.topics: dict[str, Topic] = {}
        self.online: dict[str, Online] = {}
        self.others: Others | None = None
        self.sessions: dict[str, list[Session]] = {}
        self.max_members = settings.messages.max_members
        self.delete_age_ms = settings.messages.delete_age * 1000
        self.tag_limits = TagLimits()
        self._marks: Marks = {}
        self._written: Marks = {}
        self._seen: dict[str, tuple[int, str]] = {}
        self._housekeeping: asyncio.Task[None] | None = None
        store.on_committed(self._committed)

    async def open(self) -> None:
        """Starts what runs beside the requests."""
        self._housekeeping = asyncio.create_task(self._keep_house())

    async def close(self) -> None:
        """Writes what still waits to be written."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._housekeeping
        for user, me in list(self.online.items()):
            if not isinstance(me, Me):
                continue
            me.close()
            for session in me.sessions[:1]:
                self.last_seen(user, session.agent)
        await self.flush()

    def stamp(self) -> str:
        """The time of now, as packets carry it."""
        return clock.text(clock.now_ms())

    # -- topics ------------------------------------------------------------------------------------

    def open_topic(self, name: str) -> Topic:
        """The topic of an internal name, made empty where it is not in memory."""
        topic = self.topics.get(name)
        if topic is None:
            kind = KINDS["me"] if name.startswith("me") else KINDS[name[:3]]
            topic = self.topics[name] = kind(self, name)
        topic.used = time.monotonic()
        return topic

    def resolve(self, session: Session, name: str) -> Topic:
        """The topic that a session means by a name. Raises Refused: 400, 403, 404."""
        return self.open_topic(internal_name(session.user, name))

    def view(self, topic: str, user: str, *, reader: bool = False) -> str:
        """What a user calls a topic."""
        if topic.startswith("p2p"):
            return ids.p2p_peer(topic, user)
        if topic.startswith("slf"):
            return "slf"
        return ids.as_channel(topic) if reader else topic

    @property
    def users_online(self) -> int:
        """How many users, of those whose `me` is here, are online."""
        return sum(isinstance(me, Me) for me in self.online.values())

    def new_group_name(self) -> str:
        """A fresh name of a topic that belongs to this gateway. Raises Refused (503)."""
        for _ in range(NAMES_TRIED):
            name = ids.new_group_name()
            if self.others is None or self.others.owns(name):
                return name
        raise Refused(status.UNAVAILABLE)

    def group_is_online(self, name: str) -> bool:
        """Whether somebody is attached to a group, or was a moment ago."""
        group = self.topics.get(name)
        return isinstance(group, Group) and group.shown_online

    def _committed(self, messages: Sequence[Message], error: StoreError | None) -> None:
        topic = self.topics.get(messages[0].topic)
        if not isinstance(topic, Conversation) or not topic.awaits(messages[0]):
            return  # another gateway has taken over
        topic.committed(messages, error)
        if self.others is not None:
            self.others.committed(topic)
            if isinstance(error, OutOfOrder):
                self.others.out_of_step(topic)

    # -- users and sessions ------------------------------------------------------------------------

    def logged_in(self, session: Session) -> None:
        """A session has a user now."""
        self.sessions.setdefault(session.user, []).append(session)

    async def session_closed(self, session: Session) -> None:
        """A connection is gone: detaches it everywhere."""
        for topic in list(session.attached.values()):
            await topic.detach(session, lost=True)
        mine = self.sessions.get(session.user)
        if mine is not None and session in mine:
            mine.remove(session)
            if not mine:
                del self.sessions[session.user]

    async def end_sessions(self, user: str, except_session: Session | None = None) -> None:
        """Sends a user's devices away, but one."""
        code, text = status.EVICTED
        frames = Frames.of(Ctrl(code, text, self.stamp()))
        for session in list(self.sessions.get(user, ())):
            if session is not except_session:
                session.send(frames)
                session.close()

    async def delete_user(self, user: str) -> None:
        """Erases an account with all that is its own; those who knew it are told."""
        for name in await self.store.owned_topics(user):
            await self.destroy(name, untold=user)
        contacts = await self.store.contacts(user)
        await self.accounts.delete(user)
        for contact in contacts:
            await self.bereave(contact.sub.topic, user)

    async def destroy(self, name: str, untold: str) -> None:
        """Deletes a topic; members but one are told."""
        if self.others is not None and not self.others.owns(name):
            return await self.others.destroy(name, untold)
        topic = self.open_topic(name)
        assert isinstance(topic, Conversation)
        async with topic.lock:
            if await topic.load():
                await deleting.destroy(topic, untold=untold)

    async def bereave(self, name: str, user: str) -> None:
        """Takes a deleted user out of a conversation; nobody can go on with a chat of two."""
        if self.others is not None and not self.others.owns(name):
            return await self.others.bereave(name, user)
        topic = self.topics.get(name)
        partner = self.view(name, user)
        if name.startswith("p2p") and (me := self.online.get(partner)):
            me.access_ended(name)
            me.send(Frames.of(Pres("me", "gone", src=user)))
        if not isinstance(topic, Conversation) or not topic.exists:
            return
        async with topic.lock:
            part = topic.parts.get(user)
            for session, owner in list(topic.sessions.items()):
                if owner is part or isinstance(topic, P2P):
                    topic.drop(session)
            if part is not None and not isinstance(topic, P2P):
                topic.remove(part)
                announcing.member_gone(topic, part)
            if isinstance(topic, P2P):
                await topic.settle()
                await self.flush()  # the partner's row of it is read from the store from now on
                topic.forget()

    async def profile_changed(self, user: str, actor: Session) -> None:
        """Partners, and members of groups where the user is attached, learn of a new profile."""
        account = await self.store.load_user(user)
        if account is None:
            return
        pres = Frames.of(Pres("me", "upd", src=user))
        me = self.online.get(user)
        for known in me.contacts.values() if isinstance(me, Me) else ():
            partner = self.online.get(known.view)
            if partner is not None and known.mode & access.PRESENCE:
                partner.send(pres)
        self.take_profile(account, actor)
        if self.others is not None:
            self.others.profile_changed(user, actor)

    def take_profile(self, account: User, actor: Session | None) -> None:
        """Topics here show a user's new profile."""
        user = account.id
        for topic in list(self.topics.values()):
            part = topic.parts.get(user) if isinstance(topic, Conversation) else None
            if part is None or not isinstance(topic, Conversation):
                continue
            part.public, part.trusted = account.public, account.trusted
            part.user_updated = account.updated
            if isinstance(topic, Group) and part.online and not part.sub.reader:
                announcing.to_attached(topic, lambda name: Pres(name, "upd", src=user), skip=actor)

    async def member(self, sub: Subscription) -> Member:
        """A subscription with its user's profile."""
        user = await self.store.load_user(sub.user)
        if user is None:
            return Member(sub)
        return Member(sub, user.public, user.trusted, user.updated)

    async def contact(self, user: str, name: str) -> Contact | None:
        """The row of one conversation, by the name its user has for it. Raises Refused: 400, 403,
        404.
        """
        return await self.store.contact(user, internal_name(user, name))

    def access_known(self, topic: Conversation, part: Part) -> None:
        """Keeps the user's `me` up to date about the access to a topic."""
        me = self.online.get(part.user)
        if me is not None:
            me.access_known(topic.name, topic.view(part), part.mode, part.sub.reader)

    def access_ended(self, topic: Conversation, part: Part) -> None:
        """A user is no longer part of a topic."""
        me = self.online.get(part.user)
        if me is not None:
            me.access_ended(topic.name)

    async def may_read(self, user: str, name: str) -> bool:
        """Whether a user may read a topic, by its internal name."""
        topic = self.topics.get(name)
        part = topic.parts.get(user) if isinstance(topic, Conversation) else None
        sub = part.sub if part is not None else await self.store.load_subscription(name, user)
        wanted = access.READ | access.JOIN
        return sub is not None and sub.deleted is None and sub.mode & wanted == wanted

    # -- files -------------------------------------------------------------------------------------

    async def readable_files(self, user: str, urls: Iterable[str]) -> list[str]:
        """The files at these addresses that the user may read; others are passed over."""
        found = (ids.FILE_URL.fullmatch(url) for url in urls)
        return [match[1] for match in found if match and await self.may_read_file(user, match[1])]

    async def may_read_file(self, user: str, file: str) -> bool:
        """The uploader may, everybody if it is somebody's picture, else those who may read where it
        was posted.
        """
        record = await self.store.load_file(file)
        if record is None:
            return False
        if record.owner == user:
            return True
        for use in await self.store.file_uses(file):
            if use.seq == 0 or await self.may_read(user, use.target):
                return True
        return False

    async def link_pictures(self, target: str, user: str, urls: Iterable[str]) -> None:
        """Notes that files are the picture of a user or topic.

        One that was uploaded at sign-up, before there was an account, belongs to whoever names it.
        """
        found = [match[1] for match in map(ids.FILE_URL.fullmatch, urls) if match]
        records = [record for file in found if (record := await self.store.load_file(file))]
        files = [r.id for r in records if not r.owner or await self.may_read_file(user, r.id)]
        await self.store.link_files([FileUse(file, target) for file in files])

    # -- what is written together ------------------------------------------------------------------

    def mark_changed(self, sub: Subscription) -> None:
        """Somebody received or read more; written with others' soon."""
        self._marks.setdefault(sub.user, {})[sub.topic] = sub

    def unwritten(self, user: str) -> dict[str, tuple[int, int]]:
        """How far a user has read and received, by topic, where the store may not show it yet.

        What the last flush wrote is among it: a read may have begun before.
        """
        subs = self._written.get(user, {}) | self._marks.get(user, {})
        return {topic: (sub.read, sub.recv) for topic, sub in subs.items()}

    def last_seen(self, user: str, agent: str) -> None:
        """A user went offline; written with others soon."""
        self._seen[user] = (clock.now_ms(), agent)

    async def flush(self) -> None:
        """Writes marks and last-seen times. Raises StoreError; nothing is forgotten then."""
        marks, self._marks = self._marks, {}
        seen, self._seen = self._seen, {}
        self._written = marks
        try:
            if marks:
                await self.store.save_marks(
                    [
                        Mark(sub.topic, sub.user, sub.read, sub.recv)
                        for subs in marks.values()
                        for sub in subs.values()
                    ]
                )
            if seen:
                await self.store.save_seen([(user, at, ua) for user, (at, ua) in seen.items()])
        except StoreError:
            for user, subs in marks.items():
                self._marks[user] = subs | self._marks.get(user, {})
            self._seen = seen | self._seen
            raise

    async def _keep_house(self) -> None:
        swept = time.monotonic()
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except StoreError as fault:
                log.warning("marks are not written yet: %s", fault)
                continue
            if time.monotonic() - swept > SWEEP_SECONDS:
                swept = time.monotonic()
                self.sweep()

    def sweep(self) -> None:
        """Forgets topics that nobody uses."""
        due = time.monotonic() - SWEEP_SECONDS
        marked = {topic for subs in self._marks.values() for topic in subs}
        for name, topic in list(self.topics.items()):
            if topic.idle and topic.used < due and name not in marked:
                del self.topics[name]
