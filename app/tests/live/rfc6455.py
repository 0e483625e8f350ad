"""A WebSocket client that sends whatever it is told to, byte by byte if need be (RFC 6455).

For tests of how the server meets what no library would send. Everything blocks, at most PATIENCE
seconds.
"""

import base64
import hashlib
import json
import secrets
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

API_KEY = "AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"  # what the stock clients send
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
PATIENCE = 10.0
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def close_code(self) -> int:
        """The status of a close frame; 1005 if it has none (section 7.1.5)."""
        assert self.opcode == CLOSE, self
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else 1005


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True) -> bytes:
    """Returns a client's frame (section 5.2)."""
    head = header(opcode, len(payload), fin=fin, masked=masked)
    if not masked:
        return head + payload
    key = secrets.token_bytes(4)
    stream = key * (len(payload) // 4 + 1)
    mixed = int.from_bytes(payload) ^ int.from_bytes(stream[: len(payload)])
    return head + key + mixed.to_bytes(len(payload))


def header(opcode: int, length: int, *, fin: bool = True, masked: bool = True) -> bytes:
    """Returns a frame's header up to the masking key, whatever follows it."""
    first, mask = fin << 7 | opcode, masked << 7
    if length < 126:
        return struct.pack("!BB", first, mask | length)
    if length < 1 << 16:
        return struct.pack("!BBH", first, mask | 126, length)
    return struct.pack("!BBQ", first, mask | 127, length)


def handshake(url: str, changes: Mapping[str, str | None] | None = None) -> bytes:
    """Returns the opening request; `changes` replaces headers, or leaves one out by None."""
    parts = urlsplit(url)
    headers: dict[str, str | None] = {
        "Host": parts.netloc,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "X-Tinode-APIKey": API_KEY,
    }
    headers |= changes or {}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {parts.path} HTTP/1.1", *lines, "", ""]).encode()


def accept_of(key: str) -> str:
    """Returns the Sec-WebSocket-Accept that belongs to a key (section 4.2.2)."""
    digest = hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


class RawClient:
    """One TCP connection to the server, closed at the end of a `with`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def response(self) -> tuple[int, dict[str, str]]:
        """Reads the head of an HTTP response: its status, its headers in lower case."""
        status = int(self._stream.readline().split()[1])
        headers = {}
        while line := self._stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    def frame(self) -> Frame | None:
        """Reads the server's next frame; None at the end of the connection."""
        try:
            first, second = self._stream.read(2)
        except (ValueError, ConnectionResetError):
            return None
        length = second & 0x7F
        if length >= 126:
            size = 2 if length == 126 else 8
            length = int.from_bytes(self._stream.read(size))
        assert not second & 0x80, "a server must not mask (section 5.1)"
        return Frame(first & 0x0F, self._stream.read(length), bool(first & 0x80))

    def ctrl(self) -> dict[str, Any]:
        """Reads the server's next frame, which must be a {ctrl}."""
        answer = self.frame()
        assert answer, "the connection ended"
        assert answer.opcode == TEXT, answer
        ctrl: dict[str, Any] = json.loads(answer.payload)["ctrl"]
        return ctrl

    def close_code(self) -> int:
        """Reads the server's next frame, which must be a close frame; its status."""
        answer = self.frame()
        assert answer, "the connection ended without a close frame"
        return answer.close_code


def connected(url: str) -> RawClient:
    """Returns a client whose handshake is done."""
    client = RawClient(url)
    client.send(handshake(url))
    status, _ = client.response()
    assert status == 101
    return client
