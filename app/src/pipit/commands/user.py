"""`pipit user …`: makes, lists and changes accounts, of a running service too.

The arguments are here; what is done is in pipit.commands.actions.
"""

import argparse
from pathlib import Path

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command with its own sub-commands."""
    parser = commands.add_parser("user", help="make, list and change accounts")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _register_add(actions)
    _add_password_options(_about_one(actions, "passwd", "set a password; ends all sessions"))
    listing = _action(actions, "list", "list all accounts")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    _about_one(actions, "suspend", "lock an account out; ends its sessions")
    _about_one(actions, "restore", "let a suspended account in again")
    delete = _about_one(actions, "delete", "erase an account and all that is its own")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    _register_import(actions)


def run(arguments: argparse.Namespace) -> int:
    """Runs an action; returns the exit code."""
    settings = settings_of(arguments)
    from pipit.commands import actions, owner

    return owner.run(actions.ACTIONS[arguments.action](settings, arguments))


def _register_add(actions: SubParsers) -> None:
    parser = _about_one(actions, "add", "make an account")
    _add_password_options(parser)
    parser.add_argument("--fn", metavar="NAME", help='full name, "Ada Byron"; else the login')
    parser.add_argument("--email", metavar="ADDRESS", default="", help="e-mail address")
    parser.add_argument("--root", action="store_true", help="an account that may do everything")


def _register_import(actions: SubParsers) -> None:
    parser = _action(actions, "import", "make accounts from a CSV file")
    parser.description = (
        "Makes accounts from a CSV file with the columns login, name and, where wanted, password, "
        "email, tags (divided by ;). Missing passwords are made up. If a line is bad, all bad "
        "lines are told and nothing is imported. Run again, it passes over who has an account."
    )
    parser.add_argument("file", metavar="FILE.csv", type=Path)
    parser.add_argument("--skip-bad", action="store_true", help="import the good lines")
    parser.add_argument(
        "--passwords",
        metavar="OUT.csv",
        type=Path,
        help="where to note the passwords that are made up (else FILE.passwords.csv)",
    )


def _about_one(actions: SubParsers, name: str, about: str) -> argparse.ArgumentParser:
    parser = _action(actions, name, about)
    parser.add_argument("name", metavar="NAME", help="login name")
    return parser


def _action(actions: SubParsers, name: str, about: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=about)
    add_config_option(parser)
    parser.set_defaults(run=run, action=name)
    return parser


def _add_password_options(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    source.add_argument("--generate", action="store_true", help="make up a password, print it")
