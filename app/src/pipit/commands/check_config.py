"""`pipit check-config`: says whether the settings are valid."""

import argparse

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("check-config", help="check the settings and change nothing")
    add_config_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints one line; a wrong setting is raised as ConfigError."""
    settings_of(arguments)
    print(f"{arguments.config or 'defaults and environment'}: settings are valid")
    return 0
