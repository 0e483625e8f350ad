"""Accounts: made, recognised, changed, suspended, deleted. Needs a store and a bus, no gateway.

What cannot be done is raised as Refused with what the client is to be told; where a rule was
broken, its `__cause__` is an exception with a sentence for the operator's terminal.
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec.structs import replace

from pipit.accounts import basic, levels
from pipit.accounts.credentials import Credentials
from pipit.accounts.passwords import Hasher
from pipit.accounts.standing import Standing, Standings
from pipit.accounts.tokens import GENERATIONS, Claim, Tokens
from pipit.bus.base import Bus
from pipit.bus.control import StandingChanged
from pipit.bus.events import AccountChanged
from pipit.config import Settings
from pipit.core import access, clock, ids, tags
from pipit.core.merge import merge
from pipit.store.base import Duplicate, Store
from pipit.store.records import LoginRecord, User, UserState
from pipit.wire import status
from pipit.wire.requests import Credential
from pipit.wire.status import Refused

T = TypeVar("T")

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody turned out to be.

    `pending`: methods (`email`) to be confirmed before they may go on.
    """

    user: str
    level: int
    pending: tuple[str, ...] = ()


@dataclass(slots=True)
class NewAccount:
    """What an account is to be. `login` None: anonymous, known only by its token.

    `public`, `private`, `trusted` are JSON values.
    """

    login: str | None = None
    password: str = ""
    level: int = levels.AUTHENTICATED
    public: Any = None
    private: Any = None
    trusted: Any = None
    defacs_auth: int = access.USER_AUTH
    defacs_anon: int = access.NONE
    tags: Sequence[str] = ()
    credentials: Sequence[Credential] = ()


