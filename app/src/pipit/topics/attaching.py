"""Coming and going: {sub} and {leave} of a conversation (protocol.md, sections 4.2, 4.3, 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from pipit.bus.events import SubscriptionChanged
from pipit.core import access, clock
from pipit.core.merge import merge
from pipit.store.records import Subscription
from pipit.topics import announcing, granting, reading
from pipit.topics.base import answer
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation


async def subscribe(
    topic: Conversation, session: Session, request: rq.Sub, extra: rq.Extra | None
) -> None:
    """Attaches a session and answers; the topic is made, or joined, where that is asked and
    allowed.
    """
    if topic.name in session.attached:
        answer(session, request, status.ALREADY_SUBSCRIBED)
        return
    async with topic.lock:
        if not topic.exists and not await topic.load():
            if not await topic.make(session, request):
                raise Refused(status.TOPIC_NOT_FOUND)
            part, changed = topic.parts[session.user], True
        else:
            part, changed = await _take_part(topic, session, request)
        topic.check_here()
        params = {"acs": topic.acs(part.sub)} if changed else UNSET
        answer(session, request, status.OK, topic.view(part), params)
        topic.attach(session, part)
        last = topic.record.seq
    if request.get is not None:
        asked = reading.up_to(last, request.get)
        await reading.query(topic, session, asked, request.id, topic.view(part))


async def _take_part(topic: Conversation, session: Session, request: rq.Sub) -> tuple[Part, bool]:
    """One's part in an existing topic, and whether it is new or changed."""
    topic.check_open()
    part = topic.active_part(session.user) or await _reader_part(topic, session, request)
    if part is None:
        return await _join(topic, session, request), True
    changed = await _refresh(topic, session, part, request)
    if not part.may(access.JOIN):
        raise Refused(status.DENIED)
    return part, changed


async def _reader_part(topic: Conversation, session: Session, request: rq.Sub) -> Part | None:
    """The part of one who follows a channel already; readers are loaded only while they are
    attached.
    """
    if not topic.record.channel:
        return None
    sub = await topic.hub.store.load_subscription(topic.name, session.user)
    if sub is None or not sub.reader or not request.topic or not request.topic.startswith("chn"):
        return None
    part = Part(await topic.hub.member(sub))
    topic.parts[session.user] = part
    return part


async def _refresh(topic: Conversation, session: Session, part: Part, request: rq.Sub) -> bool:
    """Brings the own wish up to date: as asked, or, for one who had left without unsubscribing, as
    given.
    """
    mode = request.set.sub.mode if request.set and request.set.sub else None
    if mode is not None:
        return await granting.wish(topic, session, part, mode)
    if not part.sub.want & access.JOIN and part.sub.given & access.JOIN:
        return await granting.wish(topic, session, part, access.text(part.sub.given))
    return False


async def _join(topic: Conversation, session: Session, request: rq.Sub) -> Part:
    """Becomes a member, or a reader of a channel; nothing is stored or told where that is not
    allowed.
    """
    sub = await topic.admit(session, request)
    if request.set and request.set.desc:
        sub.private = merge(sub.private, request.set.desc.private)
    if not sub.mode & access.JOIN:
        raise Refused(status.DENIED)
    if not sub.reader and len(topic.parts) >= topic.hub.max_members:
        raise Refused(status.POLICY)
    part = await enter(topic, sub)
    topic.joined(part, session)
    return part


async def enter(topic: Conversation, sub: Subscription) -> Part:
    """Stores a new subscription and makes its part."""
    known = topic.parts.get(sub.user)
    await topic.hub.store.save_subscriptions([sub])
    part = Part(await topic.hub.member(sub))
    if known is not None:  # was a reader, or had left
        part.online = known.online
        topic.sessions.update((s, part) for s, p in topic.sessions.items() if p is known)
    elif sub.reader:
        topic.record.readers += 1
    topic.parts[sub.user] = part
    topic.hub.access_known(topic, part)
    topic.hub.bus.publish(
        SubscriptionChanged(clock.now_ms(), topic.name, sub.user, sub.want, sub.given)
    )
    return part


def new_subscription(
    topic: str, user: str, want: int, given: int, *, reader: bool = False
) -> Subscription:
    """A subscription made now."""
    now = clock.now_ms()
    return Subscription(topic, user, want, given, now, now, reader=reader)


async def leave(topic: Conversation, session: Session, request: rq.Leave) -> None:
    """Detaches a session; with `unsub`, its user for good."""
    part = topic.sessions.get(session)
    if not request.unsub:
        if part is None:
            answer(session, request, status.NOT_JOINED)
            return
        await topic.settle()
        answer(session, request, status.OK)
        await topic.detach(session, lost=False)
        return
    async with topic.lock:
        part = topic.part_of(session)
        if topic.is_owner(part):
            raise Refused(status.DENIED)
        await topic.settle()
        await unsubscribe(topic, session, part)
    answer(session, request, status.OK)


async def unsubscribe(topic: Conversation, session: Session, part: Part) -> None:
    """A member, or reader, leaves for good; own other devices and the others are told."""
    await end(topic, part)
    topic.drop(session)
    announcing.evict(topic, part, unsub=True)
    announcing.to_me(
        topic, [part], lambda name: Pres("me", "gone", src=name), skip=session, everywhere=True
    )
    topic.left(part, session)
    topic.hub.access_ended(topic, part)
    if topic.deserted:
        await topic.hub.store.delete_topic(topic.name, clock.now_ms())
        topic.forget()


async def end(topic: Conversation, part: Part) -> None:
    """Marks a subscription as left, in the store and here."""
    now = clock.now_ms()
    await topic.hub.store.save_subscriptions([replace(part.sub, deleted=now, updated=now)])
    part.sub.deleted = part.sub.updated = now
    if part.sub.reader:
        topic.record.readers -= 1
    topic.remove(part)
    topic.hub.bus.publish(SubscriptionChanged(now, topic.name, part.user, 0, 0))
