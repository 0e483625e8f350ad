"""Passwords on the command line: typed, read from standard input, or made up."""

import getpass
import secrets
import sys

from pipit.gateway.operations import OperationError

CONSONANTS = "bdfghjklmnprstvz"
VOWELS = "aeiou"
SYLLABLES = 8
"""Of 16 x 5 each: 50 bits, far more than anybody can guess at an argon2id hash a try."""


def generated(shortest: int) -> str:
    """A new password that can be read out and typed: `bidu-kalo-remi-tove`."""
    syllables = max(SYLLABLES, (shortest + 1) // 2)
    letters = "".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(syllables))
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def asked(*, from_stdin: bool) -> str:
    """A password that somebody types twice, or the first line of standard input.

    Raises OperationError if there is nobody to type it, or the two differ.
    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise OperationError("no password: give --password-stdin or --generate")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise OperationError("the two passwords differ")
    return password
