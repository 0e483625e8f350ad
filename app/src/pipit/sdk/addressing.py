"""Whether a message in a group is for the bot.

It is if it mentions the bot, begins with its name ("Weather, …", "@weather …"), or answers one of
its messages, be it with words or with a button.
"""

import re
from collections.abc import Iterable

from pipit.sdk.drafty import entities
from pipit.sdk.packets import Message


class Addressing:
    """What a bot is called: its id, `usr…`, and its names."""

    def __init__(self, user: str, names: Iterable[str]) -> None:
        known = [name for name in names if name]
        self._called = {user.lower(), *(name.lower() for name in known)}
        longest_first = sorted(known, key=len, reverse=True)
        anyone = "|".join(re.escape(name) for name in longest_first)
        self._address = re.compile(rf"\s*@?(?:{anyone})(?!\w)[\s,:]*", re.IGNORECASE)

    def is_called(self, message: Message) -> bool:
        """Whether the message mentions the bot or begins with its name."""
        mentioned = (str(data.get("val", "")) for data in entities(message.content, "MN"))
        by_name = any(name.lower().lstrip("@") in self._called for name in mentioned)
        return by_name or bool(self._address.match(message.text))

    def strip(self, text: str) -> str:
        """The text without the bot's name before it."""
        found = self._address.match(text)
        return text[found.end() :] if found else text
