"""Groups, and channels: groups with any number of readers who see no members and write nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pipit.accounts.levels import ANONYMOUS, ROOT
from pipit.core import access, clock, ids
from pipit.core import tags as tag_rules
from pipit.core.merge import merge
from pipit.store.base import Duplicate
from pipit.store.records import Subscription, TopicRecord
from pipit.topics import announcing, attaching, granting, reading
from pipit.topics.attaching import new_subscription
from pipit.topics.base import answer
from pipit.topics.changing import normal_tags
from pipit.topics.conversation import OFFLINE_GRACE, Conversation
from pipit.topics.names import NEW_CHANNEL, is_channel_name
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Dacs, Desc, Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.hub import Hub


class Group(Conversation):
    """A group. `shown_online`: members on `me` were told that somebody is here."""

    __slots__ = ("_closing", "shown_online")

    counts_members = True

    def __init__(self, hub: Hub, name: str) -> None:
        super().__init__(hub, name)
        self.shown_online = False
        self._closing: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost if this object were forgotten."""
        return super().idle and not self.shown_online

    # -- access ------------------------------------------------------------------------------------

    async def admit(self, session: Session, request: rq.Sub) -> Subscription:
        """A newcomer gets the defaults; in a channel readers may always come, members by
        invitation.
        """
        record = self.record
        asked = request.set.sub.mode if request.set and request.set.sub else None
        want = granting.parse_mode(asked) if asked is not None else None
        if is_channel_name(request.topic or ""):
            if not record.channel:
                raise Refused(status.NOT_FOUND)
            want = access.READER if want is None else want & access.READER
            return new_subscription(self.name, session.user, want, access.READER, reader=True)
        given = record.defacs_anon if session.level == ANONYMOUS else record.defacs_auth
        return new_subscription(self.name, session.user, given if want is None else want, given)

    async def grant(self, session: Session, request: rq.Set, user: str, mode: str | None) -> None:
        """Members with A set what others are given; those with S only may bring in new ones, with
        the defaults.
        """
        actor = self.part_of(session)
        given = granting.parse_mode(mode) if mode is not None else None
        target = self.active_part(user)
        if not actor.admin and not (actor.may(access.SHARE) and target is None and given is None):
            raise Refused(status.DENIED)
        if given is not None and given & access.OWNER and not self.is_owner(actor):
            raise Refused(status.DENIED)
        if target is None or target.sub.reader:
            await self._invite(session, request, user, given)
        elif self.is_owner(target):
            raise Refused(status.DENIED)
        else:
            await granting.regrant(
                self, session, request, target, target.sub.given if given is None else given
            )

    async def _invite(
        self, session: Session, request: rq.Set, user: str, given: int | None
    ) -> None:
        """Somebody becomes a member at once; there is no step of acceptance in the protocol."""
        if not ids.is_user_id(user):
            raise Refused(status.MALFORMED)
        if await self.hub.store.load_user(user) is None:
            raise Refused(status.USER_NOT_FOUND)
        if len(self.parts) >= self.hub.max_members:
            raise Refused(status.POLICY)
        mode = self.record.defacs_auth | access.JOIN if given is None else given
        want = mode & ~access.OWNER
        part = await attaching.enter(self, new_subscription(self.name, user, want, mode))
        granting.granted(self, session, request, part)
        dacs = Dacs(access.text(want), access.text(mode))
        announcing.access_changed(self, part, dacs, session)
        granting.presence_switched(self, part, access.NONE, None)

    # -- what is shown -----------------------------------------------------------------------------

    def view(self, part: Part) -> str:
        """Readers know it as `chn…`."""
        return ids.as_channel(self.name) if part.sub.reader else self.name

    def shows_defacs(self, part: Part) -> bool:
        """Those who can bring others in see what these will get."""
        return bool(part.mode & (access.APPROVE | access.SHARE | access.OWNER))

    def shown_members(self, viewer: Part) -> list[Part]:
        """A reader sees the own row only, members see members."""
        if viewer.sub.reader:
            return [viewer]
        return [part for part in self.parts.values() if not part.sub.reader]

    async def outside_desc(self, session: Session, request: rq.Get, part: Part | None) -> Desc:
        """A group as those outside see it, with what joining would give."""
        await self.require()
        record = self.record
        as_reader = is_channel_name(request.topic or "")
        if as_reader and not record.channel:
            raise Refused(status.NOT_FOUND)
        given = record.defacs_anon if session.level == ANONYMOUS else record.defacs_auth
        return reading.outside_view(self, part, access.READER if as_reader else given)

    # -- who is told -------------------------------------------------------------------------------

    def joined(self, part: Part, session: Session) -> None:
        """Members learn of a new member, not of a reader."""
        if part.sub.reader:
            return
        dacs = Dacs(access.text(part.sub.want), access.text(part.sub.given))
        announcing.access_changed(self, part, dacs, session)
        if self.sessions:
            granting.presence_switched(self, part, access.NONE, None)

    def left(self, part: Part, session: Session) -> None:
        """Members learn who is gone."""
        announcing.member_gone(self, part)

    def came(self, part: Part, session: Session) -> None:
        """The others here learn who came; members elsewhere that the group is online."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        if not part.sub.reader:
            announcing.online(self, part.user, "on", skip=session)
        if not self.shown_online and not part.sub.reader:
            self.shown_online = True
            self.tell_online("on")

    def came_back(self, part: Part) -> None:
        """Members elsewhere know that the group is online."""
        self.shown_online = self.shown_online or not part.sub.reader

    def went(self, part: Part) -> None:
        """The others here learn who went."""
        if not part.sub.reader:
            announcing.online(self, part.user, "off")

    def drop(self, session: Session) -> None:
        """Takes a session out; when it was the last, the group goes offline soon."""
        super().drop(session)
        if not self.sessions and self.shown_online and self._closing is None:
            loop = asyncio.get_running_loop()
            self._closing = loop.call_later(OFFLINE_GRACE, self._closed)

    def _closed(self) -> None:
        self._closing = None
        if not self.sessions and self.exists:
            self.shown_online = False
            self.tell_online("off")

    def tell_online(self, what: str) -> None:
        """Members on `me` learn that the group came online, or went offline."""
        for part in self.parts.values():
            me = self.hub.online.get(part.user)
            if me is not None and part.may(access.PRESENCE) and not part.sub.reader:
                me.contact_online(self.name, Pres("me", what, src=self.name))

    def forget(self) -> None:
        """The topic was deleted."""
        super().forget()
        self.shown_online = False


async def create(hub: Hub, session: Session, request: rq.Sub, extra: rq.Extra | None) -> None:
    """{sub new…} and {sub nch…}: makes a group or channel, attaches its creator, answers."""
    asked = request.set or rq.SetQuery()
    record = _new_record(hub, session, request.topic or "", asked)
    if asked.sub and asked.sub.mode and not granting.parse_mode(asked.sub.mode) & access.OWNER:
        raise Refused(status.DENIED)
    sub = new_subscription(record.name, session.user, access.FULL, access.FULL)
    sub.private = merge(None, asked.desc.private) if asked.desc else None
    try:
        await hub.store.create_topic(record, [sub])
    except Duplicate as taken:
        raise Refused(status.DUPLICATE, {"what": taken.what}) from None
    topic = hub.open_topic(record.name)
    assert isinstance(topic, Group)
    async with topic.lock:
        topic.fill(record, [await hub.member(sub)])
        part = topic.parts[session.user]
        hub.access_known(topic, part)
        if extra is not None and extra.attachments:
            await hub.link_pictures(record.name, session.user, extra.attachments)
        topic.check_here()
        params = {"acs": topic.acs(sub), "tmpname": request.topic}
        answer(session, request, status.OK, record.name, params)
        topic.attach(session, part)
    if request.get is not None:
        await reading.query(topic, session, request.get, request.id, record.name)


def _new_record(hub: Hub, session: Session, name: str, asked: rq.SetQuery) -> TopicRecord:
    """What a new group starts with. Raises Refused (403) for what is not in its creator's hands."""
    desc = asked.desc or rq.SetDesc()
    new_tags = normal_tags(asked.tags or [], hub.tag_limits)
    if (desc.trusted is not None and session.level < ROOT) or tag_rules.reserved(new_tags):
        raise Refused(status.DENIED)
    channel = name.startswith(NEW_CHANNEL)
    now = clock.now_ms()
    defacs = desc.defacs or rq.Defacs()
    default = access.CHANNEL_AUTH if channel else access.GROUP_AUTH
    return TopicRecord(
        hub.new_group_name(), now, now, now, session.user, channel,
        defacs_auth=_default_mode(defacs.auth, default),
        defacs_anon=_default_mode(defacs.anon, access.NONE),
        public=merge(None, desc.public),
        trusted=merge(None, desc.trusted),
        aux=merge(None, asked.aux),
        tags=new_tags,
    )  # fmt: skip


def _default_mode(text: str | None, default: int) -> int:
    """What newcomers get: as asked, without ownership; the usual where that makes no sense."""
    if not text:
        return default
    try:
        return access.parse(text) & ~access.OWNER
    except ValueError:
        return default
