"""`pipit module NAME`: runs a module; for some, shows what it keeps."""

import argparse

from pipit.commands.common import SubParsers, add_config_option, settings_of
from pipit.modules import MODULES


def register(commands: SubParsers) -> None:
    """Adds the command, with a sub-command for each module."""
    parser = commands.add_parser("module", help="run a module, a process beside the service")
    names = parser.add_subparsers(title="modules", metavar="NAME", required=True, dest="module")
    for name, about in MODULES.items():
        module = names.add_parser(name, help=about, description=f"{name}: {about}.")
        add_config_option(module)
        module.set_defaults(run=run, show=None)
        _REGISTER.get(name, _nothing)(module)


def run(arguments: argparse.Namespace) -> int:
    """Blocks until SIGTERM or SIGINT, unless something is to be shown; returns the exit code."""
    settings = settings_of(arguments)
    if arguments.show:
        from pipit.commands import module_showing

        return module_showing.SHOW[arguments.show](settings, arguments)
    from pipit import logs
    from pipit.modules import runner

    logs.set_up(settings.log)
    return runner.run(arguments.module, settings)


def _register_webhooks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "show",
        nargs="?",
        choices=["secrets"],
        help="show the keys of targets and the addresses of incoming hooks instead",
    )


def _register_chatai(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "show", nargs="?", choices=["ledger"], help="show what was sent to the model instead"
    )
    parser.add_argument("--topic", default="", help="ledger: of one topic")
    parser.add_argument("--json", action="store_true", help="ledger: one JSON object a line")


def _nothing(_parser: argparse.ArgumentParser) -> None: ...


_REGISTER = {"webhooks": _register_webhooks, "chatai": _register_chatai}
