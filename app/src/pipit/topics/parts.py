"""Somebody's part in a conversation, in memory."""

from __future__ import annotations

from functools import lru_cache

from pipit.core import access
from pipit.store.records import Json, Member, Subscription
from pipit.wire.replies import Acs


class Part:
    """A subscription, the user's profile as others see it, and how many of the user's sessions are
    attached.
    """

    __slots__ = ("online", "public", "sub", "trusted", "user_updated")

    def __init__(self, member: Member) -> None:
        self.sub: Subscription = member.sub
        self.public: Json = member.public
        self.trusted: Json = member.trusted
        self.user_updated = member.user_updated
        self.online = 0

    @property
    def user(self) -> str:
        """Whose part it is."""
        return self.sub.user

    @property
    def mode(self) -> int:
        """What the user may do here; nothing after having left."""
        return self.sub.want & self.sub.given if self.sub.deleted is None else access.NONE

    def may(self, bits: int) -> bool:
        """Whether the mode holds all of the bits."""
        return self.mode & bits == bits

    @property
    def admin(self) -> bool:
        """Whether the user may manage others."""
        return bool(self.mode & (access.APPROVE | access.OWNER))


@lru_cache(maxsize=4096)
def acs_of(want: int, given: int) -> Acs:
    """Two modes in letters, and what they have in common."""
    return Acs(access.text(want), access.text(given), access.text(want & given))
