"""What the model is told: instructions, what was said before, the question.

Only what was said to the assistant, and what it answered: in a group the talk of the others is
never sent. Nor are names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openai.types.chat import ChatCompletionMessageParam

from pipit.config.modules import ChatAI
from pipit.modules.chatai.model import estimate
from pipit.modules.chatai.questions import NOTICE, OURS, Question, command_of, mentions
from pipit.sdk.packets import Message


class TooLong(Exception):
    """The question alone is more than may be sent."""


def conversation(
    question: Question, history: Iterable[Message], me: str, settings: ChatAI
) -> list[ChatCompletionMessageParam]:
    """The request's messages. `history` is what was written before, oldest first.

    As many of the latest as there is room for. Raises TooLong.
    """
    room = settings.context_tokens - estimate(settings.instructions) - estimate(question.text)
    if room < 0:
        raise TooLong
    said = [one for one in latest_versions(history) if _counts(one, question, me, settings.name)]
    kept: list[ChatCompletionMessageParam] = []
    for message in reversed(said[max(0, len(said) - settings.context_messages) :]):
        room -= estimate(message.text)
        if room < 0:
            break
        kept.append(_as_said(message, me))
    asked: ChatCompletionMessageParam = {"role": "user", "content": question.text}
    return [{"role": "system", "content": settings.instructions}, *reversed(kept), asked]


def latest_versions(history: Iterable[Message]) -> Sequence[Message]:
    """Messages with their last edit in place of the first version; edits by others do not count."""
    current: dict[int, Message] = {}
    for message in history:
        replaced = message.replaces
        if replaced is None:
            current[message.seq] = message
        elif replaced in current and current[replaced].sender == message.sender:
            current[replaced] = message
    return list(current.values())


def _counts(message: Message, question: Question, me: str, name: str) -> bool:
    if message.seq == question.seq or NOTICE in message.head or not message.text.strip():
        return False
    if message.sender == me:
        return OURS in message.head
    if command_of(message.text.strip()) is not None:
        return False
    return question.private or mentions(message.content, me, name)


def _as_said(message: Message, me: str) -> ChatCompletionMessageParam:
    if message.sender == me:
        return {"role": "assistant", "content": message.text}
    return {"role": "user", "content": message.text}
