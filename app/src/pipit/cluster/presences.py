"""Who is online: every gateway knows it of everybody, and where their sessions are.

So a topic sends what concerns sessions on `me` straight to their gateways. What changes a `me`
itself (whom it knows, who of them is online) goes to its owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipit.cluster import messages as msg
from pipit.cluster.elsewhere import Elsewhere
from pipit.cluster.link import Link
from pipit.cluster.peers import Peers
from pipit.cluster.slots import slot_of
from pipit.core import access, ids
from pipit.topics.hub import Hub
from pipit.topics.me import Me
from pipit.topics.names import me_name
from pipit.topics.session import Session
from pipit.wire.replies import Pres

Owner = Callable[[str], Link | None]
"""The link to the gateway that owns a topic; None if that is this one, or nobody."""

FindSession = Callable[[str, int], Session | None]
NameSession = Callable[[Session], tuple[str, int]]


class Presences:
    """What this gateway tells the others about its users, and hears of theirs."""

    def __init__(
        self, hub: Hub, peers: Peers, owner: Owner, find: FindSession, name: NameSession
    ) -> None:
        self.hub = hub
        self.peers = peers
        self._owner = owner
        self._find = find
        self._name = name

    # -- telling -----------------------------------------------------------------------------------

    def me_changed(self, me: Me) -> None:
        """Tells all gateways about a `me` of this one."""
        self.peers.tell_all(self._describe(me))

    def tell_all_to(self, link: Link) -> None:
        """Tells a gateway that has just been linked about everybody."""
        for me in list(self.hub.online.values()):
            if isinstance(me, Me):
                link.send(self._describe(me))

    def _describe(self, me: Me) -> msg.Presence:
        here = self.hub.online.get(me.user) is me
        return msg.Presence(me.user, here, me.listening, [self._name(s) for s in me.sessions])

    def partners_moved(self, me: Me, what: str, agent: str | None) -> None:
        """Tells partners whose `me` is elsewhere, also those who seem to be offline: they may be
        coming online at this moment.
        """
        topics = (n for n, k in me.contacts.items() if k.mode & access.PRESENCE)
        partners = ((n, me_name(ids.p2p_peer(n, me.user))) for n in topics if n.startswith("p2p"))
        for link, names in self._by_owner(partners).items():
            link.send(msg.PartnerMoved(me.user, what, agent, names))

    def tell_me(self, user: str, message: msg.Message) -> None:
        """Sends a message to the owner of a user's `me`."""
        link = self._owner(me_name(user))
        if link is not None:
            link.send(message)

    def passed_on(self, me: Me, sessions: list[Session]) -> None:
        """The `me` goes to another gateway; its sessions are reached as before meanwhile."""
        names = [self._name(session) for session in sessions]
        presence = msg.Presence(me.user, True, me.listening, names)
        self.hub.online[me.user] = self._elsewhere("", presence)

    # -- hearing -----------------------------------------------------------------------------------

    def heard(self, link: Link, message: msg.Presence) -> None:
        """A user's `me` elsewhere has changed."""
        known = self.hub.online.get(message.user)
        if isinstance(known, Me):
            return  # that is older than what is known here
        if message.here:
            self.hub.online[message.user] = self._elsewhere(link.peer, message)
        elif isinstance(known, Elsewhere) and known.owner == link.peer:
            del self.hub.online[message.user]

    def _elsewhere(self, owner: str, presence: msg.Presence) -> Elsewhere:
        user = Elsewhere(self.tell_me, owner, presence)
        self._find_sessions(user)
        return user

    def _find_sessions(self, user: Elsewhere) -> None:
        found = (self._find(member, number) for member, number in user.names)
        user.sessions = [session for session in found if session is not None]

    def links_changed(self, lost: Link | None = None) -> None:
        """A link is new, or gone: sessions behind it can be reached now, or not any more."""
        for name, user in list(self.hub.online.items()):
            if not isinstance(user, Elsewhere):
                continue
            if lost is not None and user.owner == lost.peer:
                del self.hub.online[name]
            else:
                self._find_sessions(user)

    def forget_strays(self, moved: set[int], owners: list[str]) -> None:
        """Forgets users whose `me` is not where it was, and did not come up elsewhere."""
        for name, user in list(self.hub.online.items()):
            slot = slot_of(me_name(name))
            if isinstance(user, Elsewhere) and slot in moved and user.owner != owners[slot]:
                del self.hub.online[name]

    def partner_moved(self, link: Link, message: msg.PartnerMoved) -> None:
        """A user elsewhere came online, or went."""
        pres = Pres("me", message.what, src=message.user, ua=message.agent)
        for topic in message.topics:
            me = self.hub.online.get(ids.p2p_peer(topic, message.user))
            if isinstance(me, Me):
                me.partner_moved(topic, pres)

    def contact_moved(self, link: Link, message: msg.ContactMoved) -> None:
        """A conversation of a user came online, or went."""
        me = self.hub.online.get(message.user)
        if isinstance(me, Me):
            me.contact_online(message.topic, Pres("me", message.what, src=message.name))

    def access_known(self, link: Link, message: msg.AccessKnown) -> None:
        """A user's access to a conversation has changed."""
        me = self.hub.online.get(message.user)
        if not isinstance(me, Me):
            return
        if message.mode is None:
            me.access_ended(message.topic)
        else:
            me.access_known(message.topic, message.name, message.mode, message.reader)

    # -- asking ------------------------------------------------------------------------------------

    def owners_of(self, user: str, topics: Iterable[str]) -> dict[Link, list[str]]:
        """Whom to ask whether these are online: a group's owner, or that of the partner's `me`."""
        return self._by_owner((topic, self.deciding(topic, user)) for topic in topics)

    def deciding(self, topic: str, user: str) -> str:
        """What decides whether a conversation is online: a group, or the partner's `me`."""
        return me_name(ids.p2p_peer(topic, user)) if topic.startswith("p2p") else topic

    def _by_owner(self, topics: Iterable[tuple[str, str]]) -> dict[Link, list[str]]:
        found: dict[Link, list[str]] = {}
        for topic, owned in topics:
            link = self._owner(owned)
            if link is not None:
                found.setdefault(link, []).append(topic)
        return found

    def shown(self, question: msg.Shown) -> list[str]:
        """Which conversations of a user, of those here, are online for that user."""
        return [topic for topic in question.topics if self._is_shown(topic, question.user)]

    def _is_shown(self, topic: str, user: str) -> bool:
        if topic.startswith("p2p"):
            partner = self.hub.online.get(ids.p2p_peer(topic, user))
            return partner is not None and partner.shows(topic)
        return self.hub.group_is_online(topic)
