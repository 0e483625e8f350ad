"""A user who is online and whose `me` another gateway owns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipit.cluster import messages as msg
from pipit.topics.session import Session
from pipit.wire.codec import Frames
from pipit.wire.replies import Pres

Tell = Callable[[str, msg.Message], None]
"""Sends a message to the owner of a user's `me`, if it can be reached."""


class Elsewhere:
    """Honours `topics.others.Online`. `owner` is the member id of who owns the `me`, `names` the
    sessions as members and numbers, `sessions` those of them that can be reached from here.
    """

    __slots__ = ("_tell", "listening", "names", "owner", "sessions", "user")

    def __init__(self, tell: Tell, owner: str, presence: msg.Presence) -> None:
        self._tell = tell
        self.owner = owner
        self.user = presence.user
        self.listening = presence.listening
        self.names = presence.sessions
        self.sessions: Sequence[Session] = ()

    def shows(self, name: str) -> bool:
        """Unknown here; who comes online asks (`Others.shown`)."""
        return False

    def partner_moved(self, name: str, pres: Pres) -> None:
        """Told to many at once (`Others.partners_moved`)."""

    def contact_online(self, name: str, pres: Pres) -> None:
        """A conversation came online, or went."""
        self._tell(self.user, msg.ContactMoved(self.user, name, pres.what, pres.src or name))

    def access_known(self, name: str, view: str, mode: int, reader: bool) -> None:
        """The user's access to a conversation is this."""
        self._tell(self.user, msg.AccessKnown(self.user, name, view, mode, reader))

    def access_ended(self, name: str) -> None:
        """A conversation is none of the user's any more."""
        self._tell(self.user, msg.AccessKnown(self.user, name, "", None, False))

    def send(self, frames: Frames, skip: Session | None = None) -> None:
        """Sends to all sessions but one: straight to their gateways."""
        for session in self.sessions:
            if session is not skip:
                session.send(frames)
