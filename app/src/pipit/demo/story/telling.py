"""What a conversation of the demo is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["group", "channel", "chat", "notes"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation and its script. People are named by login.

    The first of `members` owns a group or channel, or opened the chat of two; `readers` follow a
    channel. `unread`: how many of the last messages somebody has not read yet.
    """

    kind: Kind
    members: tuple[str, ...]
    script: str
    title: str = ""
    note: str = ""
    emblem: str = ""
    tags: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
