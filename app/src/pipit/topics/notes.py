"""{note}: typing, marks of what was received and read, call events, passed on as {info}
(protocol.md, 6.5).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from pipit.core import access
from pipit.topics import announcing
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Info, Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation

MARKS = ("recv", "read")
TYPING = ("kp", "kpa", "kpv", "data")


def note(topic: Conversation, session: Session, request: rq.Note) -> Awaitable[None] | None:
    """Passes a note on, or drops it in silence where it says nothing new or is not allowed.

    Raises Refused (409) for sessions that are not attached; `recv` works without, as push handlers
    send it.
    """
    part = topic.sessions.get(session)
    if request.what == "call":
        return topic.call_event(session, request)
    if part is not None:
        _pass_on(topic, session, part, request)
    elif request.what == "recv":
        return _received_elsewhere(topic, session, request)
    else:
        raise Refused(status.ATTACH_FIRST)
    return None


async def _received_elsewhere(topic: Conversation, session: Session, request: rq.Note) -> None:
    async with topic.lock:
        if await topic.load():
            part = topic.active_part(session.user)
            if part is not None:
                _pass_on(topic, session, part, request)


def _pass_on(topic: Conversation, session: Session, part: Part, request: rq.Note) -> None:
    what = request.what or ""
    if what in MARKS:
        _mark(topic, session, part, what, request.seq or 0)
    elif what in TYPING and part.may(access.WRITE) and not part.sub.reader:
        _typing(topic, session, part, what, request.seq or 0)


def _mark(topic: Conversation, session: Session, part: Part, what: str, seq: int) -> None:
    if not part.may(access.READ) or not getattr(part.sub, what) < seq <= topic.record.seq:
        return
    setattr(part.sub, what, seq)
    topic.hub.mark_changed(part.sub)
    if part.sub.reader:
        return
    user = part.user
    announcing.to_attached(topic, lambda name: Info(name, what, user, seq=seq), skip=session)

    def on_me(name: str) -> Info:
        return Info("me", what, user, src=name, seq=seq)

    need = access.PRESENCE | access.READ
    announcing.to_me(topic, announcing.others(topic, user), on_me, need=need, skip=session)
    announcing.to_me(
        topic, [part], lambda name: Pres("me", what, src=name, seq=seq), on_me, skip=session
    )


def _typing(topic: Conversation, session: Session, part: Part, what: str, seq: int) -> None:
    user, number = part.user, seq if what == "data" else 0
    announcing.to_attached(topic, lambda name: Info(name, what, user, seq=number), skip=session)
    if what == "data":
        return
    need = access.PRESENCE | access.READ
    announcing.to_me(
        topic,
        announcing.others(topic, user),
        lambda name: Info("me", what, user, src=name),
        need=need,
    )
