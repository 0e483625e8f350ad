"""Which messages are for the assistant, and what each wants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from pipit.bus.events import MessageStored
from pipit.core import drafty, ids

COMMAND = re.compile(r"/ai(?:\s+(.*))?", re.DOTALL | re.IGNORECASE)

OURS = "x-ai-answers"
"""In the head of what the assistant writes: the number of the message that it answers."""
NOTICE = "x-ai-notice"
"""In the head of what does not come from the model."""

PASSED_OVER = frozenset({"replace", "webrtc", "auto", OURS})
"""Heads of what is no question: edits, calls, and what programs write, lest two of them answer each
other for ever.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A message to the assistant. `topic` is the name under which the assistant sees it, `command`
    what follows `/ai`, None for a question to the model.
    """

    topic: str
    seq: int
    user: str
    text: str
    command: str | None

    @property
    def private(self) -> bool:
        """Whether it is in a chat of two."""
        return self.topic.startswith("usr")


def question(event: MessageStored, me: str, name: str) -> Question | None:
    """The question in a message, None if it is not for the assistant: it has the user id `me`, and
    people call it `name`.
    """
    topic = seen_as(event.topic, me)
    head = msgspec.json.decode(event.head) or {}
    if topic is None or event.sender == me or not PASSED_OVER.isdisjoint(head):
        return None
    content = msgspec.json.decode(event.content)
    text = drafty.plain_text(content).strip()
    command = command_of(text)
    if command is None and topic.startswith("grp") and not mentions(content, me, name):
        return None
    return Question(topic, event.seq, event.sender, text, command) if text else None


def seen_as(topic: str, me: str) -> str | None:
    """How `me` sees a topic; None if it is a chat of others, or notes."""
    if topic.startswith("grp"):
        return topic
    if topic.startswith("p2p") and me in ids.p2p_users(topic):
        return ids.p2p_peer(topic, me)
    return None


def command_of(text: str) -> str | None:
    """What follows `/ai`, in lower case; None if the text is no such command."""
    found = COMMAND.fullmatch(text)
    return (found[1] or "").strip().lower() if found else None


def mentions(content: Any, me: str, name: str) -> bool:
    """Whether a message names the assistant: by the apps' mention, or as `@name`."""
    entities = content.get("ent") if isinstance(content, dict) else None
    if me in _mentioned(entities if isinstance(entities, list) else ()):
        return True
    text = drafty.plain_text(content)
    return re.search(rf"(?<!\w)@{re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _mentioned(entities: Iterable[Any]) -> Iterable[Any]:
    for entity in entities:
        if isinstance(entity, dict) and entity.get("tp") == "MN":
            data = entity.get("data")
            yield data.get("val") if isinstance(data, dict) else None
