"""What modules keep, shown to the operator: `pipit module chatai ledger`, `… webhooks secrets`."""

import argparse
from collections.abc import Callable

import msgspec

from pipit.config import Settings


def ledger(settings: Settings, arguments: argparse.Namespace) -> int:
    """Prints every request to the language model, oldest first, and what today's took."""
    from pipit.modules.chatai import database
    from pipit.modules.chatai.commands import line
    from pipit.modules.chatai.ledger import Ledger

    file = database.path(settings)
    if not file.exists():
        print(f"{file}: nothing was ever sent")
        return 0
    kept = Ledger(database.connect(file), settings.chatai)
    currency = settings.chatai.currency
    for entry in kept.entries(arguments.topic):
        if arguments.json:
            print(msgspec.json.encode(entry).decode())
        else:
            print(f"{entry.topic} {line(entry, entry.user, currency)}")
    if not arguments.json:
        spent = kept.spent(arguments.topic)
        cost = f"{spent.cost:.4f} {currency}"
        print(f"today: requests {spent.requests}, tokens {spent.tokens}, cost {cost}")
    return 0


def secrets(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Prints the key of each target and the address of each incoming hook; makes missing ones."""
    from pipit.modules.webhooks import folder, signing
    from pipit.modules.webhooks.secrets import hook_token, signing_key

    hooks = settings.webhooks
    for target in hooks.targets:
        key = signing.key_text(signing_key(folder(settings), target.name))
        print(f"target {target.name}, signed with {key}")
    for hook in hooks.incoming:
        token = hook_token(folder(settings), hook.name)
        print(f"incoming {hook.name}: http://{hooks.host}:{hooks.port}/hooks/{token}")
    if not hooks.targets and not hooks.incoming:
        print("webhooks.targets and webhooks.incoming are empty")
    return 0


SHOW: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "ledger": ledger,
    "secrets": secrets,
}
"""By the word behind the module's name."""
