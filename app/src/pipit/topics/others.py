"""The other gateways of a cluster, and users whose `me` they own, as topics here see them.

A hub that is alone has no `others`: nothing here costs it more than a look at that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from pipit.topics.session import Session
from pipit.wire.codec import Frames
from pipit.wire.replies import Pres

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation
    from pipit.topics.me import Me


class Online(Protocol):
    """A user who is online: `Me`, or what is known here of a `me` that another gateway owns."""

    @property
    def sessions(self) -> Sequence[Session]:
        """The sessions that are attached to it."""

    @property
    def listening(self) -> bool:
        """Whether this user wants to see, and be seen, online."""

    def shows(self, name: str) -> bool:
        """Whether the other of a chat of two sees this user online."""

    def partner_moved(self, name: str, pres: Pres) -> None:
        """The other of a chat of two came online, or went."""

    def contact_online(self, name: str, pres: Pres) -> None:
        """A conversation came online ("on") or went ("off")."""

    def access_known(self, name: str, view: str, mode: int, reader: bool) -> None:
        """The user's access to a conversation is this."""

    def access_ended(self, name: str) -> None:
        """A conversation is none of the user's any more."""

    def send(self, frames: Frames, skip: Session | None = None) -> None:
        """Sends to all attached sessions but one."""


class Others(Protocol):
    """What a hub tells the other gateways, and asks them."""

    def owns(self, topic: str) -> bool:
        """Whether a topic belongs to this gateway."""

    def committed(self, topic: Conversation) -> None:
        """What was committed until now was sent to those attached."""

    def out_of_step(self, topic: Conversation) -> None:
        """The store holds messages of the topic that this gateway does not know."""

    def me_changed(self, me: Me) -> None:
        """A user came, went, has other sessions, or another wish to be seen."""

    def partners_moved(self, me: Me, what: str, agent: str | None) -> None:
        """A user came ("on") or went ("off"), for partners whose `me` is elsewhere."""

    async def shown(self, me: Me, topics: Iterable[str]) -> set[str]:
        """Which of a user's conversations, of those elsewhere, are online."""

    async def marks(self, user: str, topics: Iterable[str]) -> dict[str, tuple[int, int]]:
        """How far a user has read and received topics that are in memory elsewhere."""

    def profile_changed(self, user: str, actor: Session) -> None:
        """A user has another profile."""

    async def destroy(self, topic: str, untold: str) -> None:
        """Deletes a topic of another gateway, as `Hub.destroy`. Raises Unavailable."""

    async def bereave(self, topic: str, user: str) -> None:
        """Takes a deleted user out of a topic of another gateway, as `Hub.bereave`. Raises
        Unavailable.
        """
