"""WebSocket frames (RFC 6455): aiohttp's parser, with its messages handed on at once.

aiohttp's WebSocketReader, compiled, does the framing; it puts messages into a queue. Ours passes
them on instead, in the very call, so that a session needs no task that waits for them.
"""

from __future__ import annotations

import logging
from typing import Any, Protocol

from aiohttp._websocket.models import WSMessageTextBytes
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http import WebSocketError, WebSocketReader, WSCloseCode, WSMessage, WSMsgType

log = logging.getLogger(__name__)


class ControlFrame:
    """A close, ping or pong of the server, with at most 125 bytes of payload (section 5.5)."""

    __slots__ = ("wire",)

    def __init__(self, kind: WSMsgType, payload: bytes = b"") -> None:
        self.wire = bytes((0x80 | kind, len(payload))) + payload


PING = ControlFrame(WSMsgType.PING)


def close_frame(code: int) -> ControlFrame:
    """Says why the connection ends (section 7.4)."""
    return ControlFrame(WSMsgType.CLOSE, code.to_bytes(2))


class Receiver(Protocol):
    """Who gets what was received."""

    def message_received(self, kind: WSMsgType, payload: Any) -> None:
        """A message: str for text, bytes for binary, ping, pong, the code (0: none) for close."""

    def framing_failed(self, code: int) -> None:
        """The peer broke the protocol; nothing more will be received. `code` says how."""


class FrameParser:
    """Bytes from a client in, messages out to a receiver."""

    __slots__ = ("_head", "_reader", "_receiver", "_skip")

    def __init__(self, receiver: Receiver, max_bytes: int) -> None:
        # The reader takes what is shorter than its limit.
        queue = _Handover(receiver)
        self._reader = WebSocketReader(queue, max_bytes + 1, compress=False, decode_text=True)
        self._receiver = receiver
        self._head = b""
        self._skip = 0

    def feed(self, data: bytes) -> None:
        """Takes what came; calls the receiver for every message that is whole now."""
        if self._masked(data):
            self._reader.feed_data(data)
        else:
            self._receiver.framing_failed(WSCloseCode.PROTOCOL_ERROR)

    def _masked(self, data: bytes) -> bool:
        """Whether all frames that begin here are masked, as a client's must be (section 5.1).

        The reader, made for both sides, does not look. `_skip` is what remains of the frame that
        began before `data`, `_head` a header that is not whole yet.
        """
        if self._head:
            data = self._head + data
        at, end = self._skip, len(data)
        while end - at >= 2:
            length = data[at + 1] - 128
            wide = 0 if length < 126 else 2 if length == 126 else 8
            if length < 0:
                return False
            if end - at < 2 + wide:
                break
            if wide:
                length = int.from_bytes(data[at + 2 : at + 2 + wide])
            at += 6 + wide + length
        self._head = data[at:]
        self._skip = max(0, at - end)
        return True


class _Handover(WebSocketDataQueue):
    """The queue that a reader fills; empty at all times, so the reader never stalls."""

    __slots__ = ("_receiver",)

    def __init__(self, receiver: Receiver) -> None:
        # Not super().__init__(): it makes the queue's buffers, 1 KB a session.
        self._receiver = receiver

    def feed_data(self, data: WSMessage | WSMessageTextBytes, size: int) -> None:
        self._receiver.message_received(data.type, data.data)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        if isinstance(exc, WebSocketError):
            self._receiver.framing_failed(exc.code)
        else:
            log.error("a message was not handled", exc_info=exc)
            self._receiver.framing_failed(WSCloseCode.INTERNAL_ERROR)

    def feed_eof(self) -> None:
        pass
