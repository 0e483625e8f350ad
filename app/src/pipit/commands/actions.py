"""What `pipit user …` does: each action asks the running service, or else works on the store."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import msgspec

from pipit.commands import passwords
from pipit.commands.importing import import_users
from pipit.commands.owner import operator
from pipit.config import Settings
from pipit.gateway.operations import (
    Account,
    Add,
    Delete,
    Find,
    List,
    NewUser,
    Operation,
    OperationError,
    Reply,
    Restore,
    SetPassword,
    Suspend,
)

Action = Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]


async def _add(settings: Settings, arguments: argparse.Namespace) -> int:
    name = arguments.fn or arguments.name
    password = _password(settings, arguments)
    user = NewUser(arguments.name, password, name, arguments.root, arguments.email)
    if arguments.email and settings.accounts.email == "off":
        raise OperationError("--email: no address is kept, since accounts.email is off")
    account = _the_one(await _ask(settings, Add(user)))
    print(f"{_called(account)} has an account now, {account.user}")
    _tell_generated(arguments, password)
    return 0


async def _passwd(settings: Settings, arguments: argparse.Namespace) -> int:
    password = _password(settings, arguments)
    account = _the_one(await _ask(settings, SetPassword(arguments.name, password)))
    print(f"{_called(account)} has a new password; earlier logins have ended")
    _tell_generated(arguments, password)
    return 0


async def _list(settings: Settings, arguments: argparse.Namespace) -> int:
    accounts = (await _ask(settings, List())).accounts
    if arguments.json:
        for account in accounts:
            print(msgspec.json.encode(account).decode())
    else:
        _print_table(accounts)
    return 0


async def _suspend(settings: Settings, arguments: argparse.Namespace) -> int:
    reply = await _ask(settings, Suspend(arguments.name))
    how = "is suspended and logged out" if reply.changed else "was suspended before"
    print(f"{_called(_the_one(reply))} {how}")
    return 0


async def _restore(settings: Settings, arguments: argparse.Namespace) -> int:
    reply = await _ask(settings, Restore(arguments.name))
    how = "may log in again" if reply.changed else "was not suspended"
    print(f"{_called(_the_one(reply))} {how}")
    return 0


async def _delete(settings: Settings, arguments: argparse.Namespace) -> int:
    async with operator(settings) as perform:
        account = _the_one(await perform(Find(arguments.name)))
        if not arguments.yes:
            _confirm(account)
        await perform(Delete(account.user))
    print(f"{_called(account)} is deleted")
    return 0


ACTIONS: dict[str, Action] = {
    "add": _add,
    "passwd": _passwd,
    "list": _list,
    "suspend": _suspend,
    "restore": _restore,
    "delete": _delete,
    "import": import_users,
}


async def _ask(settings: Settings, operation: Operation) -> Reply:
    async with operator(settings) as perform:
        return await perform(operation)


def _the_one(reply: Reply) -> Account:
    (account,) = reply.accounts
    return account


def _password(settings: Settings, arguments: argparse.Namespace) -> str:
    if arguments.generate:
        return passwords.generated(settings.accounts.password_min)
    return passwords.asked(from_stdin=arguments.password_stdin)


def _tell_generated(arguments: argparse.Namespace, password: str) -> None:
    if arguments.generate:
        print(f"password: {password}")


def _confirm(account: Account) -> None:
    """Raises OperationError unless somebody types the name."""
    if not sys.stdin.isatty():
        raise OperationError("nothing was deleted: nobody is there to be asked, and no --yes")
    name = account.login or account.user
    print(f"This erases {_called(account)}, the groups it owns and all its notes, for good.")
    if input(f"Type {name} to go on: ") != name:
        raise OperationError("nothing was deleted")


def _called(account: Account) -> str:
    name = account.login or account.user
    return f"{name} ({_plain(account.name)})" if account.name not in ("", name) else name


def _print_table(accounts: list[Account]) -> None:
    head = ("LOGIN", "NAME", "STATE", "LEVEL", "LAST SEEN", "ID")
    states = {"ok": "", "susp": "suspended"}
    rows = [
        (a.login, _plain(a.name), states.get(a.state, a.state), a.level, _moment(a.seen), a.user)
        for a in accounts
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


def _plain(name: str) -> str:
    """A name without what a terminal would obey; members may call themselves anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _moment(ms: int | None) -> str:
    return f"{datetime.fromtimestamp(ms / 1000):%Y-%m-%d %H:%M}" if ms is not None else "never"
