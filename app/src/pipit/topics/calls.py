"""Signalling of voice and video calls between two (protocol.md, section 10.3). Media go from device
to device.

A call is a message with the head `webrtc: started`; its number names the call. How it went on is
told by further messages that replace the first, written here in the caller's name, as clients
expect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pipit.core import access, clock
from pipit.store.records import Message
from pipit.topics import announcing, publishing
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.codec import Frames
from pipit.wire.replies import Info
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.p2p import P2P

RELAYED = ("ringing", "offer", "answer", "ice-candidate")


@dataclass(slots=True)
class Call:
    """A call that rings or goes on. `accepted`: when (ms); `timeout` ends the ringing."""

    seq: int
    caller: str
    head: dict[str, Any]
    content: bytes
    timeout: asyncio.TimerHandle
    accepted: int | None = None


class Scribe(Session):
    """Writes messages in somebody's name; nobody listens to its answers."""

    def send(self, frames: Frames) -> None:
        """Nobody is there."""


def check_start(topic: P2P, session: Session, head: dict[str, Any]) -> None:
    """A client may only start a call, the service writes the rest. Raises Refused: 400, 501."""
    if not topic.hub.settings.calls.ice_servers:
        raise Refused(status.NOT_IMPLEMENTED)
    if head["webrtc"] != "started":
        raise Refused(status.MALFORMED)


def started(topic: P2P, messages: Sequence[Message]) -> None:
    """Looks for calls among committed messages: the callee's devices ring, or the caller hears
    `busy`.
    """
    for message in messages:
        if message.head is not None and b'"webrtc":"started"' in message.head:
            _ring(topic, message, msgspec.json.decode(message.head))


def _ring(topic: P2P, message: Message, head: dict[str, Any]) -> None:
    caller, seq = message.sender, message.seq
    if topic.call is not None:
        _write(topic, caller, seq, head, message.content, "busy")
        return
    loop = asyncio.get_running_loop()
    timer = loop.call_later(topic.hub.settings.calls.timeout, end, topic, "missed")
    topic.call = Call(seq, caller, head, message.content, timer)
    announcing.to_me(
        topic,
        [topic.parts[topic.peers[caller]]],
        lambda name: Info("me", "call", caller, src=name, seq=seq, event="invite"),
        everywhere=True,
    )


def event(topic: P2P, session: Session, request: rq.Note) -> Awaitable[None] | None:
    """Passes an event of the present call to the other side; any other is dropped in silence."""
    call, part = topic.call, topic.active_part(session.user)
    if call is None or part is None or request.seq != call.seq or not part.may(access.WRITE):
        return None
    if request.event == "accept" and session.user != call.caller and call.accepted is None:
        _accept(topic, session, call, request)
    elif request.event == "hang-up":
        _relay(topic, session, request)
        end(topic, _outcome(call, session.user))
    elif request.event in RELAYED:
        _relay(topic, session, request)
    return None


def _accept(topic: P2P, session: Session, call: Call, request: rq.Note) -> None:
    call.accepted = clock.now_ms()
    call.timeout.cancel()
    _write(topic, call.caller, call.seq, call.head, call.content, "accepted")
    _relay(topic, session, request)
    user = session.user
    announcing.to_me(  # the callee's other devices stop ringing
        topic,
        [topic.parts[user]],
        lambda name: Info("me", "call", user, src=name, seq=call.seq, event="accept"),
        skip=session,
        everywhere=True,
    )


def _outcome(call: Call, user: str) -> str:
    if call.accepted is not None:
        return "finished"
    return "missed" if user == call.caller else "declined"


def _relay(topic: P2P, session: Session, request: rq.Note) -> None:
    user, what, payload = session.user, request.event, request.payload
    peer = topic.peers[user]
    seq = request.seq or 0
    announcing.to_attached(
        topic,
        lambda name: Info(name, "call", user, seq=seq, event=what, payload=payload),
        only=peer,
    )
    announcing.to_me(
        topic,
        [topic.parts[peer]],
        lambda name: Info("me", "call", user, src=name, seq=seq, event=what, payload=payload),
    )


def end(topic: P2P, outcome: str) -> None:
    """The call is over; how it went is written into the chat."""
    call, topic.call = topic.call, None
    if call is None:
        return
    call.timeout.cancel()
    more = {}
    if call.accepted is not None:
        more["webrtc-duration"] = clock.now_ms() - call.accepted
    _write(topic, call.caller, call.seq, call.head | more, call.content, outcome)


def _write(
    topic: P2P, caller: str, seq: int, head: dict[str, Any], content: bytes, state: str
) -> None:
    """A message that replaces the call's first one, in the caller's name."""
    scribe = Scribe("call", "")
    scribe.user = caller
    head = head | {"webrtc": state, "replace": f":{seq}"}
    publishing.accept(
        topic, scribe, rq.Pub(topic=topic.peers[caller], head=head, content=msgspec.Raw(content))
    )
