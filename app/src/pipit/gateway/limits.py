"""How much one may ask for, by account, address and session, so that nobody crowds out the others.

Who asks for more is answered 429 with the seconds to wait. Guessing passwords is slowed down for
the account and for the address. Nobody is shut out by others' guesses for ever: failures are
forgotten with time, tokens go on working, and where one has logged in before, one's attempts count
apart.
"""

import ipaddress
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial

from pipit.accounts.rates import Rate, too_many
from pipit.config import settings
from pipit.topics.session import Session
from pipit.wire import status
from pipit.wire.status import Refused

MINUTE, HOUR = 60.0, 3600.0
MOST_FAMILIAR = 10_000
KEY_LETTERS = 100
"""Of a name that somebody made up, no more is kept."""


class Limits:
    """Counts what is done. Methods return the seconds to wait, or 0.0 and it is counted."""

    def __init__(
        self, limits: settings.Limits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        rate = partial(Rate, clock=clock)
        self.enabled = limits.enabled
        self._connections_most = limits.connections_per_address
        self._connections: Counter[str] = Counter()
        self._logins_by_account = rate(limits.login_failures_per_hour_per_account, HOUR)
        self._logins_by_address = rate(limits.login_failures_per_hour_per_address, HOUR)
        self._familiar: dict[tuple[str, str], None] = {}
        self._signups = rate(limits.signups_per_hour_per_address, HOUR)
        self._uploads = rate(limits.uploads_per_minute_per_user, MINUTE)
        self._packets = rate(
            limits.packets_per_second_per_session, 1.0, limits.packet_burst_per_session
        )

    def packet(self, session: Session) -> float:
        """A request of a session."""
        return self._packets.take(session.sid) if self.enabled else 0.0

    def login(self, address: str, account: str) -> float:
        """An attempt to log in to an account. Counts as failed until `not_failed` takes it back."""
        if not self.enabled:
            return 0.0
        by_account, by_address = self._login_keys(address, account)
        if wait := self._logins_by_address.wait(by_address):
            return wait
        return self._logins_by_account.take(by_account) or self._logins_by_address.take(by_address)

    @contextmanager
    def guess(self, address: str, account: str) -> Iterator[None]:
        """Around an attempt to log in: 401 means a wrong guess. Raises Refused (429)."""
        if wait := self.login(address, account):
            raise too_many(wait)
        try:
            yield
        except Refused as refused:
            if refused.status.code != status.AUTH_FAILED.code:
                self.not_failed(address, account)
            raise
        self.logged_in(address, account)

    def not_failed(self, address: str, account: str) -> None:
        """The attempt was no wrong guess."""
        by_account, by_address = self._login_keys(address, account)
        self._logins_by_account.give_back(by_account)
        self._logins_by_address.give_back(by_address)

    def logged_in(self, address: str, account: str) -> None:
        """The attempt succeeded: from now on this address counts for itself at this account."""
        self.not_failed(address, account)
        self._familiar[(network(address), account[:KEY_LETTERS])] = None
        if len(self._familiar) > MOST_FAMILIAR:
            del self._familiar[next(iter(self._familiar))]

    def signup(self, address: str) -> float:
        """An attempt to make an account."""
        return self._signups.take(network(address)) if self.enabled else 0.0

    def upload(self, user: str) -> float:
        """A file that a user (of a sign-up: an address) wants to send."""
        return self._uploads.take(user) if self.enabled else 0.0

    def connect(self, address: str) -> bool:
        """Whether an address may open one more connection; then it counts until `disconnect`."""
        key = network(address)
        if self.enabled and self._connections[key] >= self._connections_most:
            return False
        self._connections[key] += 1
        return True

    def disconnect(self, address: str) -> None:
        """A connection that `connect` allowed is gone."""
        key = network(address)
        self._connections[key] -= 1
        if self._connections[key] <= 0:
            del self._connections[key]

    def _login_keys(self, address: str, account: str) -> tuple[object, str]:
        """The keys of account and address; a familiar address has one of its own at the account."""
        pair = (network(address), account[:KEY_LETTERS])
        return (pair if pair in self._familiar else pair[1]), pair[0]


@lru_cache(maxsize=8192)
def network(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 around an IPv6 one: one household."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))
