"""One message after another: is it for the assistant, may it be answered, and the answer."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TypeAlias

from openai.types.chat import ChatCompletionMessageParam
from prometheus_client import Counter

from pipit.bus.events import AnyEvent, MessageStored
from pipit.config.modules import ChatAI
from pipit.modules.chatai.commands import Commands
from pipit.modules.chatai.context import TooLong, conversation
from pipit.modules.chatai.ledger import Ledger, Use
from pipit.modules.chatai.model import Model, ModelFailed, estimate
from pipit.modules.chatai.notebook import Notebook, Progress
from pipit.modules.chatai.questions import OURS, Question, question
from pipit.modules.chatai.writing import Writing
from pipit.modules.member import Member
from pipit.sdk.errors import SdkError

log = logging.getLogger(__name__)

Messages: TypeAlias = list[ChatCompletionMessageParam]

MOST_TRIES = 2
"""An answer that was interrupted is begun anew once; then the message says so."""
MOST_WAITING = 20
"""Questions that wait for the model; further ones are told that it is busy."""
HISTORY = 500
"""Messages that are looked through for the context; edits are among them."""


@dataclass(slots=True)
class Assistant:
    """Handles events. The message queue hands an event over again if the process was killed, or
    `handle` raised: the notebook knows what was done by then.
    """

    settings: ChatAI
    member: Member
    model: Model
    notebook: Notebook
    ledger: Ledger
    commands: Commands
    outcomes: Counter
    turn: asyncio.Semaphore
    waiting: int = 0

    async def handle(self, event: AnyEvent) -> None:
        """Answers a message if it is for the assistant.

        Raises SdkError if the answer cannot be posted now, but may be a little later.
        """
        if not isinstance(event, MessageStored):
            return
        await self.member.ready()
        asked = question(event, self.member.user, self.settings.name)
        if asked is None or not await self.member.belongs(asked.topic):
            return
        progress = self.notebook.begin(asked.topic, asked.seq)
        if not progress.done:
            await self._see_to(asked, progress)
            self.notebook.finished(asked.topic, asked.seq)

    async def _see_to(self, asked: Question, progress: Progress) -> None:
        answer = progress.answer
        try:
            if progress.tries > 1 and not answer:
                answer = await self._find_answer(asked)
            await self._answer(asked, self._writing(asked, answer), progress.tries)
        except SdkError as error:
            if error.is_passing:
                raise
            log.warning("%s: no answer to message %d: %s", asked.topic, asked.seq, error)
        await self.member.leave(asked.topic)

    def _writing(self, asked: Question, answer: int) -> Writing:
        def posted(seq: int) -> None:
            self.notebook.posted(asked.topic, asked.seq, seq)

        return Writing(self.member, asked, answer, posted)

    async def _find_answer(self, asked: Question) -> int:
        """The number of an answer that was posted, but not noted before the process ended."""
        for message in await self.member.history(asked.topic, asked.seq + 1, 0, HISTORY):
            ours = message.head.get(OURS) == str(asked.seq)
            if message.sender == self.member.user and ours and message.replaces is None:
                return message.seq
        return 0

    async def _answer(self, asked: Question, writing: Writing, tries: int) -> None:
        if asked.command is not None:
            await writing.notice(await self.commands.answer(asked))
        elif not (since := self.notebook.on_since(asked.topic)):
            await writing.notice(await self.commands.off_notice(asked))
        elif tries > MOST_TRIES:
            await writing.notice("I was interrupted and could not finish. Please ask again.")
        elif self.waiting >= MOST_WAITING:
            await writing.notice("Too many questions are waiting for me. Please ask again later.")
        else:
            self.waiting += 1
            try:
                async with self.turn:
                    await self._ask(asked, writing, since)
            finally:
                self.waiting -= 1

    async def _ask(self, asked: Question, writing: Writing, since: int) -> None:
        """Has the model answer, as far as budgets allow."""
        history = await self.member.history(asked.topic, since, asked.seq, HISTORY)
        try:
            messages = conversation(asked, history, self.member.user, self.settings)
        except TooLong:
            await writing.notice("That is too long for me. Please make it shorter.")
            return
        if budget := self.ledger.over_budget(asked.topic):
            self.outcomes.labels("over budget").inc()
            await writing.notice(
                f"Today's budget is used up: {budget}. It begins anew at midnight UTC."
            )
        else:  # nothing is awaited in between: another question cannot spend the same budget
            await self._send(asked, messages, writing)

    async def _send(self, asked: Question, messages: Messages, writing: Writing) -> None:
        """Sends a request, with its entry in the ledger."""
        said = [str(message.get("content")) for message in messages]
        use = Use(len("".join(said).encode()), 0, sum(map(estimate, said)), 0)
        expected = Use(use.bytes_out, 0, use.tokens_in, self.settings.answer_tokens)
        number = self.ledger.begin(asked.topic, asked.seq, asked.user, expected)
        outcome = "interrupted"
        try:
            await self.member.typing(asked.topic)
            outcome = await self._stream(messages, use, writing)
        finally:
            self.ledger.finish(number, use, outcome)
            self.outcomes.labels(outcome).inc()

    async def _stream(self, messages: Messages, use: Use, writing: Writing) -> str:
        """Shows the answer while it comes; what came of it, for the ledger."""
        whole = asyncio.Event()
        growing = asyncio.create_task(writing.grow(whole))
        try:
            reason = await self._read(messages, use, writing)
        except BaseException:
            growing.cancel()
            raise
        whole.set()
        await growing
        text = writing.text.strip()
        if text and not reason:
            await writing.finish(text)
            return "answered"
        reason = reason or "it said nothing"
        log.warning("no answer from the model: %s", reason)
        if text:
            await writing.finish(f"{text} …\n(The answer breaks off: {reason}.)")
        else:
            await writing.notice(
                f"I cannot answer: the language model failed, {reason}. Please try again later."
            )
        return reason

    async def _read(self, messages: Messages, use: Use, writing: Writing) -> str:
        """Takes the answer as it comes; why it broke off, "" if it is whole."""
        try:
            async with asyncio.timeout(self.settings.timeout):
                async for piece in self.model.answer(messages, use):
                    writing.text += piece
        except TimeoutError:
            return f"it took longer than {self.settings.timeout} s"
        except ModelFailed as failure:
            return str(failure)
        return ""
