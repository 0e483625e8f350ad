"""The commands `/ai on`, `off`, `status` and `ledger`: what members are told, and who may what."""

from __future__ import annotations

from datetime import UTC, datetime

from pipit.config.modules import ChatAI
from pipit.modules.chatai.ledger import Entry, Ledger
from pipit.modules.chatai.notebook import Notebook
from pipit.modules.chatai.place import place
from pipit.modules.chatai.questions import Question
from pipit.modules.member import Member

HELP = "/ai on, /ai off, /ai status, /ai ledger"
SHOWN = 10
"""Entries of the ledger that one message shows."""


class Commands:
    """Answers them."""

    def __init__(
        self, settings: ChatAI, member: Member, notebook: Notebook, ledger: Ledger
    ) -> None:
        self._settings = settings
        self._member = member
        self._notebook = notebook
        self._ledger = ledger

    async def answer(self, question: Question) -> str:
        """Does what a command asks; what to say. Raises SdkError."""
        match question.command:
            case "on" | "off":
                return await self._switch(question)
            case "status":
                return await self._status(question.topic)
            case "ledger":
                return await self._read_ledger(question.topic)
            case _:
                return f"What I know: {HELP}"

    async def off_notice(self, question: Question) -> str:
        """What is said to a question while the topic is switched off: nothing was sent."""
        who = "you write" if question.private else "an administrator of this group writes"
        return (
            f"I am switched off here, and nothing you wrote was sent anywhere. If {who} /ai on, "
            f"what is written to me will be sent to the language model {await self._where()}, and "
            "every request is listed in /ai ledger. /ai off ends it."
        )

    async def _switch(self, question: Question) -> str:
        if not await self._may_switch(question):
            return "Only an administrator of this group can switch me on or off."
        if question.command == "off":
            self._notebook.switch(question.topic, 0, question.user)
            return "I am off. Nothing more is sent to the language model."
        self._notebook.switch(question.topic, question.seq, question.user)
        heard = "what you write here" if question.private else "what mentions me"
        return (
            f"I am on. From now on {heard} is sent to the language model {await self._where()}. "
            "/ai off ends it, /ai ledger lists what was sent."
        )

    async def _may_switch(self, question: Question) -> bool:
        """In a chat of two the other person; in a group those with A or O."""
        if question.private:
            return True
        mode = await self._member.access(question.topic, question.user)
        return bool({"A", "O"} & set(mode))

    async def _status(self, topic: str) -> str:
        spent = self._ledger.spent(topic)
        used_up = self._ledger.over_budget(topic)
        return "\n".join(
            [
                "I am on." if self._notebook.on_since(topic) else "I am off.",
                f"Language model: {await self._where()}",
                f"Today here: requests {spent.requests}, tokens {spent.tokens}, "
                f"cost {spent.cost:.4f} {self._settings.currency}",
                *([f"Today's budget is used up: {used_up}."] if used_up else []),
            ]
        )

    async def _where(self) -> str:
        return f"{self._settings.model} at {await place(self._settings.endpoint)}"

    async def _read_ledger(self, topic: str) -> str:
        entries = list(self._ledger.entries(topic, SHOWN))
        if not entries:
            return "Nothing of this conversation was ever sent."
        names = await self._member.names(topic)
        currency = self._settings.currency
        lines = [line(entry, names.get(entry.user, entry.user), currency) for entry in entries]
        return "\n".join(["The latest requests of this conversation:", *lines])


def line(entry: Entry, who: str, currency: str) -> str:
    """An entry of the ledger, for people."""
    when = datetime.fromtimestamp(entry.at / 1000, UTC)
    return (
        f"{when:%Y-%m-%d %H:%M:%S} UTC, message {entry.seq} of {who}, to {entry.model} at "
        f"{entry.endpoint}: bytes {entry.bytes_out} out, {entry.bytes_in} in; tokens "
        f"{entry.tokens_in} out, {entry.tokens_out} in; cost {entry.cost:.4f} {currency}; "
        f"{entry.outcome}"
    )
