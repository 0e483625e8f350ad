"""The codes of six digits that prove who reads an address. Only their hashes are stored."""

import hmac
import secrets

from pipit.core import clock
from pipit.store.records import CredentialRecord

DIGITS = 6
TRIES = 5
LIFETIME_MS = 3_600_000


class Codes:
    """Makes and checks codes.

    Their hash is keyed, since all the million codes could be tried against a plain one in no time.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, record: CredentialRecord) -> str:
        """A new code for a credential; the record is changed so that it fits no other."""
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        record.code, record.tries, record.created = self._hash(record, code), 0, clock.now_ms()
        return code

    def usable(self, record: CredentialRecord) -> bool:
        """Whether a code was made that still may be tried.

        Its age counts in both directions: a clock without a battery is set back or far ahead.
        """
        age = abs(clock.now_ms() - record.created)
        return bool(record.code) and record.tries < TRIES and age < LIFETIME_MS

    def fits(self, record: CredentialRecord, code: str) -> bool:
        """Whether this is the record's code and still good. If not, it counts one more try."""
        if self.usable(record) and hmac.compare_digest(record.code, self._hash(record, code)):
            return True
        record.tries += 1
        return False

    def _hash(self, record: CredentialRecord, code: str) -> str:
        text = "\0".join((record.user, record.method, record.value, code))
        return hmac.digest(self._key, text.encode(), "sha256").hex()
