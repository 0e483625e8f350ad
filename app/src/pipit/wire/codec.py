"""Text of a frame to a request, a reply to the text of a frame."""

from collections.abc import Sequence

import msgspec

from pipit.wire.replies import Ctrl, Data, Info, MetaPart, Pres, Reply
from pipit.wire.requests import Extra, Packet, Request

_VERBS = tuple(name for name in Packet.__struct_fields__ if name != "extra")
_packets = msgspec.json.Decoder(Packet)
_encoder = msgspec.json.Encoder()
_OPENINGS: dict[type, bytes] = {
    Ctrl: b'{"ctrl":',
    Data: b'{"data":',
    MetaPart: b'{"meta":',
    Pres: b'{"pres":',
    Info: b'{"info":',
}


class Malformed(ValueError):
    """A frame is no request of the protocol."""


def decode(text: str | bytes) -> tuple[Request, Extra | None]:
    """The request in a frame.

    Raises Malformed for text that is not one JSON object with a known verb and fields of the right
    type.
    """
    try:
        # msgspec does not look into what it keeps as Raw: bytes are checked by decoding them first
        packet = _packets.decode(text if isinstance(text, str) else text.decode())
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise Malformed(str(fault)) from None
    for verb in _VERBS:
        request: Request | None = getattr(packet, verb)
        if request is not None:
            return request, packet.extra
    raise Malformed(f"no verb; known are {', '.join(v.rstrip('_') for v in _VERBS)}")


def encode(reply: Reply) -> bytes:
    """A reply as the JSON text of one frame."""
    return _OPENINGS[type(reply)] + _encoder.encode(reply) + b"}"


class Frames:
    """Packets, encoded once, that any number of sessions may share.

    Long polling takes them one by one; a WebSocket takes `wire`, all of them as text frames
    (RFC 6455, 5.2: FIN, no mask).
    """

    __slots__ = ("packets", "wire")

    def __init__(self, *packets: bytes) -> None:
        self.packets: Sequence[bytes] = packets
        self.wire = b"".join([text_header(len(packet)) + packet for packet in packets])

    @classmethod
    def of(cls, *replies: Reply) -> "Frames":
        """The frames of some replies, in order."""
        return cls(*map(encode, replies))


def text_header(length: int) -> bytes:
    """The header of an unmasked, unfragmented text frame with a payload of `length` bytes."""
    if length < 126:
        return bytes((0x81, length))
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2)
    return b"\x81\x7f" + length.to_bytes(8)
