"""`pipit copy-store FROM TO`: everything from one database to another, of any kind."""

import argparse

from pipit.commands.common import SubParsers

SIDE = (
    "a settings file, or sqlite:PATH, or mongodb://USER:PASSWORD@HOST:PORT/NAME?replicaSet=SET; "
    "a password is safer in a settings file"
)


def register(commands: SubParsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "copy-store",
        help="copy all accounts, topics and messages to another database",
        description="Copies all that one database holds to another, which has to be empty, and "
        "checks it. Stop Pipit first. Broken off, it goes on where it was when it is run again. "
        "Uploaded files lie in the data folder and are not copied.",
    )
    parser.add_argument("source", metavar="FROM", help=SIDE)
    parser.add_argument("target", metavar="TO", help="the same")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copies; returns the exit code."""
    from pipit.commands import databases, owner

    source, target = databases.named(arguments.source), databases.named(arguments.target)
    return owner.run(databases.copy_store(source, target))
