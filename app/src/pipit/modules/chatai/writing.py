"""An answer that grows: posted with its first words, then edited until it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from pipit.modules.chatai.questions import NOTICE, OURS, Question
from pipit.modules.member import Member

FIRST_PAUSE = 0.7
"""Seconds before the first words are posted, as an answer that is whole by then needs no edit; and
between the first edits: readers see it grow, and an app has time to draw it.
"""
LONGER = 1.25
LONGEST_PAUSE = 5.0
"""Pauses get longer by LONGER up to this: each edit is a message of its own that the service keeps.
An answer that takes a minute has some 17 of them.
"""


class Writing:
    """The answer to one question. `text` is what there is of it; `answer` the number of its
    message, 0 while it is not posted. `on_posted` is told the number as soon as it is known.
    """

    def __init__(
        self, member: Member, question: Question, answer: int, on_posted: Callable[[int], None]
    ) -> None:
        self.text = ""
        self.answer = answer
        self._member = member
        self._question = question
        self._on_posted = on_posted
        self._shown = ""

    async def grow(self, whole: asyncio.Event) -> None:
        """Shows the text from time to time, until it is whole. Raises SdkError.

        If it is cancelled, a message that is on its way may be there or not.
        """
        pause = pauses()
        while not await _set_within(whole, next(pause)):
            if self.text.strip():
                await self._put(self.text.strip() + " …", {})

    async def finish(self, text: str) -> None:
        """The whole answer. Raises SdkError."""
        await self._put(text, {})

    async def notice(self, text: str) -> None:
        """The same for what did not come from the model. Raises SdkError."""
        await self._put(text, {NOTICE: True})

    async def _put(self, text: str, head: dict[str, Any]) -> None:
        if text == self._shown:
            return
        head = {OURS: str(self._question.seq), "auto": True} | head
        if self.answer:
            head["replace"] = f":{self.answer}"
        seq = await self._member.post(self._question.topic, text, head)
        if not self.answer:
            self.answer = seq
            self._on_posted(seq)
        self._shown = text


def pauses() -> Iterator[float]:
    """Seconds to wait before each time that the text is shown, without end."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * LONGER, LONGEST_PAUSE)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
