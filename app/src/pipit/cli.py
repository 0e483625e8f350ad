"""The `pipit` command. Each sub-command is a module of pipit.commands with `register` and `run`."""

import argparse
import sys
from collections.abc import Sequence

from pipit import __version__
from pipit.commands import (
    check_config,
    copy_store,
    demo,
    doctor,
    export,
    migrate,
    module,
    queue,
    serve,
    user,
)
from pipit.config import ConfigError

COMMANDS = (serve, module, queue, user, export, demo, migrate, copy_store, check_config, doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one sub-command; returns the exit code: 2 for wrong arguments or settings."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except ConfigError as error:
        print(f"pipit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pipit", description="A private IM cloud in a box.")
    parser.add_argument("--version", action="version", version=f"pipit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    return parser
