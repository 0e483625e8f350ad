"""Names of users, topics and files.

A user or group is 64 random bits, written as 11 letters of base64url behind a prefix: `usr…`,
`grp…`. Random, so that names tell nothing of how many there are and cannot be walked through. A
chat of two has one internal name, `p2p` + both ids in order; each side sees the other's `usr…`
name. A channel is a group; its readers see the same letters behind `chn`.
"""

import base64
import binascii
import re
import secrets
from functools import lru_cache

ID_BYTES = 8
ID_LETTERS = 11
_ZERO = bytes(ID_BYTES)

FILE_ADDRESS = "/v0/file/s/"
"""What stands before a file's id in its address; an extension may follow it."""

_FILE_ID = "[A-Za-z0-9_-]{22}"
FILE_ID = re.compile(_FILE_ID)
FILE_URL = re.compile(rf"{FILE_ADDRESS}({_FILE_ID})(?:\.[A-Za-z0-9]*)?")
FILE_URL_IN_JSON = re.compile((FILE_ADDRESS.replace("/", r"\\?/") + f"({_FILE_ID})").encode())
"""Some encoders put a backslash before each slash."""


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(letters: str) -> bytes | None:
    """The bytes that `letters` stand for, or None unless they are their one canonical spelling."""
    try:
        raw = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if _encode(raw) == letters else None


def _new(prefix: str) -> str:
    while (raw := secrets.token_bytes(ID_BYTES)) == _ZERO:
        pass
    return prefix + _encode(raw)


def new_user_id() -> str:
    """A fresh `usr…` name."""
    return _new("usr")


def new_group_name() -> str:
    """A fresh `grp…` name."""
    return _new("grp")


def new_file_id() -> str:
    """A fresh file id: 128 random bits, 22 letters, since whoever holds the address may try it."""
    return secrets.token_urlsafe(16)


@lru_cache(maxsize=16384)
def is_user_id(name: str) -> bool:
    """Whether `name` is a well-formed `usr…` name (not whether such a user exists)."""
    raw = _decode(name[3:]) if name.startswith("usr") else None
    return raw is not None and len(raw) == ID_BYTES and raw != _ZERO


def p2p_name(one: str, other: str) -> str:
    """The internal name of the chat of two users, the same whichever comes first."""
    low, high = sorted((one[3:], other[3:]))
    return f"p2p{low}{high}"


def p2p_users(name: str) -> tuple[str, str]:
    """Both users of a `p2p…` name."""
    return "usr" + name[3 : 3 + ID_LETTERS], "usr" + name[3 + ID_LETTERS :]


def p2p_peer(name: str, user: str) -> str:
    """The other user of a `p2p…` name."""
    low = name[3 : 3 + ID_LETTERS]
    return "usr" + (name[3 + ID_LETTERS :] if user[3:] == low else low)


def slf_name(user: str) -> str:
    """The internal name of a user's topic of saved messages."""
    return "slf" + user[3:]


def as_group(name: str) -> str:
    """`chn…` or `grp…` as the internal `grp…` name."""
    return "grp" + name[3:]


def as_channel(name: str) -> str:
    """`grp…` or `chn…` as its readers see it."""
    return "chn" + name[3:]


def user_bytes(user: str) -> bytes:
    """The 8 bytes behind a `usr…` name. Raises ValueError if it is none."""
    raw = _decode(user[3:])
    if raw is None or len(raw) != ID_BYTES:
        raise ValueError(f"{user!r} is no user id")
    return raw


def user_id(raw: bytes) -> str:
    """The `usr…` name of 8 bytes."""
    return "usr" + _encode(raw)
