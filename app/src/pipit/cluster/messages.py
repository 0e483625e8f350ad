"""What gateways tell each other: MessagePack arrays (msgspec), many in one frame.

A client is named by the member id of its gateway and a number that is unique there. Topics have
their internal names. `packet` is the JSON text of one packet of the wire protocol.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

# -- getting to know each other --------------------------------------------------------------------


class Challenge(Struct, array_like=True, tag=0):
    """The first word of who is called: prove that you know the secret."""

    nonce: bytes


class Hello(Struct, array_like=True, tag=1):
    """The caller: who it is, the proof, and a challenge in return."""

    member: str
    proof: bytes
    nonce: bytes


class Welcome(Struct, array_like=True, tag=2):
    """The last step: the proof of who was called."""

    proof: bytes


class Ping(Struct, array_like=True, tag=3):
    """A sign of life."""


class Changed(Struct, array_like=True, tag=4):
    """The leases in Redis are others than before."""


# -- from a client's gateway to a topic's owner ----------------------------------------------------


class Open(Struct, array_like=True, tag=10):
    """Who a client is; said before its first packet, and when its agent changes."""

    number: int
    user: str
    level: int
    version: str
    agent: str


class Packet(Struct, array_like=True, tag=11):
    """A packet of a client. `counts`: it is neither a message nor a note; see Rested.

    `heard`: how often the sender was told HandedOver through this link, before it sent this.
    """

    number: int
    packet: str
    counts: bool
    heard: int


class Resume(Struct, array_like=True, tag=12):
    """A client was attached to these topics elsewhere, and has all messages up to these numbers."""

    number: int
    topics: list[tuple[str, int]]
    heard: int


class Gone(Struct, array_like=True, tag=13):
    """A client's connection broke."""

    number: int


# -- from a topic's owner to a client's gateway ----------------------------------------------------


class Send(Struct, array_like=True, tag=20):
    """Packets for some clients."""

    numbers: list[int]
    packets: list[bytes]


class Attached(Struct, array_like=True, tag=21):
    """A client is attached to a topic, and has its messages up to a number."""

    number: int
    topic: str
    seq: int


class Detached(Struct, array_like=True, tag=22):
    """A client is attached no more."""

    number: int
    topic: str


class Committed(Struct, array_like=True, tag=23):
    """All attached clients were sent a topic's messages up to a number, as far as they may read."""

    topic: str
    seq: int


class Rested(Struct, array_like=True, tag=24):
    """So many of a client's requests are done; messages and notes do not count."""

    number: int
    requests: int


class Close(Struct, array_like=True, tag=25):
    """End a client's connection."""

    number: int


class HandedOver(Struct, array_like=True, tag=26):
    """Nothing comes from the topics of these slots any more; ask their next owner."""

    slots: list[int]


# -- between topics --------------------------------------------------------------------------------


class Presence(Struct, array_like=True, tag=30):
    """A user's `me`: whether it follows who is online, and its sessions (member id, number).

    Without sessions, and not `here`, the user is offline.
    """

    user: str
    here: bool
    listening: bool
    sessions: list[tuple[str, int]]


class PartnerMoved(Struct, array_like=True, tag=31):
    """A user came online ("on") or went ("off"), for the others of these chats of two."""

    user: str
    what: str
    agent: str | None
    topics: list[str]


class ContactMoved(Struct, array_like=True, tag=32):
    """To a user's `me`: a conversation came online ("on") or went ("off")."""

    user: str
    topic: str
    what: str
    name: str


class AccessKnown(Struct, array_like=True, tag=33):
    """To a user's `me`: the access to a conversation; `mode` None: it is none of the user's now."""

    user: str
    topic: str
    name: str
    mode: int | None
    reader: bool


class ProfileChanged(Struct, array_like=True, tag=34):
    """A user has another profile; `sid` is the session that changed it."""

    user: str
    member: str
    number: int


# -- questions, and their answers ------------------------------------------------------------------


class Shown(Struct, array_like=True, tag=40):
    """Which of these conversations show themselves online to a user?"""

    user: str
    topics: list[str]


class Marks(Struct, array_like=True, tag=41):
    """How far has a user read these topics? [topic, read, recv] of those in memory."""

    user: str
    topics: list[str]


class Drain(Struct, array_like=True, tag=42):
    """Answered when what a client was sent has left."""

    number: int


class Destroy(Struct, array_like=True, tag=43):
    """Delete a topic; members but one are told."""

    topic: str
    untold: str


class Bereave(Struct, array_like=True, tag=44):
    """Take a deleted user out of a topic."""

    topic: str
    user: str


Question = Shown | Marks | Drain | Destroy | Bereave


class Ask(Struct, array_like=True, tag=50):
    """A question."""

    call: int
    question: Question


class Answer(Struct, array_like=True, tag=51):
    """The answer to it, or (`fault`) why there is none."""

    call: int
    result: Any
    fault: str | None


Message = (
    Challenge | Hello | Welcome | Ping | Changed
    | Open | Packet | Resume | Gone
    | Send | Attached | Detached | Committed | Rested | Close | HandedOver
    | Presence | PartnerMoved | ContactMoved | AccessKnown | ProfileChanged
    | Ask | Answer
)  # fmt: skip

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[Any]] = msgspec.msgpack.Decoder(list[Message])


def encode(messages: list[Message]) -> bytes:
    """Messages as the bytes of one frame."""
    return _encoder.encode(messages)


def decode(frame: bytes | memoryview) -> list[Message]:
    """The messages of a frame. Raises msgspec.DecodeError."""
    return _decoder.decode(frame)
