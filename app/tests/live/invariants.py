"""What must hold of conversations whatever dies: a checker of what people sent, were told, and saw,
against what is kept in the end.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.live.chatter import Chat


@dataclass(frozen=True)
class Entry:
    """A message as it is kept. Its content begins with its sender and the sender's count."""

    seq: int
    sender: str
    content: str


@dataclass(frozen=True)
class Row:
    """What a member's list of conversations says in the end."""

    seq: int
    read: int


def faults(chat: Chat, histories: list[list[Entry]], rows: Iterable[Row] = ()) -> list[str]:
    """Everything that is wrong with a conversation."""
    kept = histories[0]
    return [
        *_readers_agree(histories),
        *_acknowledged_is_kept(chat, kept),
        *_nothing_twice(kept),
        *_numbers_are_dense(kept),
        *_somebody_sent_it(chat, kept),
        *_refused_is_not_kept(chat, kept),
        *_members_saw_all_of_it(chat, kept),
        *_counters_are_right(kept, rows),
    ]


def _readers_agree(histories: list[list[Entry]]) -> list[str]:
    return ["readers differ" for other in histories if other != histories[0]]


def _acknowledged_is_kept(chat: Chat, kept: list[Entry]) -> list[str]:
    stored = {entry.seq: entry.content for entry in kept}
    return [f"lost or moved: {s} {c!r}" for s, c in chat.acked.items() if stored.get(s) != c]


def _nothing_twice(kept: list[Entry]) -> list[str]:
    counts = Counter(entry.content for entry in kept)
    return [f"doubled: {content!r}" for content, number in counts.items() if number > 1]


def _numbers_are_dense(kept: list[Entry]) -> list[str]:
    numbers = [entry.seq for entry in kept]
    return [] if numbers == list(range(1, len(kept) + 1)) else [f"not dense: {numbers}"]


def _somebody_sent_it(chat: Chat, kept: list[Entry]) -> list[str]:
    return [
        f"nobody sent {entry}"
        for entry in kept
        if entry.content not in chat.sent or entry.content.split()[0] != entry.sender
    ]


def _refused_is_not_kept(chat: Chat, kept: list[Entry]) -> list[str]:
    return [f"refused, but kept: {e.content!r}" for e in kept if e.content in chat.refused]


def _members_saw_all_of_it(chat: Chat, kept: list[Entry]) -> list[str]:
    """Each member saw every message once, in order, and as it is kept."""
    stored = {entry.seq: entry.content for entry in kept}
    found = []
    for user, view in chat.views.items():
        found += [f"{user} saw {wrong}" for wrong in view.wrong]
        found += [f"{user} saw {s} {c!r}" for s, c in view.seen.items() if stored.get(s) != c]
        lacking = stored.keys() - view.seen.keys()
        if lacking:
            found.append(f"{user} never saw {sorted(lacking)}")
    return found


def _counters_are_right(kept: list[Entry], rows: Iterable[Row]) -> list[str]:
    """In the end everybody has read everything."""
    return [f"the list says {row}" for row in rows if row != Row(len(kept), len(kept))]
