"""A message's way: checked, numbered, stored with others, and only then acknowledged and sent to
all.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import msgspec
from msgspec import UNSET, Raw

from pipit.accounts.levels import ROOT
from pipit.bus.events import MessageStored
from pipit.core import access, clock
from pipit.store.base import StoreError
from pipit.store.records import FileUse, Message
from pipit.topics import announcing
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.codec import Frames, encode
from pipit.wire.replies import Ctrl, Data, Pres
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation

log = logging.getLogger(__name__)
_REPLACE = re.compile(r"[^:]*:(\d{1,15})")


@dataclass(slots=True)
class Pending:
    """A message on its way to the store, and who waits for the answer."""

    session: Session
    request: rq.Pub
    message: Message


def publish(
    topic: Conversation, session: Session, request: rq.Pub, extra: rq.Extra | None
) -> Awaitable[None] | None:
    """Takes a message; a coroutine is returned where the store must be asked first."""
    if extra is not None and extra.obo:
        _refuse_obo(session, request)
    part = topic.sessions.get(session)
    if part is None:
        raise Refused(status.ATTACH_FIRST)
    if not part.mode & access.WRITE:
        raise Refused(status.DENIED)
    head = request.head or {}
    head.pop("sender", None)
    if "webrtc" in head:
        topic.check_call(session, head)
    files = extra.attachments if extra is not None else None
    if "replace" in head or files:
        return _publish_checked(topic, session, request, files or ())
    accept(topic, session, request)
    return None


def _refuse_obo(session: Session, request: rq.Pub) -> NoReturn:
    """Nobody writes in another's name; the protocol lets operators, which is not built."""
    if session.level == ROOT:
        raise Refused(status.NOT_IMPLEMENTED)
    request.id = None  # as the recorded server answers it
    raise Refused(status.DENIED)


async def _publish_checked(
    topic: Conversation, session: Session, request: rq.Pub, files: Sequence[str]
) -> None:
    if request.head and "replace" in request.head:
        await check_replace(topic, session.user, request.head["replace"])
    linked = await topic.hub.readable_files(session.user, files)
    message = accept(topic, session, request)
    if linked:  # queued right behind the message, so that both are committed together
        await topic.hub.store.link_files([FileUse(f, topic.name, message.seq) for f in linked])


async def check_replace(topic: Conversation, user: str, target: object) -> None:
    """An edit must be of one's own message.

    A name of no message at all is let through as recorded from a real server: clients pass over it.
    Raises Refused: 400 unless it is text (anything else crashes clients), 403 for another's
    message.
    """
    if not isinstance(target, str):
        raise Refused(status.MALFORMED)
    match = _REPLACE.fullmatch(target)
    message = await topic.hub.store.message(topic.name, int(match[1])) if match else None
    if message is not None and message.sender != user:
        raise Refused(status.DENIED)


def accept(topic: Conversation, session: Session, request: rq.Pub) -> Message:
    """Numbers a message and hands it to the store; the answer follows the commit."""
    if topic.failing:
        raise Refused(status.UNAVAILABLE)
    content = b"null" if request.content is UNSET else bytes(request.content)
    head = msgspec.json.encode(request.head, order="sorted") if request.head else None
    message = Message(topic.name, topic.seq + 1, clock.now_ms(), session.user, content, head)
    topic.hub.store.append(message)  # which may refuse it: nothing is changed then
    topic.seq += 1
    topic.pending.append(Pending(session, request, message))
    return message


def committed(topic: Conversation, messages: Sequence[Message], error: StoreError | None) -> None:
    """The store has kept these messages, the next ones in order, or (error) has not."""
    done = [topic.pending.popleft() for _ in messages]
    if error is not None:
        _failed(topic, done, error)
    else:
        topic.record.seq, topic.record.touched = messages[-1].seq, messages[-1].ts
        _mark_senders(topic, done)
        _fan_out(topic, done)
        _announce(topic, done)
        _tell_modules(topic, messages)


def _failed(topic: Conversation, done: Sequence[Pending], error: StoreError) -> None:
    """Nothing of what is under way can be numbered on top of a message that is not there."""
    log.warning("%d messages were not stored: %s", len(done), error)
    topic.failing = True
    for entry in done:
        entry.session.reply(status.UNAVAILABLE, entry.request.id, entry.request.topic)


def _mark_senders(topic: Conversation, done: Sequence[Pending]) -> None:
    """Who writes has read: the own marks jump to the new number."""
    for entry in done:
        part = topic.parts.get(entry.message.sender)
        if part is not None:
            part.sub.read = part.sub.recv = entry.message.seq
            topic.hub.mark_changed(part.sub)


def _fan_out(topic: Conversation, done: Sequence[Pending]) -> None:
    senders = {entry.session for entry in done}
    shared = announcing.Shared(*(_builder(entry.message) for entry in done))
    for session, part in topic.sessions.items():
        if session not in senders and part.sub.want & part.sub.given & access.READ:
            session.send(shared.named(topic.view(part)))
    for sender in senders:
        _answer_sender(topic, sender, done)


def _answer_sender(topic: Conversation, session: Session, done: Sequence[Pending]) -> None:
    """The acknowledgement of a message goes before the message itself."""
    part = topic.sessions.get(session)
    reads = part is not None and part.may(access.READ)
    name = next(entry.request.topic or "" for entry in done if entry.session is session)
    packets: list[bytes] = []
    for entry in done:
        own = entry.session is session
        if own and entry.request.id is not None:
            packets.append(_acknowledgement(entry, name))
        if reads and not (own and entry.request.noecho):
            packets.append(encode(_builder(entry.message)(name)))
    session.send(Frames(*packets))


def _acknowledgement(entry: Pending, name: str) -> bytes:
    code, text = status.ACCEPTED
    params = {"seq": entry.message.seq}
    return encode(Ctrl(code, text, clock.text(entry.message.ts), entry.request.id, name, params))


def _builder(message: Message) -> announcing.Build:
    return lambda name: data_packet(name, message)


def data_packet(name: str, message: Message) -> Data:
    """A message as its receiver sees it; readers of a channel are not told who wrote it."""
    sender = None if name.startswith("chn") else message.sender
    head = Raw(message.head) if message.head is not None else None
    return Data(name, message.seq, clock.text(message.ts), Raw(message.content), sender, head)


def _announce(topic: Conversation, done: Sequence[Pending]) -> None:
    """Members who are online but not in the topic learn that there is something new."""
    writers = {entry.message.sender for entry in done}
    need = access.PRESENCE | access.READ
    news = (_news(entry.message) for entry in done)
    announcing.to_me(topic, topic.parts.values(), *news, need=need, but=writers)
    for user in writers & topic.parts.keys():
        builds = (_news(entry.message, reader=user) for entry in done)
        announcing.to_me(topic, [topic.parts[user]], *builds, need=need)


def _news(message: Message, reader: str = "") -> announcing.Build:
    """Without `act` there is nothing to read for one's own devices (protocol.md, 11, 12)."""
    act = message.sender if message.sender != reader else None
    return lambda name: Pres("me", "msg", src=name, seq=message.seq, act=act)


def _tell_modules(topic: Conversation, messages: Sequence[Message]) -> None:
    for message in messages:
        head = Raw(message.head or b"null")
        topic.hub.bus.publish(
            MessageStored(
                message.ts, topic.name, message.seq, message.sender, head, Raw(message.content)
            )
        )
