"""`pipit doctor`: looks for what would keep Pipit from running well."""

import argparse

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("doctor", help="look for what keeps Pipit from running well")
    add_config_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints a line for each check; returns 1 if one failed."""
    settings = settings_of(arguments)
    from pipit import doctor

    failed = False
    for check in doctor.CHECKS:
        finding = check(settings)
        print(f"{finding.level:4}  {finding.text}", flush=True)
        failed = failed or finding.level == "FAIL"
    return 1 if failed else 0
