"""`pipit queue …`: how far the modules are, and the events that they never managed.

The arguments are here; what is done is in pipit.commands.queueing.
"""

import argparse

from pipit.commands.common import SubParsers, add_config_option, settings_of


def register(commands: SubParsers) -> None:
    """Adds the command with its own sub-commands."""
    parser = commands.add_parser("queue", help="look after the events that modules handle")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    status = _action(actions, "status", "tell how far the groups of modules are")
    status.add_argument("groups", metavar="GROUP", nargs="*", help="only these")
    dead = _about_one(actions, "dead", "list the events that a group never managed")
    dead.add_argument("--limit", metavar="N", type=int, default=100, help="at most so many (100)")
    dead.add_argument("--json", action="store_true", help="one JSON object a line, events included")
    replay = _about_one(actions, "replay", "hand such events to the group again")
    replay.add_argument("key", metavar="ID", nargs="?", default="", help="only this one")
    discard = _about_one(actions, "discard", "forget such events")
    which = discard.add_mutually_exclusive_group(required=True)
    which.add_argument("key", metavar="ID", nargs="?", default="", help="only this one")
    which.add_argument("--all", action="store_true", help="all of them")


def run(arguments: argparse.Namespace) -> int:
    """Runs an action; returns the exit code."""
    settings = settings_of(arguments)
    from pipit.commands import owner, queueing

    return owner.run(queueing.ACTIONS[arguments.action](settings, arguments))


def _about_one(actions: SubParsers, name: str, about: str) -> argparse.ArgumentParser:
    parser = _action(actions, name, about)
    parser.add_argument("group", metavar="GROUP", help="the group, such as webhooks")
    return parser


def _action(actions: SubParsers, name: str, about: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=about)
    add_config_option(parser)
    parser.set_defaults(run=run, action=name)
    return parser