class Accounts:
    """All that is done with accounts; one per process."""

    def __init__(self, settings: Settings, store: Store, bus: Bus, token_key: bytes) -> None:
        rules = settings.accounts
        self.settings = rules
        self.store = store
        self.bus = bus
        self.hasher = Hasher(rules.hash_memory_kib, rules.hash_time, rules.hash_workers)
        self.tokens = Tokens(token_key)
        self.standings = Standings()
        self.credentials = Credentials(settings, store, bus, token_key)
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        """Gets ready; the store is open already."""
        await self.standings.load(self.store)

    async def close(self) -> None:
        """Lets mails out and ends the hashing threads; the store is closed later."""
        await self.credentials.close()
        self.hasher.close()

    async def refresh_standings(self) -> list[str]:
        """Reads all standings anew; whose changed elsewhere. Raises StoreError."""
        async with self._changing:
            rows = await self.store.standings()
            return [
                user
                for user, generation, state in rows
                if self.standings.learn(user, Standing(generation, state))
            ]

    @property
    def reserved(self) -> tuple[str, ...]:
        """Prefixes of tags that only the server gives."""
        return (*tags.RESERVED, *(f"{method}:" for method in self.credentials.methods))

    # -- who somebody is --------------------------------------------------------------------------

    def by_token(self, token: bytes | None) -> Identity:
        """Whose token it is, without asking the store.

        Raises Refused: 400 if it is too short, 401 if it does not hold (any more), 403 if the
        account is suspended, 404 if it was deleted.
        """
        claim = self.tokens.read(token, int(time.time()))
        self._refuse_ended(claim.user)
        if claim.generation != self._generation(claim.user) % GENERATIONS:
            raise Refused(status.AUTH_FAILED)
        pending = self.credentials.methods if claim.unconfirmed else ()
        return Identity(claim.user, claim.level, pending)

    async def by_password(self, login: str, password: str) -> Identity:
        """Whose login and password these are.

        Raises Refused: 401 if they are nobody's, 403 for a suspended account, 503 if too many wait.
        """
        record = await self.store.find_login(basic.SCHEME, login)
        if record is None:
            await self.hasher.verify(None, password)
            raise Refused(status.AUTH_FAILED)
        generation = self._generation(record.user)
        if not await self.hasher.verify(record.secret, password):
            raise Refused(status.AUTH_FAILED)
        if self.hasher.outdated(record.secret):
            await self._rehash(record, password)
        return await self._known(record.user, generation)

    async def by_code(self, method: str, value: str, code: str) -> Identity:
        """Whose reset code it is; it is used up. Raises Refused: 401, 403."""
        user = await self.credentials.by_code(method, value, code)
        if user is None:
            raise Refused(status.AUTH_FAILED)
        return await self._known(user, self._generation(user))

    async def validate(self, who: Identity, answers: Sequence[Credential]) -> Identity:
        """The same after codes were given; wrong ones stay pending. Raises Refused (401, 409)."""
        generation = self._generation(who.user)
        for answer in answers:
            if answer.meth and answer.resp:
                await self.credentials.confirm(who.user, answer.meth, answer.resp)
        return await self._known(who.user, generation)

    def token(self, who: Identity) -> tuple[bytes, int]:
        """A new token and when it expires, in milliseconds since 1970.

        As long as something is pending it only serves to confirm that.
        """
        expires = int(time.time()) + self.settings.token_days * DAY_SECONDS
        generation = self._generation(who.user)
        claim = Claim(who.user, expires, generation, who.level, bool(who.pending))
        return self.tokens.sign(claim), expires * 1000

    # -- changes ----------------------------------------------------------------------------------

    async def create(self, new: NewAccount) -> User:
        """Makes an account.

        Raises Refused: 400 for a bad alias, 403 for reserved tags, 409 for a login or alias that is
        taken, 422 for a login, password or address against the rules, 503 if too many wait.
        """
        now = clock.now_ms()
        user = User(
            ids.new_user_id(),
            created=now,
            updated=now,
            level=new.level,
            defacs_auth=new.defacs_auth,
            defacs_anon=new.defacs_anon,
            public=merge(None, new.public),
            trusted=merge(None, new.trusted),
            private=merge(None, new.private),
            tags=self._first_tags(new),
        )
        credentials = self.credentials.at_signup(user.id, new.credentials)
        login = await self._first_login(user.id, new.login, new.password)
        with _duplicates_refused():
            await self.store.create_user(user, login, credentials)
        self.credentials.send_codes(user.id)
        self._tell(user.id, "created")
        return user

    async def find(self, login: str) -> str | None:
        """The user of a login name."""
        record = await self.store.find_login(basic.SCHEME, login.lower())
        return record.user if record else None

    def check_change(self, login: str, password: str) -> None:
        """Raises Refused (422) if `change_login` would. An empty login keeps the present one."""
        if login:
            self._check_login(login)
        self._check_password(password)

    async def change_login(self, user: str, login: str, password: str) -> None:
        """Sets the password and, unless empty, the login name; all earlier tokens end.

        Raises Refused: 403 for an account without a login, 409 if the name is taken, 422, 503.
        """
        self.check_change(login, password)
        secret = await self.hasher.hash(password)
        await self._to_the_end(self._replace_login(user, login, secret))

    async def suspend(self, user: str) -> bool:
        """Ends the account's tokens and refuses its logins until `restore`.

        False if it was so already. Raises Refused (404).
        """
        return await self._to_the_end(self._set_state(user, "susp", "suspended"))

    async def restore(self, user: str) -> bool:
        """Lets a suspended account log in again, with its password.

        False if it could already. Raises Refused (404).
        """
        return await self._to_the_end(self._set_state(user, "ok", "restored"))

    async def delete(self, user: str) -> None:
        """Erases the account; what it owns is deleted by the caller, before."""
        await self._to_the_end(self._delete(user))

    # -- inside -----------------------------------------------------------------------------------

    def _generation(self, user: str) -> int:
        return self.standings.of(user).generation

    def _refuse_ended(self, user: str) -> None:
        match self.standings.of(user).state:
            case "del":
                raise Refused(status.USER_NOT_FOUND)
            case "susp":
                raise Refused(status.DENIED)

    async def _known(self, user: str, generation: int) -> Identity:
        """Whom a proof showed, unless the account's tokens were ended since it was begun."""
        account = await self.store.load_user(user)
        pending = await self.credentials.pending(user)
        self._refuse_ended(user)
        if account is None or generation != self._generation(user):
            raise Refused(status.AUTH_FAILED)
        return Identity(user, account.level, pending)

    async def _rehash(self, record: LoginRecord, password: str) -> None:
        """Stores the password under today's hash settings, unless too many wait."""
        with contextlib.suppress(Refused):
            new = replace(record, secret=await self.hasher.hash(password))
            await self._to_the_end(self._replace_secret(record, new))

    async def _replace_secret(self, old: LoginRecord, new: LoginRecord) -> None:
        if await self.store.login_of(old.user, old.scheme) == old:
            await self.store.save_login(new)

    def _first_tags(self, new: NewAccount) -> list[str]:
        try:
            kept = tags.normalize(new.tags, tags.TagLimits())
        except ValueError as fault:
            raise Refused(status.MALFORMED, {"what": "tags"}) from fault
        if tags.reserved(kept, self.reserved):
            raise Refused(status.DENIED, {"what": "tags"})
        return sorted([*kept, *([_login_tag(new.login)] if new.login else [])])

    async def _first_login(self, user: str, login: str | None, password: str) -> LoginRecord | None:
        if login is None:
            return None
        self._check_login(login)
        self._check_password(password)
        return LoginRecord(user, basic.SCHEME, login, await self.hasher.hash(password))

    def _check_login(self, login: str) -> None:
        try:
            basic.check_login(login, self.settings.login_min)
        except ValueError as fault:
            raise Refused(status.POLICY, {"what": "auth"}) from fault

    def _check_password(self, password: str) -> None:
        try:
            basic.check_password(password, self.settings.password_min)
        except ValueError as fault:
            raise Refused(status.POLICY) from fault

    async def _to_the_end(self, change: Coroutine[Any, Any, T]) -> T:
        """Makes a change, after those asked before, even if nobody waits for it any more.

        Given up half way, it would leave the standings in memory behind the store.
        """

        async def made() -> T:
            async with self._changing:
                return await change

        return await asyncio.shield(made())

    async def _replace_login(self, user: str, login: str, secret: str) -> None:
        old = await self.store.login_of(user, basic.SCHEME)
        account = await self.store.load_user(user)
        if old is None or account is None:
            raise Refused(status.DENIED)
        name = login or old.login
        with _duplicates_refused():
            await self.store.save_login(LoginRecord(user, basic.SCHEME, name, secret))
        kept = set(account.tags) - {_login_tag(old.login)}
        await self._end_tokens(account, tags=sorted({*kept, _login_tag(name)}))
        self._tell(user, "password")

    async def _set_state(self, user: str, state: UserState, what: str) -> bool:
        account = await self.store.load_user(user)
        if account is None:
            raise Refused(status.USER_NOT_FOUND)
        if account.state == state:
            return False
        account.state = state
        await self._end_tokens(account, state=state)
        self._tell(user, what)
        return True

    async def _delete(self, user: str) -> None:
        await self.store.delete_user(user, clock.now_ms())
        self._change_standing(user, Standing(self._generation(user), "del"))
        self._tell(user, "deleted")

    async def _end_tokens(self, account: User, **changes: Any) -> None:
        """Stores changes of an account, and that tokens made before are over."""
        generation = self._generation(account.id) + 1
        await self.store.update_user(account.id, token_gen=generation, **changes)
        self._change_standing(account.id, Standing(generation, account.state))

    def _change_standing(self, user: str, standing: Standing) -> None:
        """Notes what was committed, here and in all other processes."""
        self.standings.put(user, standing)
        self.bus.broadcast(StandingChanged(user, standing.generation, standing.state))

    def _tell(self, user: str, what: str) -> None:
        self.bus.publish(AccountChanged(clock.now_ms(), user, what))


def _login_tag(login: str) -> str:
    return f"{basic.SCHEME}:{login}"


@contextlib.contextmanager
def _duplicates_refused() -> Iterator[None]:
    try:
        yield
    except Duplicate as duplicate:
        what = {"login": "auth", "credential": "cred"}.get(duplicate.what, duplicate.what)
        raise Refused(status.DUPLICATE, {"what": what}) from duplicate
