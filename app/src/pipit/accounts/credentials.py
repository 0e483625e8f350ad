"""E-mail addresses of accounts: confirmed by a code, found as tags, used to reset a password.

What confirms a credential is called a validator by the protocol (protocol.md, section 3.5). There
is one, for `email`, if the settings want it; credentials of other methods are accepted and ignored.
"""

import asyncio
import logging
import re
from collections.abc import Coroutine, Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from pipit.accounts.codes import Codes
from pipit.accounts.mail import Mailer
from pipit.accounts.rates import Rate, too_many
from pipit.bus.base import Bus
from pipit.bus.events import AccountChanged
from pipit.config import Settings
from pipit.core import clock, tags
from pipit.store.base import Duplicate, Store, StoreError
from pipit.store.records import CredentialRecord
from pipit.wire import status
from pipit.wire.replies import CredentialOut
from pipit.wire.requests import Credential
from pipit.wire.status import Refused

log = logging.getLogger(__name__)

EMAIL = "email"
MOST = 8
"""Credentials of one account."""

GRACE = 5.0
"""Seconds that mails under way get when the service ends."""

_ADDRESS = re.compile(r"[^@\s:,;<>()\[\]\"\\]+@[^@\s:,;<>()\[\]\"\\]+\.[^@\s:,;<>()\[\]\"\\]+")
_ADDRESS_MAX = tags.TagLimits().longest - len("email:")
_REFUSAL = {"what": "cred"}

_CONFIRM = "{code} is your code to confirm this address.\n\nIt is good for one hour."
_RESET = (
    "{code} is your code to choose a new password.\n\nIt is good for one hour. "
    "If you did not ask for it, leave it: nothing changes then."
)


