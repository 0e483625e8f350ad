"""Fills a store with accounts and history, quickly, through the store's own methods."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from pipit.core import access, ids
from pipit.store.base import Store, StoreError
from pipit.store.records import Message, Subscription, TopicRecord, User

START = 1_760_000_000_000
"""When all this happens, in milliseconds since 1970: October 2025."""

AT_ONCE = 2000
"""So many changes are asked before the first is waited for."""

CONTENT = b'"The quick brown fox jumps over the lazy dog. %d"'


def nothing(_progress: str) -> None:
    """Says nothing."""


async def fill(
    store: Store, accounts: int, messages: int, say: Callable[[str], None] = nothing
) -> list[str]:
    """Makes accounts, each with a chat with the next, and as many messages, spread over the chats.

    Takes over what the store has in `on_committed`. Returns the accounts' ids.
    """
    users = [ids.new_user_id() for _ in range(accounts)]
    chats = list(pairwise(users))
    await _all(store.create_user(_account(at, user)) for at, user in enumerate(users))
    await _all(store.create_topic(*_chat(one, other)) for one, other in chats)
    say(f"{accounts} accounts")
    await _append(store, _history(chats, messages), say)
    return users


async def _all(changes: Iterable[object]) -> None:
    waiting = []
    for change in changes:
        waiting.append(asyncio.ensure_future(change))  # type: ignore[call-overload]
        if len(waiting) == AT_ONCE:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)


def _account(at: int, user: str) -> User:
    public = b'{"fn":"Person %d"}' % at
    mode = access.P2P_DEFAULT
    return User(user, START, START, defacs_auth=mode, public=public, tags=[f"person{at}"])


def _chat(one: str, other: str) -> tuple[TopicRecord, list[Subscription]]:
    name, mode = ids.p2p_name(one, other), access.P2P_DEFAULT
    sides = [Subscription(name, user, mode, mode, START, START) for user in (one, other)]
    return TopicRecord(name, START, START, START), sides


def _history(chats: Sequence[tuple[str, str]], messages: int) -> Iterator[Message]:
    """Chat by chat: what lies together is written together."""
    for at, chat in enumerate(chats):
        share = messages * (at + 1) // len(chats) - messages * at // len(chats)
        name = ids.p2p_name(*chat)
        for seq in range(1, share + 1):
            yield Message(name, seq, START + seq * 1000, chat[seq % 2], CONTENT % seq)


async def _append(store: Store, history: Iterable[Message], say: Callable[[str], None]) -> None:
    stored, asked = 0, 0
    news = asyncio.Event()

    def committed(messages: Sequence[Message], error: StoreError | None) -> None:
        nonlocal stored
        if error is not None:
            raise error
        stored += len(messages)
        news.set()

    async def wait(most: int) -> None:
        while asked - stored > most:
            news.clear()
            await news.wait()

    store.on_committed(committed)
    for message in history:
        store.append(message)
        asked += 1
        if asked % AT_ONCE == 0:
            await wait(AT_ONCE)
        if asked % 100_000 == 0:
            say(f"{asked} messages")
    await wait(0)
