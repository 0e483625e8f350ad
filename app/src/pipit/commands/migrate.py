"""`pipit migrate`: brings the database up to date, as a new version of Pipit needs it."""

import argparse

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("migrate", help="bring the database up to date")
    add_config_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Migrates; returns the exit code."""
    settings = settings_of(arguments)
    from pipit.commands import databases, owner

    return owner.run(databases.migrate(settings))