class Credentials:
    """Adds, confirms and removes credentials."""

    def __init__(self, settings: Settings, store: Store, bus: Bus, key: bytes) -> None:
        policy = settings.accounts.email
        self.methods: tuple[str, ...] = () if policy == "off" else (EMAIL,)
        self.required: tuple[str, ...] = (EMAIL,) if policy == "required" else ()
        self._store = store
        self._bus = bus
        self._codes = Codes(key)
        self._mailer = Mailer(settings.mail)
        limits = settings.limits
        self._rate = Rate(limits.codes_per_hour_per_recipient, 3600) if limits.enabled else None
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Lets mails under way go out, for a moment."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE)
            for task in late:
                task.cancel()

    def at_signup(self, user: str, asked: Iterable[Credential]) -> list[CredentialRecord]:
        """The records for a new account; `send_codes` is to follow.

        Raises Refused (422) if an address is none, or one is required and missing.
        """
        wanted = [one for one in asked if one.meth in self.methods]
        values = dict.fromkeys((str(one.meth), _checked(one.val)) for one in wanted)
        if len(values) > MOST or {method for method, _ in values} < set(self.required):
            raise Refused(status.POLICY, _REFUSAL)
        return [CredentialRecord(user, method, value) for method, value in values]

    def send_codes(self, user: str) -> None:
        """Mails, soon, a code to each address that waits for one, unless there were many lately."""
        if self.methods:
            self._later(self._send_codes(user))

    async def pending(self, user: str) -> tuple[str, ...]:
        """Methods that must be confirmed before the user may log in.

        An account made by the operator without an address is let in.
        """
        if not self.required:
            return ()
        records = await self._store.credentials_of(user)
        confirmed = {record.method for record in records if record.done}
        given = {record.method for record in records}
        return tuple(m for m in self.required if m in given and m not in confirmed)

    async def listed(self, user: str) -> list[CredentialOut]:
        """What {get me cred} shows."""
        records = await self._store.credentials_of(user)
        return [CredentialOut(record.method, record.value, record.done) for record in records]

    async def change(self, user: str, asked: Credential) -> None:
        """{set me cred}: adds an address and mails a code to it, or (`resp`) confirms one.

        Raises Refused: 400 without a method, 401 for a wrong code, 409 for another's address, 422
        for none at all or too many, 429 for too many mails.
        """
        if not asked.meth:
            raise Refused(status.MALFORMED)
        if asked.meth not in self.methods:
            return
        if not asked.resp:
            async with self._one_at_a_time:
                await self._add(user, asked.meth, _checked(asked.val))
        elif not await self.confirm(user, asked.meth, asked.resp):
            raise Refused(status.AUTH_FAILED, _REFUSAL)

    async def confirm(self, user: str, method: str, code: str) -> bool:
        """Whether the code is that of an address which waits for one; that is confirmed then.

        Raises Refused (409) if another account has confirmed the address before.
        """
        async with self._one_at_a_time:
            for record in await self._store.credentials_of(user):
                if record.method == method and not record.done:
                    if self._codes.fits(record, code):
                        await self._confirmed(record)
                        return True
                    await self._store.save_credential(record)
        return False

    async def remove(self, user: str, asked: Credential | None) -> bool:
        """{del me cred}: whether there was one.

        Raises Refused: 400 if it is not named, 403 if the account must keep it.
        """
        if asked is None or not asked.meth or not asked.val:
            raise Refused(status.MALFORMED)
        method, value = asked.meth, asked.val.strip().lower()
        records = await self._store.credentials_of(user)
        others = [r for r in records if r.done and r.method == method and r.value != value]
        if method in self.required and not others:
            raise Refused(status.DENIED)
        if not await self._store.delete_credential(user, method, value):
            return False
        await self._retag(user, drop={f"{method}:{value}"})
        return True

    def reset(self, method: str, value: str) -> None:
        """Mails a code for a new password if the address is some account's; tells not if it is.

        Raises Refused (501) for another method.
        """
        if method != EMAIL:
            raise Refused(status.NOT_IMPLEMENTED)
        if self.methods:
            self._later(self._reset(method, value.strip().lower()))
        else:
            log.warning("somebody asked to reset a password, but accounts.email is off")

    async def by_code(self, method: str, value: str, code: str) -> str | None:
        """The user whom a reset code was mailed to; the code is used up. None if it is wrong."""
        async with self._one_at_a_time:
            record = await self._store.find_credential(method, value.strip().lower())
            if record is None:
                await self._store.ping()  # as long as a wrong code takes, to tell nothing
                return None
            right = self._codes.fits(record, code)
            if right:
                record.code = ""
            await self._store.save_credential(record)
            return record.user if right else None

    async def _add(self, user: str, method: str, value: str) -> None:
        records = await self._store.credentials_of(user)
        known = [r for r in records if r.method == method and r.value == value]
        if known and known[0].done:
            return
        if not known and len(records) >= MOST:
            raise Refused(status.POLICY, _REFUSAL)
        if wait := self._taken(user) or self._taken(value):
            raise too_many(wait)
        await self._send_code(
            known[0] if known else CredentialRecord(user, method, value), _CONFIRM
        )

    async def _send_codes(self, user: str) -> None:
        async with self._one_at_a_time:
            for record in await self._store.credentials_of(user):
                waiting = not record.done and not self._codes.usable(record)
                if waiting and not self._taken(record.value):
                    await self._send_code(record, _CONFIRM)

    async def _reset(self, method: str, value: str) -> None:
        async with self._one_at_a_time:
            record = await self._store.find_credential(method, value)
            if record is not None and not self._taken(value):
                await self._send_code(record, _RESET)

    async def _confirmed(self, record: CredentialRecord) -> None:
        record.done, record.code = True, ""
        try:
            await self._store.save_credential(record)
        except Duplicate:
            raise Refused(status.DUPLICATE, _REFUSAL) from None
        await self._retag(record.user, add={f"{record.method}:{record.value}"})

    async def _send_code(self, record: CredentialRecord, text: str) -> None:
        code = self._codes.make(record)
        await self._store.save_credential(record)
        self._later(self._mailer.send(record.value, f"Your code: {code}", text.format(code=code)))

    async def _retag(
        self, user: str, add: AbstractSet[str] = frozenset(), drop: AbstractSet[str] = frozenset()
    ) -> None:
        found = await self._store.load_user(user)
        if found is None:
            return
        await self._store.update_user(user, tags=sorted(set(found.tags) - drop | add))
        self._bus.publish(AccountChanged(clock.now_ms(), user, "updated"))

    def _taken(self, key: str) -> float:
        """Seconds to wait, or 0.0 and one more mail is counted for a recipient or sender."""
        return 0.0 if self._rate is None else self._rate.take(key)

    def _later(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(_finish(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _finish(work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except StoreError as error:
        log.error("no code was mailed: %s", error)


def _checked(address: str | None) -> str:
    """An e-mail address in lower case. Raises Refused (422)."""
    value = (address or "").strip().lower()
    if len(value) > _ADDRESS_MAX or not _ADDRESS.fullmatch(value):
        raise Refused(status.POLICY, _REFUSAL)
    return value
