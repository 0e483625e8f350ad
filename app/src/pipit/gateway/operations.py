"""What the owner does from the command line, with accounts above all: each request, and its doing.

The same functions serve a running service (pipit.gateway.control) and a command that has the store
to itself. An account is named by its login, or by its `usr…` id.
"""

from collections.abc import Callable

from msgspec import Struct

from pipit.accounts import basic, levels
from pipit.accounts.service import Accounts, NewAccount
from pipit.core import cards, ids, tags
from pipit.gateway import queue_operations
from pipit.gateway.queue_operations import (
    DeadLetters,
    Discard,
    QueueError,
    QueueOperation,
    QueueReply,
    QueueStatus,
    Replay,
)
from pipit.store.base import Duplicate, StoreError
from pipit.store.records import User
from pipit.topics.hub import Hub
from pipit.wire import status
from pipit.wire.requests import Credential
from pipit.wire.status import Refused


class OperationError(Exception):
    """What was asked cannot be done; the message says why, in a sentence for the terminal."""


class NewUser(Struct):
    """An account to be made. `root`: may do everything; `email` "": none."""

    login: str
    password: str
    name: str
    root: bool = False
    email: str = ""
    tags: list[str] = []


class Add(Struct, tag=True):
    """Make an account."""

    user: NewUser


class Check(Struct, tag=True):
    """Say what is wrong with accounts that are to be made; an empty password is not looked at."""

    users: list[NewUser]


class List(Struct, tag=True):
    """List all accounts."""


class SetPassword(Struct, tag=True):
    """Set a password and end all sessions."""

    user: str
    password: str


class Suspend(Struct, tag=True):
    """Lock an account out and end its sessions."""

    user: str


class Restore(Struct, tag=True):
    """Let a suspended account in again."""

    user: str


class Delete(Struct, tag=True):
    """Erase an account with all that is its own."""

    user: str


class Find(Struct, tag=True):
    """Tell who an account is."""

    user: str


Operation = Add | Check | List | SetPassword | Suspend | Restore | Delete | Find | QueueOperation


class Account(Struct):
    """An account as it is listed; times are milliseconds since 1970, `login` "" if it has none."""

    user: str
    login: str
    name: str
    state: str
    level: str
    created: int
    seen: int | None


class Verdict(Struct):
    """What `Check` found of one account: sentences, and whether its login is taken."""

    problems: list[str]
    taken: bool


class Reply(Struct):
    """The accounts concerned. `changed` False: they were like that already."""

    accounts: list[Account] = []
    verdicts: list[Verdict] = []
    changed: bool = True
    queue: QueueReply | None = None


async def perform(hub: Hub, operation: Operation) -> Reply:
    """Does what is asked. Raises OperationError."""
    try:
        return await _perform(hub, operation)
    except Refused as refusal:
        raise OperationError(_sentence(refusal)) from refusal
    except (StoreError, QueueError) as fault:
        raise OperationError(str(fault)) from fault


async def _perform(hub: Hub, operation: Operation) -> Reply:
    match operation:
        case Add(new):
            return await _add(hub, new)
        case Check(users):
            return Reply(verdicts=[await _verdict(hub.accounts, new) for new in users])
        case QueueStatus() | DeadLetters() | Replay() | Discard():
            return Reply(queue=await queue_operations.perform(hub.bus, operation))
        case List():
            return Reply([await _account(hub, one) async for one in hub.store.list_users()])
    user = await _find(hub, operation.user)
    match operation:
        case Find():
            return await _reply(hub, user)
        case SetPassword():
            await hub.accounts.change_login(user.id, "", operation.password)
            await hub.end_sessions(user.id)
        case Suspend():
            changed = await hub.accounts.suspend(user.id)
            await hub.end_sessions(user.id)
            return await _reply(hub, user, changed=changed)
        case Restore():
            return await _reply(hub, user, changed=await hub.accounts.restore(user.id))
        case Delete():
            return await _delete(hub, user)
    return await _reply(hub, user)


async def _add(hub: Hub, new: NewUser) -> Reply:
    verdict = await _verdict(hub.accounts, new)
    taken = [f"login {new.login!r} is taken"] if verdict.taken else []
    if wrong := verdict.problems + taken:
        raise OperationError("; ".join(wrong))
    return await _reply(hub, await hub.accounts.create(_new_account(new)))


async def _delete(hub: Hub, user: User) -> Reply:
    reply = await _reply(hub, user)
    await hub.delete_user(user.id)
    await hub.end_sessions(user.id)
    return reply


async def _find(hub: Hub, name: str) -> User:
    user = await hub.accounts.find(name) or (name if ids.is_user_id(name) else None)
    found = await hub.store.load_user(user) if user else None
    if found is None:
        raise OperationError(f"no account is called {name!r}; `pipit user list` shows all")
    return found


# -- accounts to be made ---------------------------------------------------------------------------


def _new_account(user: NewUser) -> NewAccount:
    return NewAccount(
        login=user.login.lower(),
        password=user.password,
        level=levels.ROOT if user.root else levels.AUTHENTICATED,
        public={"fn": user.name},
        tags=user.tags,
        credentials=[Credential("email", user.email)] if user.email else [],
    )


async def _verdict(accounts: Accounts, user: NewUser) -> Verdict:
    rules = (_check_login, _check_password, _check_email, _check_tags)
    problems = [problem for rule in rules if (problem := _problem(rule, accounts, user))]
    return Verdict(problems, taken=await accounts.find(user.login) is not None)


def _problem(rule: Callable[[Accounts, NewUser], None], accounts: Accounts, user: NewUser) -> str:
    try:
        rule(accounts, user)
    except ValueError as fault:
        return str(fault)
    return ""


def _check_login(accounts: Accounts, user: NewUser) -> None:
    basic.check_login(user.login.lower(), accounts.settings.login_min)


def _check_password(accounts: Accounts, user: NewUser) -> None:
    if user.password:
        basic.check_password(user.password, accounts.settings.password_min)


def _check_email(accounts: Accounts, user: NewUser) -> None:
    try:
        accounts.credentials.at_signup("", _new_account(user).credentials)
    except Refused:
        found = repr(user.email) if user.email else "nothing"
        raise ValueError(f"email: found {found}, allowed: one such as ada@example.org") from None


def _check_tags(accounts: Accounts, user: NewUser) -> None:
    kept = tags.normalize(user.tags, tags.TagLimits())
    if reserved := tags.reserved(kept, accounts.reserved):
        raise ValueError(f"tags: found {sorted(reserved)}, which only the server gives")


# -- replies ---------------------------------------------------------------------------------------


async def _reply(hub: Hub, user: User, *, changed: bool = True) -> Reply:
    now = await hub.store.load_user(user.id)
    return Reply([await _account(hub, now or user)], changed=changed)


async def _account(hub: Hub, user: User) -> Account:
    login = await hub.store.login_of(user.id, basic.SCHEME)
    return Account(
        user=user.id,
        login=login.login if login else "",
        name=cards.full_name(user.public),
        state=user.state,
        level=levels.LEVEL_NAMES[user.level],
        created=user.created,
        seen=user.seen_at,
    )


def _sentence(refusal: Refused) -> str:
    if isinstance(refusal.__cause__, ValueError | Duplicate):
        return str(refusal.__cause__)
    return {
        status.UNAVAILABLE: "too many passwords wait to be hashed; try again in a moment",
        status.DENIED: "the account has no login name",
    }.get(refusal.status, refusal.status.text)
