"""`pipit serve`: runs the service until it is told to stop."""

import argparse

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("serve", help="run the service")
    add_config_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Blocks until SIGTERM or SIGINT; returns the exit code."""
    settings = settings_of(arguments)
    from pipit import logs
    from pipit.gateway import server

    logs.set_up(settings.log)
    return server.run(settings)
