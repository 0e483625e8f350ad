"""`pipit user import`: many accounts from a file, after the whole of it was checked.

It can be run again with the same file: who has an account already is passed over, and a password
that was made up for somebody who did not get an account is used again.
"""

import argparse
import csv
import os
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from pipit.commands import roster
from pipit.commands.owner import operator
from pipit.commands.passwords import generated
from pipit.commands.progress import progress
from pipit.commands.roster import Entry, Problem
from pipit.config import Settings
from pipit.gateway.control import Perform
from pipit.gateway.operations import Add, Check, NewUser, OperationError


async def import_users(settings: Settings, arguments: argparse.Namespace) -> int:
    """Makes the accounts of `arguments.file`; 1 if lines are bad and are not to be skipped."""
    path: Path = arguments.file
    entries, problems = roster.read(path)
    async with operator(settings) as perform:
        taken = await _check(perform, entries, problems)
        for problem in sorted(problems):
            print(f"{path}:{problem.line}: {problem.text}")
        if problems and not arguments.skip_bad:
            print("Nothing was imported; correct the file, or leave bad lines out by --skip-bad.")
            return 1
        new = _chosen(entries, {problem.line for problem in problems}, taken)
        if settings.accounts.email == "off" and any(entry.user.email for entry in new):
            print("E-mail addresses are not kept, since accounts.email is off.")
        shortest = settings.accounts.password_min
        passwords = Passwords(arguments.passwords or path.with_suffix(".passwords.csv"), shortest)
        await _add_all(perform, new, passwords)
    return 0


async def _check(perform: Perform, entries: Sequence[Entry], problems: list[Problem]) -> set[str]:
    """Adds what is wrong with people to the problems; the logins that exist."""
    verdicts = (await perform(Check([entry.user for entry in entries]))).verdicts
    taken = set()
    for entry, verdict in zip(entries, verdicts, strict=True):
        problems += [Problem(entry.line, text) for text in verdict.problems]
        if verdict.taken:
            taken.add(entry.user.login)
    return taken


def _chosen(entries: Sequence[Entry], bad: set[int], taken: set[str]) -> list[Entry]:
    """Those to be made; tells who is passed over."""
    good = [entry for entry in entries if entry.line not in bad]
    for entry in good:
        if entry.user.login in taken:
            print(f"line {entry.line}: {entry.user.login} has an account already, passed over")
    return [entry for entry in good if entry.user.login not in taken]


async def _add_all(perform: Perform, entries: Sequence[Entry], passwords: "Passwords") -> None:
    with progress("accounts", len(entries)) as shown:
        for entry in entries:
            password = entry.user.password or passwords.of(entry.user)
            try:
                await perform(Add(replace(entry.user, password=password)))
            except OperationError as fault:
                raise OperationError(
                    f"line {entry.line}: {fault}; {shown.done} accounts were made before it, "
                    "the same command goes on with the rest"
                ) from fault
            shown.step()
    print(f"{len(entries)} accounts were made.")
    if any(not entry.user.password for entry in entries):
        print(f"Passwords that were made up stand in {passwords.path}, readable for you alone.")


class Passwords:
    """The file of passwords that were made up: login, name, password.

    Each is on the disk before it is used: whatever happens, nobody's password is lost.
    """

    def __init__(self, path: Path, shortest: int) -> None:
        self.path = path
        self._shortest = shortest
        self._known = _read(path)

    def of(self, user: NewUser) -> str:
        """The password of somebody new. Raises OSError."""
        known = self._known.get(user.login)
        if known is None:
            known = self._known[user.login] = generated(self._shortest)
            self._note(user, known)
        return known

    def _note(self, user: NewUser, password: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(os.open(self.path, flags, 0o600), "a", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), 0o600)
            csv.writer(file).writerow((user.login, user.name, password))
            file.flush()
            os.fsync(file.fileno())


def _read(path: Path) -> dict[str, str]:
    """The passwords by login that an earlier run noted."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row[0]: row[2] for row in csv.reader(file) if len(row) == 3}
