"""Pictures to send."""

import random
import struct
import zlib
from pathlib import Path

from playwright.sync_api import FilePayload

from pipit.demo.pictures import picture

PIPIT = Path(__file__).parents[2] / "web/icons/pipit-512.png"
"""15 KB: the web app sends it inside of the message."""


def scene(name: str) -> FilePayload:
    """One of the demo's pictures."""
    return {"name": f"{name}.png", "mimeType": "image/png", "buffer": picture(name).png}


def noise(side: int = 400) -> FilePayload:
    """A square picture of 3 bytes a pixel, which do not compress: the web app uploads it."""
    rows = random.Random(side)
    raw = b"".join(b"\0" + rows.randbytes(3 * side) for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    )
    return {"name": "noise.png", "mimeType": "image/png", "buffer": png}


def chunk(kind: bytes, body: bytes) -> bytes:
    """A part of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
