"""Access modes: eight bits, written as letters in a fixed order (protocol.md, section 5.1)."""

from functools import lru_cache

JOIN = 1
READ = 2
WRITE = 4
PRESENCE = 8
APPROVE = 16
SHARE = 32
DELETE = 64
OWNER = 128

NONE = 0
LETTERS = "JRWPASDO"


@lru_cache(maxsize=1024)
def parse(text: str) -> int:
    """The mode that absolute letters name, in any order; `N` is no access.

    Raises ValueError for an unknown letter, a sign (`+P`), an empty text, or `N` beside others.
    """
    if text == "N":
        return NONE
    mode = 0
    for letter in text:
        at = LETTERS.find(letter)
        if at < 0:
            raise ValueError(f"access mode {text!r}: letters of {LETTERS}, or N")
        mode |= 1 << at
    if not mode:
        raise ValueError(f"access mode is empty: letters of {LETTERS}, or N")
    return mode


@lru_cache(maxsize=256)
def text(mode: int) -> str:
    """The letters of a mode, in the protocol's order."""
    return "".join(letter for at, letter in enumerate(LETTERS) if mode >> at & 1) or "N"


@lru_cache(maxsize=4096)
def delta(old: int, new: int) -> str:
    """What changed, as signed groups such as `+RW-D`; empty when nothing did.

    Absolute where there was no access before or is none after, as clients expect (protocol.md,
    5.1).
    """
    if old != new and not (old and new):
        return text(new)
    gained, lost = new & ~old, old & ~new
    plus = "+" + text(gained) if gained else ""
    return plus + ("-" + text(lost) if lost else "")


P2P_LIMIT = JOIN | READ | WRITE | PRESENCE | APPROVE | DELETE
"""Bits that a side of a chat of two can hold; A is always kept in."""

ME = JOIN | PRESENCE | SHARE
SELF = JOIN | READ | WRITE | DELETE | OWNER
FULL = 255
USER_AUTH = FULL & ~OWNER
P2P_DEFAULT = P2P_LIMIT
GROUP_AUTH = JOIN | READ | WRITE | PRESENCE | SHARE
CHANNEL_AUTH = READ | WRITE | PRESENCE | SHARE
READER = JOIN | READ | PRESENCE


def for_p2p(mode: int) -> int:
    """A mode as a side of a chat of two may hold it: masked, with A always there."""
    return mode & P2P_LIMIT | APPROVE
