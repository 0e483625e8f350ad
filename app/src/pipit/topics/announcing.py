"""Who is told what of a conversation: the sessions attached to it, and members' sessions that are
only on `me`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import TYPE_CHECKING

from pipit.core import access
from pipit.topics.parts import Part
from pipit.topics.session import Session
from pipit.wire.codec import Frames
from pipit.wire.replies import Ctrl, Dacs, Pres, Reply
from pipit.wire.status import EVICTED

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation
    from pipit.topics.others import Online

Build = Callable[[str], Reply]
"""Makes a packet, given what its receiver calls the topic."""


class Shared:
    """A packet made once for each name that its receivers have for the topic."""

    def __init__(self, *builds: Build) -> None:
        self.builds = builds
        self.made: dict[str, Frames] = {}

    def named(self, name: str) -> Frames:
        """The frames for those who call the topic so."""
        frames = self.made.get(name)
        if frames is None:
            frames = self.made[name] = Frames.of(*(build(name) for build in self.builds))
        return frames


def to_attached(
    topic: Conversation, *builds: Build, skip: Session | None = None, but: str = "", only: str = ""
) -> None:
    """Tells attached members, not readers: all `but` one user, or `only` one, `skip` left out."""
    shared = Shared(*builds)
    for session, part in topic.sessions.items():
        if session is skip or part.sub.reader or part.user == but or (only and part.user != only):
            continue
        session.send(shared.named(topic.view(part)))


def to_me(
    topic: Conversation,
    parts: Iterable[Part],
    *builds: Build,
    need: int = access.NONE,
    skip: Session | None = None,
    but: Container[str] = (),
    everywhere: bool = False,
) -> None:
    """Tells sessions on `me` of these members, `but` some users, whose mode holds `need`.

    Those attached to the topic are left out, as they hear of it there, unless `everywhere`. In a
    busy group that is nearly everybody for each message, so this is looked at first.
    """
    shared = Shared(*builds)
    online = topic.hub.online
    attached: Container[Session] = () if everywhere else topic.sessions
    for part in parts:
        me = online.get(part.sub.user)
        if me is None:
            continue
        for session in me.sessions:
            if session in attached or session is skip:
                continue
            if part.user in but or not _hears(part, me, need):
                break
            session.send(shared.named(topic.view(part)))


def _hears(part: Part, me: Online, need: int) -> bool:
    """Whether a member is told what needs these bits; presence is a wish of the whole `me`, too."""
    wanted = me.listening or not need & access.PRESENCE
    return part.may(need) and wanted and not part.sub.reader


def others(topic: Conversation, user: str) -> Iterable[Part]:
    """The members but one."""
    return (p for p in topic.parts.values() if p.user != user and p.sub.deleted is None)


def access_changed(
    topic: Conversation, part: Part, dacs: Dacs, actor: Session, *, unattached: bool = True
) -> None:
    """Tells of a change of somebody's access: the others, and the one concerned on other devices.

    `unattached`: members who are only on `me` are told as well.
    """
    target, act = part.user, actor.user
    by = act if act != target else None

    def here(name: str) -> Pres:
        return Pres(name, "acs", src=target, act=by, dacs=dacs)

    def on_me(name: str) -> Pres:
        return Pres("me", "acs", src=name, tgt=target, act=act, dacs=dacs)

    to_attached(topic, here, skip=actor, but=target)
    if unattached:
        to_me(topic, others(topic, target), on_me, skip=actor)
    tell_target(topic, part, dacs, actor)


def tell_target(topic: Conversation, part: Part, dacs: Dacs, actor: Session | None) -> None:
    """Tells the one whose access changed; no `src` means you."""
    by = actor.user if actor is not None and actor.user != part.user else None
    to_attached(
        topic, lambda name: Pres(name, "acs", act=by, dacs=dacs), skip=actor, only=part.user
    )
    to_me(topic, [part], lambda name: Pres("me", "acs", src=name, act=by, dacs=dacs), skip=actor)


def member_gone(topic: Conversation, part: Part, actor: Session | None = None) -> None:
    """Tells attached members that one is none any more; `actor`: by whose doing, if not the own."""
    user, gone = part.user, Dacs("N", "N")
    by = actor.user if actor is not None else None
    to_attached(topic, lambda name: Pres(name, "acs", src=user, act=by, dacs=gone), skip=actor)
    if topic.counts_members and not part.sub.reader:
        online(topic, user, "off", skip=actor)


def online(topic: Conversation, user: str, what: str, skip: Session | None = None) -> None:
    """Tells attached members that one of them came ("on") or went ("off")."""
    to_attached(topic, lambda name: Pres(name, what, src=user), skip=skip, but=user)


def evict(topic: Conversation, part: Part, *, unsub: bool, skip: Session | None = None) -> None:
    """Detaches all sessions of a user but one; a member who stays one is seen to go."""
    detached = [s for s, p in topic.sessions.items() if p is part and s is not skip]
    for session in detached:
        topic.drop(session)
        session.tell(
            Ctrl(
                EVICTED.code, EVICTED.text, topic.hub.stamp(), None, topic.view(part),
                {"unsub": unsub},
            )
        )  # fmt: skip
    if detached and not unsub:
        topic.went(part)
