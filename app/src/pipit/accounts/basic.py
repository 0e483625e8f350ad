"""The scheme `basic`: login name and password, sent as `login:password` (protocol.md, 3.1)."""

import unicodedata

from pipit.wire import status
from pipit.wire.status import Refused

SCHEME = "basic"
LOGIN_MAX = 32
_LOGIN_SIGNS = "._-+~'"


def split(secret: bytes | None) -> tuple[str, str]:
    """Login, in lower case, and password; either may be empty. Raises Refused (400)."""
    try:
        login, colon, password = (secret or b"").decode().partition(":")
    except UnicodeDecodeError:
        raise Refused(status.MALFORMED) from None
    if not colon:
        raise Refused(status.MALFORMED)
    return login.lower(), password


def check_login(login: str, shortest: int) -> None:
    """Raises ValueError, with a sentence, for what no account can be called."""
    if not shortest <= len(login) <= LOGIN_MAX:
        raise ValueError(f"login {login!r}: {shortest} to {LOGIN_MAX} characters")
    if not all(map(_fits_login, login)):
        raise ValueError(f"login {login!r}: letters, digits and {_LOGIN_SIGNS} only")


def check_password(password: str, shortest: int) -> None:
    """Raises ValueError, with a sentence, for one that is too short."""
    if len(password) < shortest:
        raise ValueError(f"the password is too short: at least {shortest} characters")


def _fits_login(character: str) -> bool:
    """Letters with their marks, and numbers, of any script (Unicode's categories L, M, N)."""
    return character in _LOGIN_SIGNS or unicodedata.category(character)[0] in "LMN"
