"""A connection between two gateways: one for each pair, for everything, in order.

What is sent within a tick of the event loop leaves in one frame (4 bytes of length, then the
messages), which arrives whole or not at all. Both sides prove that they know the cluster's key,
which never travels; what follows is not encrypted.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import secrets
from collections import Counter
from typing import Any, cast

import msgspec

from pipit.cluster import messages as msg
from pipit.store.base import Unavailable
from pipit.wire.codec import Frames

log = logging.getLogger(__name__)

MOST_WAITING = 64 * 2**20
"""Bytes that may wait for a gateway that does not read, before the link is cut."""

MOST_BYTES = 2**30
MOST_BYTES_OF_STRANGERS = 1024
ANSWER_SECONDS = 3.0
"""A question is given up then: within the time that clients wait for an answer."""


class Hooks:
    """What a link tells: what was received, that it is ready, and that it is gone."""

    def opened(self, link: Link) -> None:
        """Both sides know each other."""
        raise NotImplementedError

    def received(self, link: Link, message: msg.Message) -> None:
        """A message, but for answers."""
        raise NotImplementedError

    def lost(self, link: Link) -> None:
        """An open link is gone; what was sent last may have arrived or not."""
        raise NotImplementedError


class Link(asyncio.Protocol):
    """One end of a connection. `peer` is the other's member id, "" until it has proven itself.

    `known` is done when it has, or the connection is gone. `quiet` counts the ticks of the
    heartbeat since anything came, `heard` how often the other handed over, `fed` its clients at
    each of this gateway's topics.
    """

    def __init__(self, hooks: Hooks, me: str, key: bytes, calls: str = "") -> None:
        self.hooks = hooks
        self.me = me
        self.key = key
        self.expected = calls
        self.peer = ""
        self.quiet = 0
        self.fed: Counter[str] = Counter()
        self.heard = self._handed = 0
        self._handed_at: dict[int, int] = {}
        self._nonce = secrets.token_bytes(32)
        self._loop = asyncio.get_running_loop()
        self.known: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._batch: list[msg.Message] = []
        self.last_frames: Frames | None = None
        self.last_numbers: list[int] = []
        self._calls = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    # -- sending -----------------------------------------------------------------------------------

    def send(self, message: msg.Message) -> None:
        """Queues a message; it leaves at the end of the tick."""
        self.last_frames = None
        self._queue(message)

    def send_to(self, number: int, frames: Frames) -> None:
        """Queues packets for a client; the same ones for several clients travel once: as long as
        they are the `last_frames`, further numbers join the `last_numbers`.
        """
        if frames is self.last_frames:
            self.last_numbers.append(number)
            return
        self.last_frames, self.last_numbers = frames, [number]
        self._queue(msg.Send(self.last_numbers, list(frames.packets)))

    def hand_over(self, slots: list[int]) -> None:
        """Says that nothing comes from the topics of these slots any more."""
        self._handed += 1
        self._handed_at.update(dict.fromkeys(slots, self._handed))
        self.send(msg.HandedOver(slots))

    def is_late(self, slot: int, heard: int) -> bool:
        """Whether the other side, when it sent something for a slot, did not know yet that its
        clients there are attached no more. `heard`: what it had heard by then (`Link.heard`).
        """
        return heard < self._handed_at.get(slot, 0)

    async def ask(self, question: msg.Question, seconds: float = ANSWER_SECONDS) -> Any:
        """The answer of the other side. Raises Unavailable, also if there is none in time."""
        if self._transport is None:
            raise Unavailable(f"gateway {self.peer} is gone")
        call = next(self._calls)
        future = self._waiting[call] = self._loop.create_future()
        self.send(msg.Ask(call, question))
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            raise Unavailable(f"gateway {self.peer} does not answer") from None
        finally:
            self._waiting.pop(call, None)

    def close(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _queue(self, message: msg.Message) -> None:
        if not self._batch:
            self._loop.call_soon(self._flush)
        self._batch.append(message)

    def _flush(self) -> None:
        batch, self._batch, self.last_frames = self._batch, [], None
        transport = self._transport
        if not batch or transport is None or transport.is_closing():
            return
        frame = msg.encode(batch)
        transport.write(len(frame).to_bytes(4) + frame)
        if transport.get_write_buffer_size() > MOST_WAITING:
            log.warning("link to %s cut: it reads too slowly", self.peer)
            transport.abort()

    # -- for the transport -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; who was called speaks first."""
        self._transport = cast(asyncio.Transport, transport)
        if not self.expected:
            self.send(msg.Challenge(self._nonce))

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._transport = None
        self._knows()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Unavailable(f"gateway {self.peer} is gone"))
        if self.peer:
            self.hooks.lost(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of the other side: any number of frames, the last one perhaps in part."""
        self.quiet = 0
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= 4:
            size = int.from_bytes(self._buffer[start : start + 4])
            if size > (MOST_BYTES if self.peer else MOST_BYTES_OF_STRANGERS):
                return self._refuse("a frame is too long")
            end = start + 4 + size
            if len(self._buffer) < end:
                break
            self._frame_received(bytes(self._buffer[start + 4 : end]))
            start = end
        del self._buffer[:start]

    def _frame_received(self, frame: bytes) -> None:
        try:
            batch = msg.decode(frame)
        except msgspec.DecodeError as fault:
            return self._refuse(f"what it says is not understood: {fault}")
        for message in batch:
            if isinstance(message, msg.Answer):
                self._answered(message)
            elif self.peer:
                self._handle(message)
            else:
                self._get_to_know(message)

    def _handle(self, message: msg.Message) -> None:
        """One message that goes wrong must not take others, or the link, with it."""
        try:
            self.hooks.received(self, message)
        except Exception:
            log.exception("%s from %s failed", type(message).__name__, self.peer)

    def _answered(self, answer: msg.Answer) -> None:
        future = self._waiting.get(answer.call)
        if future is None or future.done():
            return
        if answer.fault is None:
            future.set_result(answer.result)
        else:
            future.set_exception(Unavailable(answer.fault))

    # -- getting to know each other ----------------------------------------------------------------

    def _get_to_know(self, message: msg.Message) -> None:
        match message:
            case msg.Challenge(nonce) if self.expected:
                self.send(msg.Hello(self.me, self._prove(b"calls", nonce, self.me), self._nonce))
            case msg.Hello(member, proof, nonce) if not self.expected:
                if not hmac.compare_digest(proof, self._prove(b"calls", self._nonce, member)):
                    return self._refuse("it does not know this cluster's key")
                self.send(msg.Welcome(self._prove(b"called", nonce, self.me)))
                self._flush()  # alone: what follows may be too long for a stranger's frame
                self._open(member)
            case msg.Welcome(proof) if self.expected:
                due = self._prove(b"called", self._nonce, self.expected)
                if not hmac.compare_digest(proof, due):
                    return self._refuse("it does not know this cluster's key")
                self._open(self.expected)
            case _:
                self._refuse("it does not say who it is")

    def _prove(self, role: bytes, nonce: bytes, member: str) -> bytes:
        """Role and name are part of it, so that no proof serves elsewhere."""
        return hmac.digest(self.key, b"\0".join((role, nonce, member.encode())), "sha256")

    def _open(self, peer: str) -> None:
        self.peer = peer
        self._knows()
        self.hooks.opened(self)

    def _knows(self) -> None:
        if not self.known.done():
            self.known.set_result(None)

    def _refuse(self, why: str) -> None:
        log.warning("link with %s ended: %s", self.peer or self.expected or "a stranger", why)
        self._buffer.clear()
        self.close()
