"""{set} of a conversation: description, tags, aux; access lies in granting.py (protocol.md, section
4.7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from msgspec.structs import replace

from pipit.accounts.levels import ROOT
from pipit.bus.events import TopicChanged
from pipit.core import access, clock, tags
from pipit.core.merge import ERASE, merge
from pipit.store.base import Duplicate
from pipit.topics import announcing, granting
from pipit.topics.base import answer
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation


async def change(
    topic: Conversation, session: Session, request: rq.Set, extra: rq.Extra | None
) -> None:
    """Does the parts in the protocol's order; each is answered by a {ctrl} of its own."""
    if request.desc is None and not request.sub and request.tags is None and request.aux is None:
        raise Refused(status.METHOD_NOT_ALLOWED if request.cred else status.MALFORMED)
    async with topic.lock:
        await topic.require()
        await topic.settle()
        if request.desc is not None:
            await _describe(topic, session, request, request.desc, extra)
        if request.sub is not None:
            await granting.change(topic, session, request, request.sub)
        if request.tags is not None:
            await _tag(topic, session, request, request.tags)
        if request.aux is not None:
            await _pin(topic, session, request, request.aux)


async def _describe(
    topic: Conversation,
    session: Session,
    request: rq.Set,
    desc: rq.SetDesc,
    extra: rq.Extra | None,
) -> None:
    part = topic.active_part(session.user)
    if part is None:
        raise Refused(status.NOT_FOUND)
    changes = _described(topic, session, part, desc)
    private = merge(part.sub.private, desc.private)
    if not changes and private == part.sub.private:
        answer(session, request, status.NOT_MODIFIED)
        return
    if changes:
        await topic.hub.store.update_topic(topic.name, **changes)
        for name, value in changes.items():
            setattr(topic.record, name, value)
    if extra is not None and extra.attachments:
        await topic.hub.link_pictures(topic.name, session.user, extra.attachments)
    if private != part.sub.private:
        await _keep_private(topic, session, part, private)
    answer(session, request, status.OK)
    if "updated" in changes:
        everyone = [p for p in topic.parts.values() if not p.sub.reader]
        announcing.to_me(
            topic, everyone, lambda name: Pres("me", "upd", src=name),
            need=access.PRESENCE, skip=session, everywhere=True,
        )  # fmt: skip
    if changes:
        topic.hub.bus.publish(TopicChanged(clock.now_ms(), topic.name, "updated"))


def _described(
    topic: Conversation, session: Session, part: Part, desc: rq.SetDesc
) -> dict[str, Any]:
    """The fields of the topic that change. Raises Refused where one is not in the asker's hands."""
    changes: dict[str, Any] = {}
    if desc.public is None and desc.trusted is None and desc.defacs is None:
        return changes
    if session not in topic.sessions or not topic.has_profile:
        return changes  # from outside only one's own side can be changed
    if not topic.may_describe(part, session):
        raise Refused(status.DENIED)
    if desc.trusted is not None:
        if session.level < ROOT:
            raise Refused(status.DENIED)
        changes["trusted"] = merge(topic.record.trusted, desc.trusted)
    if desc.public is not None:
        changes["public"] = merge(topic.record.public, desc.public)
    changes = {k: v for k, v in changes.items() if v != getattr(topic.record, k)}
    if changes:
        changes["updated"] = clock.now_ms()
    if desc.defacs is not None:
        changes |= _defacs(desc.defacs)
    return changes


def _defacs(defacs: rq.Defacs) -> dict[str, int]:
    modes = {}
    for name, text in (("defacs_auth", defacs.auth), ("defacs_anon", defacs.anon)):
        if text:
            modes[name] = granting.parse_mode(text)
            if modes[name] & access.OWNER:
                raise Refused(status.MALFORMED)
    return modes


async def _keep_private(
    topic: Conversation, session: Session, part: Part, private: bytes | None
) -> None:
    now = clock.now_ms()
    await topic.hub.store.save_subscriptions([replace(part.sub, private=private, updated=now)])
    part.sub.private, part.sub.updated = private, now
    announcing.to_me(
        topic, [part], lambda name: Pres("me", "upd", src=name), skip=session, everywhere=True
    )


async def _tag(topic: Conversation, session: Session, request: rq.Set, wanted: list[str]) -> None:
    part = topic.part_of(session) if session in topic.sessions else None
    if part is None or not topic.is_owner(part):
        raise Refused(status.DENIED)
    limits = topic.hub.tag_limits
    new = normal_tags(wanted, limits)
    if tags.reserved(new):
        raise Refused(status.DENIED)
    old = topic.record.tags
    if set(new) != set(old):
        try:
            await topic.hub.store.update_topic(topic.name, tags=new)
        except Duplicate:
            raise Refused(status.DUPLICATE, {"what": "alias"}) from None
        topic.record.tags = new
    answer_tags(session, request, old, new)


def normal_tags(wanted: list[str], limits: tags.TagLimits) -> list[str]:
    """The tags as they are kept; the erasing character alone means none. Raises Refused (400)."""
    try:
        return [] if wanted == [ERASE] else tags.normalize(wanted, limits)
    except ValueError:
        raise Refused(status.MALFORMED) from None


def answer_tags(session: Session, request: rq.Set, old: list[str], new: list[str]) -> None:
    """Tells how many tags were added and removed."""
    counts = {"added": len(set(new) - set(old)), "removed": len(set(old) - set(new))}
    params = {what: number for what, number in counts.items() if number}
    answer(session, request, status.OK if params else status.NOT_MODIFIED, None, params or UNSET)


async def _pin(
    topic: Conversation, session: Session, request: rq.Set, change: dict[str, Any]
) -> None:
    part = topic.sessions.get(session)
    if part is None or not topic.may_pin(part):
        raise Refused(status.DENIED)
    aux = merge(topic.record.aux, change)
    if aux == topic.record.aux:
        answer(session, request, status.NOT_MODIFIED)
        return
    await topic.hub.store.update_topic(topic.name, aux=aux)
    topic.record.aux = aux
    answer(session, request, status.OK)
    announcing.to_attached(topic, lambda name: Pres(name, "aux"), skip=session)
