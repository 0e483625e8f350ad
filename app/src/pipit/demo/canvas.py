"""Drawing with a few flat shapes, and PNG files of it (libpng.org/pub/png/spec/1.2)."""

import struct
import zlib
from collections.abc import Sequence
from math import sqrt

Colour = tuple[int, int, int]

FINE = 3
"""Samples for each pixel in each direction, averaged at the end: soft edges."""


def colour(text: str) -> Colour:
    """A colour of six hexadecimal digits."""
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


class Canvas:
    """A picture of `width` x `height` pixels; shapes are given in hundredths of its height."""

    def __init__(self, width: int, height: int, background: str) -> None:
        self.width = width
        self.height = height
        self._palette = [colour(background)]
        self._rows = [bytearray(width * FINE) for _ in range(height * FINE)]
        self._unit = height * FINE / 100
        self._means: dict[tuple[int, ...], bytes] = {}

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, fill: str, *, below: float = -1e9,
        above: float = 1e9,
    ) -> None:  # fmt: skip
        """An ellipse around (x, y), or the part of it that lies between two heights."""
        shade = self._shade(fill)
        for at in range(len(self._rows)):
            height = (at + 0.5) / self._unit
            off = (height - y) / ry
            if below <= height <= above and abs(off) < 1:
                half = rx * sqrt(1 - off * off)
                self._fill(at, x - half, x + half, shade)

    def rectangle(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """A rectangle by its upper left corner."""
        self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], fill)

    def polygon(self, corners: Sequence[tuple[float, float]], fill: str) -> None:
        """A polygon without holes."""
        shade = self._shade(fill)
        sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
        for at in range(len(self._rows)):
            height = (at + 0.5) / self._unit
            cuts = sorted(
                x1 + (height - y1) * (x2 - x1) / (y2 - y1)
                for (x1, y1), (x2, y2) in sides
                if (y1 <= height) != (y2 <= height)
            )
            for left, right in zip(cuts[::2], cuts[1::2], strict=False):
                self._fill(at, left, right, shade)

    def png(self) -> bytes:
        """The picture as a PNG file of 8-bit RGB."""
        lines = b"".join(b"\0" + self._line(at) for at in range(self.height))
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)

    def _shade(self, fill: str) -> int:
        self._palette.append(colour(fill))
        return len(self._palette) - 1

    def _fill(self, row: int, left: float, right: float, shade: int) -> None:
        last = self.width * FINE
        begin, end = (min(max(round(x * self._unit), 0), last) for x in (left, right))
        self._rows[row][begin:end] = bytes((shade,)) * (end - begin)

    def _line(self, at: int) -> bytes:
        """One line of pixels, each the mean of its samples."""
        rows = self._rows[at * FINE : (at + 1) * FINE]
        planes = [row[offset::FINE] for row in rows for offset in range(FINE)]
        return b"".join(map(self._mean, zip(*planes, strict=True)))

    def _mean(self, samples: tuple[int, ...]) -> bytes:
        """The colour of a pixel; most are like one before."""
        mean = self._means.get(samples)
        if mean is None:
            shades = zip(*(self._palette[sample] for sample in samples), strict=True)
            mean = self._means[samples] = bytes(sum(shade) // len(samples) for shade in shades)
        return mean


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
