"""WebSocket frames (RFC 6455), as far as a load client needs them: no fragments, no extensions."""

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
FIN, MASKED = 0x80, 0x80
_MASK = bytes.fromhex("5a17c3e9")  # any key will do; one key makes frames that can be built once


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return the one masked frame that carries `payload` from a client."""
    head = bytes((FIN | opcode,)) + _length(len(payload), MASKED)
    return head + _MASK + _masked(payload)


def server_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return the one unmasked frame that carries `payload` from a server."""
    return bytes((FIN | opcode,)) + _length(len(payload), 0) + payload


def split_frames(buffer: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Cut received bytes into (opcode, payload) of the whole frames, and the unfinished rest."""
    frames = []
    start, end = 0, len(buffer)
    while end - start >= 2:
        body, size = start + 2, buffer[start + 1]
        if size >= 126:
            body += 2 if size == 126 else 8
            if body > end:
                break
            size = int.from_bytes(buffer[start + 2 : body])
        if body + size > end:
            break
        frames.append((buffer[start] & 0x0F, buffer[body : body + size]))
        start = body + size
    return frames, buffer[start:]


def _length(size: int, mask_bit: int) -> bytes:
    if size < 126:
        return bytes((mask_bit | size,))
    if size < 65536:
        return bytes((mask_bit | 126,)) + size.to_bytes(2)
    return bytes((mask_bit | 127,)) + size.to_bytes(8)


def _masked(payload: bytes) -> bytes:
    key = (_MASK * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(len(payload))
