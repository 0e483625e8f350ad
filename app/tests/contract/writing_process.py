"""Appends messages to a store until it is killed; each acknowledged one is a line on stdout.

    python -m tests.contract.writing_process KIND FOLDER

The topics are grp00000000000 to grp00000000009; a message's content is its number.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipit.store.base import Store, StoreError
from pipit.store.records import Message, TopicRecord
from tests.contract.backends import STORES

TOPICS = [f"grp0000000000{number}" for number in range(10)]
IN_FLIGHT = 3
"""Messages under way in each topic."""


async def last_numbers(store: Store) -> dict[str, int]:
    """The number of each topic's last message; makes topics that do not exist."""
    last = {}
    for topic in TOPICS:
        loaded = await store.load_topic(topic)
        if loaded is None:
            await store.create_topic(TopicRecord(topic, 1, 1, 1), [])
        last[topic] = loaded[0].seq if loaded else 0
    return last


async def main(kind: str, folder: Path) -> None:
    """Writes for ever."""
    store = STORES[kind].make(folder)
    await store.open()
    asked = await last_numbers(store)

    def send(topic: str) -> None:
        asked[topic] += 1
        store.append(Message(topic, asked[topic], 1, "usrA", b"%d" % asked[topic]))

    def committed(messages: Sequence[Message], error: StoreError | None) -> None:
        assert error is None, error
        os.write(1, b"".join(b"%s %d\n" % (m.topic.encode(), m.seq) for m in messages))
        for message in messages:
            send(message.topic)

    store.on_committed(committed)
    for topic in TOPICS * IN_FLIGHT:
        send(topic)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
