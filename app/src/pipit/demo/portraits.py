"""Faces of the cast, drawn with a dozen shapes each."""

from collections.abc import Callable

from pipit.demo.canvas import Canvas
from pipit.demo.cast import Look

SIDE = 128
"""Pixels; the apps show portraits no larger."""

INK = "2b2320"
LIPS = "a24b45"


def portrait(look: Look) -> bytes:
    """A PNG of at most 3 KB, so that as base64 it stays below the 4 KB kept in a profile."""
    canvas = Canvas(SIDE, SIDE, look.background)
    behind, top = STYLES[look.style]
    behind(canvas, look)
    _body(canvas, look)
    _head(canvas, look)
    if look.beard:
        canvas.ellipse(50, 54, 20, 22, look.hair, below=56)
        canvas.ellipse(50, 50, 15, 14, look.skin)
    top(canvas, look)
    _face(canvas, look)
    return canvas.png()


def _body(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 108, 37, 30, look.shirt)
    canvas.ellipse(50, 76, 10, 10, look.skin)
    canvas.rectangle(42, 60, 16, 17, look.skin)


def _head(canvas: Canvas, look: Look) -> None:
    for side in (-1, 1):
        canvas.ellipse(50 + side * 21, 50, 4, 6, look.skin)
    canvas.ellipse(50, 48, 21, 26, look.skin)


def _face(canvas: Canvas, look: Look) -> None:
    for side in (-1, 1):
        x = 50 + side * 9
        if look.glasses:
            canvas.ellipse(x, 49, 7, 7, INK)
            canvas.ellipse(x, 49, 5.6, 5.6, "f4f8fa")
        canvas.ellipse(x, 49, 2.3, 2.9, INK)
        canvas.rectangle(x - 4, 40, 8, 1.6, INK)
    if look.glasses:
        canvas.rectangle(47, 47.6, 6, 1.6, INK)
    canvas.ellipse(50, 61, 7, 5.5, LIPS, below=61)


# -- hair: what is behind the head, and what lies on it --------------------------------------------


def _nothing(canvas: Canvas, look: Look) -> None:
    """Bald."""


def _cap(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 42, 23, 23, look.hair, above=37)
    canvas.ellipse(62, 36, 13, 8, look.hair, above=40)


def _fringe(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 42, 23, 23, look.hair, above=36)
    for side in (-1, 1):
        canvas.ellipse(50 + side * 21, 46, 5, 16, look.hair)


def _curls(canvas: Canvas, look: Look) -> None:
    for x, y in ((32, 38), (34, 28), (43, 22), (54, 21), (64, 27), (68, 37), (48, 29), (58, 30)):
        canvas.ellipse(x, y, 8.5, 8.5, look.hair)


def _flowing(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 46, 28, 30, look.hair)
    canvas.rectangle(22, 46, 56, 40, look.hair)


def _round(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 48, 28, 28, look.hair)


def _knot(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 17, 10, 9, look.hair)


def _tail(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(76, 44, 11, 24, look.hair)


def _cloth(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 52, 31, 36, look.hair)
    canvas.ellipse(50, 84, 30, 16, look.hair)


def _scarf(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 52, 27, 31, look.hair)
    canvas.ellipse(50, 50, 18, 22, look.skin)
    canvas.ellipse(50, 86, 24, 12, look.hair)


def _wrap(canvas: Canvas, look: Look) -> None:
    canvas.ellipse(50, 34, 25, 21, "c8553d", above=39)
    canvas.ellipse(50, 27, 20, 13, "e0a458", above=30)


STYLES: dict[str, tuple[Callable[[Canvas, Look], None], Callable[[Canvas, Look], None]]] = {
    "bald": (_nothing, _nothing),
    "short": (_nothing, _cap),
    "bob": (_round, _fringe),
    "long": (_flowing, _fringe),
    "bun": (_knot, _fringe),
    "ponytail": (_tail, _cap),
    "curly": (_nothing, _curls),
    "scarf": (_cloth, _scarf),
    "wrap": (_nothing, _wrap),
}
