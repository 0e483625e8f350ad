"""Pictures that the cast sends, and those of its groups."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pipit.demo.canvas import Canvas

WIDTH, HEIGHT = 480, 320


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with its size in pixels."""

    name: str
    png: bytes
    width: int
    height: int


def picture(name: str) -> Picture:
    """A picture by its name in SCENES."""
    canvas = Canvas(WIDTH, HEIGHT, "ffffff")
    SCENES[name](canvas)
    return Picture(f"{name}.png", canvas.png(), WIDTH, HEIGHT)


def emblem(name: str) -> bytes:
    """The picture of a group by its name in EMBLEMS: a PNG of at most 3 KB."""
    background, draw = EMBLEMS[name]
    canvas = Canvas(96, 96, background)
    draw(canvas)
    return canvas.png()


# -- scenes, 150 wide and 100 high -----------------------------------------------------------------


def _harbour(canvas: Canvas) -> None:
    """The sun goes down behind boats."""
    for at, shade in enumerate(("3b3a6b", "6a4a82", "a85a86", "dd7a6e", "f3a55c", "f9c96a")):
        canvas.rectangle(0, at * 10, 150, 11, shade)
    canvas.ellipse(98, 58, 13, 13, "fff0b8")
    canvas.rectangle(0, 60, 150, 40, "2f4a6d")
    random = Random(7)  # noqa: S311  # glitter, no secret
    for _ in range(60):
        x, y = random.uniform(70, 126), random.uniform(61, 98)
        canvas.rectangle(x, y, random.uniform(2, 9), 0.7, "f3b36a")
    for x, y, size in ((30, 70, 1.0), (58, 66, 0.6), (128, 74, 1.3)):
        _boat(canvas, x, y, size)


def _boat(canvas: Canvas, x: float, y: float, size: float) -> None:
    hull = [(-12, 0), (12, 0), (8, 6), (-8, 6)]
    canvas.polygon([(x + a * size, y + b * size) for a, b in hull], "1d2233")
    sail = [(0, -26), (0, -2), (11, -2)]
    canvas.polygon([(x + a * size, y + b * size) for a, b in sail], "f4ead8")
    canvas.rectangle(x - 0.6 * size, y - 28 * size, 1.2 * size, 28 * size, "1d2233")


def _moth(canvas: Canvas) -> None:
    """An elephant hawk-moth on a window."""
    canvas.rectangle(0, 0, 150, 100, "20303c")
    canvas.rectangle(0, 78, 150, 22, "6b4a33")
    for side in (-1, 1):
        fore = [(75, 40), (75 + side * 46, 22), (75 + side * 38, 50), (75, 58)]
        canvas.polygon(fore, "8f8a3c")
        canvas.polygon([(75, 44), (75 + side * 44, 27), (75 + side * 41, 35), (75, 51)], "d96c8a")
        canvas.ellipse(75 + side * 15, 60, 15, 9, "d96c8a")
        canvas.polygon([(75, 34), (75 + side * 9, 20), (75 + side * 10, 20), (76, 35)], "e8dcb8")
    canvas.ellipse(75, 56, 6, 20, "a9a04a")
    canvas.ellipse(75, 56, 2, 18, "d96c8a")
    canvas.ellipse(75, 36, 6, 6, "8f8a3c")


def _wheel(canvas: Canvas) -> None:
    """A wheel that is not round."""
    canvas.rectangle(0, 0, 150, 100, "d8d2c4")
    canvas.rectangle(0, 84, 150, 16, "8a7f6d")
    canvas.ellipse(75, 48, 42, 37, "22262b")
    canvas.ellipse(75, 48, 38, 33, "aab2b8")
    canvas.ellipse(75, 48, 36, 31, "d8d2c4")
    for x, y in ((0, 31), (18, 27), (31, 15), (36, 0), (31, -15), (18, -27)):
        spoke = [(75 - x, 48 - y), (76 - x, 48 - y), (76 + x, 48 + y), (75 + x, 48 + y)]
        canvas.polygon(spoke, "5d666e")
    canvas.ellipse(75, 48, 5, 5, "22262b")


