"""`pipit demo`: fills the data folder with people, groups and their chats, to look around in."""

import argparse

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("demo", help="fill the data folder with people and chats")
    parser.add_argument(
        "--force-add", action="store_true", help="even if there are accounts already"
    )
    parser.add_argument("--password", help="of all demo people (else one is made up)")
    parser.add_argument(
        "--seed", metavar="N", type=int, default=1, help="another pace of what is said"
    )
    add_config_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fills the folder; returns the exit code."""
    settings = settings_of(arguments)
    from pipit.commands import owner, showing

    return owner.run(showing.fill_demo(settings, arguments))
