"""Changes of access: what one wants, what another is given, who owns (protocol.md, sections 5.2 and
5.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pipit.bus.events import SubscriptionChanged
from pipit.core import access, clock
from pipit.topics import announcing
from pipit.topics.base import answer
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Dacs, Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation


def parse_mode(text: str) -> int:
    """The mode that letters name. Raises Refused (400)."""
    try:
        return access.parse(text)
    except ValueError:
        raise Refused(status.MALFORMED) from None


async def change(topic: Conversation, session: Session, request: rq.Set, wanted: rq.SetSub) -> None:
    """{set sub}: the own wish, or what another user is given."""
    if wanted.user and wanted.user != session.user:
        if session not in topic.sessions:
            raise Refused(status.DENIED)
        await topic.grant(session, request, wanted.user, wanted.mode)
        return
    part = topic.active_part(session.user)
    if part is None:
        raise Refused(status.NOT_FOUND)
    if wanted.mode is None or not await wish(topic, session, part, wanted.mode):
        answer(session, request, status.NOT_MODIFIED)
        return
    answer(session, request, status.OK, params={"acs": topic.acs(part.sub)})
    if not part.may(access.JOIN):
        announcing.evict(topic, part, unsub=False)


async def wish(topic: Conversation, session: Session, part: Part, mode: str) -> bool:
    """Changes what somebody wants; False if that is so already.

    Raises Refused: 400 for a broken mode, 403 for ownership that was not offered, or for giving it
    up.
    """
    want = topic.allowed_want(parse_mode(mode))
    if want == part.sub.want:
        return False
    owning = part.mode & access.OWNER
    if want & access.OWNER and not part.sub.given & access.OWNER:
        raise Refused(status.DENIED)
    if owning and not want & access.OWNER:
        raise Refused(status.DENIED)
    before = part.sub.want
    if want & access.OWNER and not owning:
        await _take_over(topic, session, part, want)
    else:
        await _store_access(topic, part, want, part.sub.given)
    announcing.access_changed(
        topic, part, Dacs(want=access.delta(before, want)), session, unattached=want & ~before != 0
    )
    presence_switched(topic, part, before & part.sub.given, session)
    return True


async def _take_over(topic: Conversation, session: Session, part: Part, want: int) -> None:
    """The offered ownership is taken: the former owner keeps all but that."""
    former = topic.parts.get(topic.record.owner)
    await topic.hub.store.update_topic(topic.name, owner=part.user)
    topic.record.owner = part.user
    await _store_access(topic, part, want, part.sub.given)
    if former is None:
        return
    keep = ~access.OWNER
    await _store_access(topic, former, former.sub.want & keep, former.sub.given & keep)
    dacs = Dacs("-O", "-O")
    announcing.tell_target(topic, former, dacs, None)
    told = Pres(topic.view(part), "acs", src=former.user, act=part.user, dacs=dacs)
    announcing.to_attached(topic, lambda _: told, skip=session, but=former.user)
    session.tell(told)


async def regrant(
    topic: Conversation, session: Session, request: rq.Set, part: Part, given: int
) -> bool:
    """Changes what a member is given, answers, and tells all; False if it was so already."""
    before, mode = part.sub.given, part.mode
    if given == before:
        answer(session, request, status.NOT_MODIFIED)
        return False
    await _store_access(topic, part, part.sub.want, given)
    granted(topic, session, request, part)
    announcing.access_changed(topic, part, Dacs(given=access.delta(before, given)), session)
    if topic.counts_members or mode & ~part.mode:  # between two, only going offline is told
        presence_switched(topic, part, mode, None)
    if not part.may(access.JOIN):
        announcing.evict(topic, part, unsub=False)
    return True


def granted(topic: Conversation, session: Session, request: rq.Set, part: Part) -> None:
    """The answer to a change of another's access."""
    answer(session, request, status.OK, params={"acs": topic.acs(part.sub), "user": part.user})


async def _store_access(topic: Conversation, part: Part, want: int, given: int) -> None:
    now = clock.now_ms()
    await topic.hub.store.save_subscriptions(
        [replace(part.sub, want=want, given=given, updated=now)]
    )
    part.sub.want, part.sub.given, part.sub.updated = want, given, now
    topic.hub.access_known(topic, part)
    topic.hub.bus.publish(SubscriptionChanged(now, topic.name, part.user, want, given))


def presence_switched(topic: Conversation, part: Part, before: int, skip: Session | None) -> None:
    """Who stops, or starts again, to follow a topic sees it go offline, or come online."""
    lost, gained = before & ~part.mode, part.mode & ~before
    me = topic.hub.online.get(part.user)
    if me is None:
        return
    if lost & access.PRESENCE:
        me.contact_online(topic.name, Pres("me", "off", src=topic.view(part)))
    elif gained & access.PRESENCE and topic.in_sight(part):
        me.contact_online(topic.name, Pres("me", "on", src=topic.view(part)))