def _bread(canvas: Canvas) -> None:
    """A loaf, a little too dark."""
    canvas.rectangle(0, 0, 150, 100, "efe4d2")
    canvas.rectangle(0, 66, 150, 34, "b98d5e")
    canvas.ellipse(75, 60, 50, 26, "6f431f")
    canvas.ellipse(75, 56, 47, 22, "a0632c")
    for x in (48, 66, 84, 102):
        canvas.polygon([(x - 6, 62), (x + 4, 42), (x + 7, 43), (x - 2, 64)], "e9c48a")


def _seedlings(canvas: Canvas) -> None:
    """Beans on a window sill."""
    canvas.rectangle(0, 0, 150, 70, "bfe0f0")
    canvas.rectangle(0, 70, 150, 30, "f2ead9")
    for x in (28, 60, 92, 122):
        tall = 18 + (x * 7) % 17
        canvas.polygon([(x - 11, 62), (x + 11, 62), (x + 8, 84), (x - 8, 84)], "bd6b43")
        canvas.rectangle(x - 0.8, 62 - tall, 1.6, tall, "4d8a3d")
        canvas.ellipse(x - 6, 62 - tall, 6, 3, "63a84e")
        canvas.ellipse(x + 6, 60 - tall, 6, 3, "63a84e")


SCENES: dict[str, Callable[[Canvas], None]] = {
    "harbour": _harbour,
    "moth": _moth,
    "wheel": _wheel,
    "bread": _bread,
    "seedlings": _seedlings,
}


# -- emblems, 100 x 100 ----------------------------------------------------------------------------


def _pencil(canvas: Canvas) -> None:
    canvas.polygon([(24, 66), (62, 28), (74, 40), (36, 78)], "f0b33c")
    canvas.polygon([(24, 66), (36, 78), (18, 84)], "f2d9b8")
    canvas.polygon([(20, 78), (24, 82), (18, 84)], "2b2320")
    canvas.polygon([(62, 28), (70, 20), (82, 32), (74, 40)], "d96c6c")


def _bicycle(canvas: Canvas) -> None:
    for x in (28, 72):
        canvas.ellipse(x, 62, 19, 19, "f7f3ea")
        canvas.ellipse(x, 62, 15, 15, "2f6b5a")
    for corners in (
        [(28, 61), (44, 36), (47, 37), (31, 63)],
        [(44, 36), (64, 36), (64, 39), (46, 39)],
        [(62, 30), (65, 30), (74, 62), (70, 62)],
        [(28, 60), (48, 60), (48, 64), (28, 64)],
        [(46, 62), (63, 37), (66, 39), (49, 64)],
        [(58, 27), (70, 27), (70, 30), (58, 30)],
        [(38, 33), (50, 33), (50, 36), (38, 36)],
    ):
        canvas.polygon(corners, "f7f3ea")


def _house(canvas: Canvas) -> None:
    canvas.polygon([(16, 50), (50, 20), (84, 50)], "a8443a")
    canvas.rectangle(24, 50, 52, 32, "f6e7cf")
    canvas.rectangle(44, 60, 13, 22, "6b4a33")
    canvas.rectangle(29, 57, 10, 10, "8fc1dd")
    canvas.rectangle(62, 57, 10, 10, "8fc1dd")


def _book(canvas: Canvas) -> None:
    canvas.polygon([(16, 30), (50, 38), (50, 78), (16, 70)], "fbf6ea")
    canvas.polygon([(84, 30), (50, 38), (50, 78), (84, 70)], "e8dfca")
    for y in (42, 50, 58):
        canvas.polygon([(22, y), (44, y + 5), (44, y + 7), (22, y + 2)], "9aa7b8")
        canvas.polygon([(78, y), (56, y + 5), (56, y + 7), (78, y + 2)], "9aa7b8")


EMBLEMS: dict[str, tuple[str, Callable[[Canvas], None]]] = {
    "pencil": ("3d6f9e", _pencil),
    "bicycle": ("2f6b5a", _bicycle),
    "house": ("9cc4a0", _house),
    "book": ("27496d", _book),
}
"""Background and drawing."""
