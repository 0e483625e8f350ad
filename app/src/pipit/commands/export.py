"""`pipit export USER`: all that is theirs, in one zip file, also while the service runs."""

import argparse
from pathlib import Path

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("export", help="write all that is a member's into a zip file")
    parser.add_argument("user", metavar="USER", help="login name, or usr… id")
    parser.add_argument(
        "--out", metavar="FILE.zip", type=Path, help="the file to write (else USER-DATE.zip)"
    )
    add_config_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Writes the file; returns the exit code."""
    settings = settings_of(arguments)
    from pipit.commands import exporting, owner

    return owner.run(exporting.export(settings, arguments.user, arguments.out))
