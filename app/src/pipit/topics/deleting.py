"""{del} of a conversation: messages, a member, the topic (protocol.md, sections 4.8 and 6.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipit.bus.events import MessagesDeleted, TopicChanged
from pipit.core import access, clock, ranges
from pipit.topics import announcing, attaching
from pipit.topics.base import answer
from pipit.topics.parts import Part
from pipit.topics.reading import out_span
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation

MOST_RANGES = 1024


async def delete(topic: Conversation, session: Session, request: rq.Del) -> None:
    """Does what `what` says; messages where it says nothing."""
    handler = {"msg": _messages, "": _messages, "topic": _topic, "sub": _member}.get(
        request.what or ""
    )
    if handler is None:
        raise Refused(status.METHOD_NOT_ALLOWED if request.what == "cred" else status.MALFORMED)
    async with topic.lock:
        await topic.load()
        await handler(topic, session, request)


# -- messages --------------------------------------------------------------------------------------


async def _messages(topic: Conversation, session: Session, request: rq.Del) -> None:
    part = topic.part_of(session)
    await topic.settle()
    spans = wanted_spans(request.delseq, topic.record.seq)
    if not part.may(access.READ):
        raise Refused(status.DENIED)
    if request.hard:
        await _check_hard(topic, part, spans)
    user = "" if request.hard else part.user
    del_id = topic.record.del_id + 1
    await topic.hub.store.delete_messages(topic.name, del_id, user, spans)
    topic.record.del_id = del_id
    for concerned in topic.parts.values() if request.hard else [part]:
        concerned.sub.cleared = del_id
    answer(session, request, status.OK, params={"del": del_id})
    _tell_deleted(topic, session, part, spans, hard=bool(request.hard))
    topic.hub.bus.publish(MessagesDeleted(clock.now_ms(), topic.name, user, spans))


def wanted_spans(delseq: Sequence[rq.Range] | None, last: int) -> list[ranges.Span]:
    """The ranges of a {del}, in order, cut at the last message. Raises Refused (400) for one that
    makes no sense.
    """
    if not delseq or len(delseq) > MOST_RANGES:
        raise Refused(status.MALFORMED)
    spans = []
    for wanted in delseq:
        low = wanted.low or 0
        hi = low + 1 if wanted.hi is None else wanted.hi
        if low <= 0 or hi <= low or low > last:
            raise Refused(status.MALFORMED)
        spans.append((low, min(hi, last + 1)))
    return ranges.join(spans)


async def _check_hard(topic: Conversation, part: Part, spans: Sequence[ranges.Span]) -> None:
    """Deleting for everybody needs D, and, but for the owner, messages that are not too old."""
    if not part.may(access.DELETE):
        raise Refused(status.DENIED)
    limit = topic.hub.delete_age_ms
    if not limit or topic.is_owner(part):
        return
    oldest = await topic.hub.store.oldest_message(topic.name, spans)
    if oldest is not None and oldest.ts < clock.now_ms() - limit:
        raise Refused(status.DENIED)


def _tell_deleted(
    topic: Conversation, session: Session, part: Part, spans: Sequence[ranges.Span], *, hard: bool
) -> None:
    user, del_id = part.user, topic.record.del_id
    delseq = [out_span(low, hi) for low, hi in spans]
    announcing.to_attached(
        topic,
        lambda name: Pres(name, "del", src=user, clear=del_id, delseq=delseq),
        skip=session,
        only="" if hard else user,
    )
    announcing.to_me(
        topic, [part], lambda name: Pres("me", "del", src=name, clear=del_id), skip=session
    )
    if hard:
        announcing.to_me(
            topic,
            announcing.others(topic, user),
            lambda name: Pres("me", "del", src=name, clear=del_id, act=user),
            need=access.PRESENCE | access.READ,
        )


# -- a member --------------------------------------------------------------------------------------


async def _member(topic: Conversation, session: Session, request: rq.Del) -> None:
    part = topic.part_of(session)
    if not request.user:
        raise Refused(status.MALFORMED)
    target = topic.active_part(request.user)
    if not part.admin or not topic.counts_members or request.user == part.user:
        raise Refused(status.DENIED)
    if target is None:
        raise Refused(status.NOT_FOUND)
    if topic.is_owner(target):
        raise Refused(status.DENIED)
    await attaching.end(topic, target)
    answer(session, request, status.OK)
    await expel(topic, target, session)


async def expel(topic: Conversation, target: Part, actor: Session) -> None:
    """A member is out: its sessions and the others are told."""
    announcing.evict(topic, target, unsub=True)
    announcing.to_me(topic, [target], lambda name: Pres("me", "gone", src=name), everywhere=True)
    announcing.member_gone(topic, target, actor)
    topic.hub.access_ended(topic, target)


# -- the topic -------------------------------------------------------------------------------------


async def _topic(topic: Conversation, session: Session, request: rq.Del) -> None:
    part = topic.active_part(session.user) if topic.exists else None
    if part is None:
        answer(session, request, status.NO_ACTION)
        return
    await topic.settle()
    if topic.is_owner(part):
        await destroy(topic)
    else:
        await attaching.unsubscribe(topic, session, part)
    answer(session, request, status.OK)


async def destroy(topic: Conversation, untold: str = "") -> None:
    """The topic and all that is in it go; members but one are told. Needs the lock."""
    parts = list(topic.parts.values())
    for session in list(topic.sessions):
        topic.drop(session)
    await topic.settle()
    now = clock.now_ms()
    await topic.hub.store.delete_topic(topic.name, now)
    told = [part for part in parts if part.user != untold]
    announcing.to_me(topic, told, lambda name: Pres("me", "gone", src=name), everywhere=True)
    for part in parts:
        topic.hub.access_ended(topic, part)
    topic.forget()
    topic.hub.bus.publish(TopicChanged(now, topic.name, "deleted"))
