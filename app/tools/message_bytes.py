"""How many bytes of disk a message takes in MongoDB: stores some through the store itself.

    .venv/bin/python -m tools.message_bytes

Texts are made of this repository's own prose, 82 bytes on average; 200 chats take turns.
"""

import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

from pipit.config.settings import Database
from pipit.core import ids
from pipit.store.mongodb import MongoStore
from pipit.store.records import Message, TopicRecord
from tests.support.mongod import Mongod
from tests.support.processes import free_port

MESSAGES = 100_000
CHATS = 200
PROSE = Path(__file__).parents[2] / "README.md"


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory(prefix="pipit-bytes-", dir="/var/tmp") as folder:
        server = Mongod(Path(folder), free_port(), ())
        server.start()
        try:
            asyncio.run(_store(server.port))
            _print(server)
        finally:
            server.kill()


async def _store(port: int) -> None:
    store = MongoStore(Database(type="mongodb", port=port))
    await store.open()
    chats = [ids.p2p_name(ids.new_user_id(), ids.new_user_id()) for _ in range(CHATS)]
    for chat in chats:
        await store.create_topic(TopicRecord(chat, 1, 1, 1), [])
    words = PROSE.read_text("utf-8").replace('"', "").split()
    chance = random.Random(3)  # noqa: S311
    seqs = dict.fromkeys(chats, 0)
    for at in range(MESSAGES):
        chat = chance.choice(chats)
        seqs[chat] += 1
        text = " ".join(chance.choices(words, k=chance.randint(2, 24)))
        sender = ids.p2p_users(chat)[at % 2]
        store.append(
            Message(chat, seqs[chat], 1_763_900_000_000 + at * 731, sender, f'"{text}"'.encode())
        )
        if at % 1000 == 0:
            await store.load_topic(chat)  # which waits for all that was asked
    await store.close()


def _print(server: Mongod) -> None:
    with server.client() as client:
        client.admin.command("fsync")
        found: dict[str, Any] = client["im_database"].command("collStats", "messages")
    print(f"{found['count']:,} messages, MongoDB {_version(server)}")
    print(f"a message as BSON     {found['avgObjSize']:6.0f} bytes")
    print(f"on disk, compressed   {found['storageSize'] / found['count']:6.1f} bytes")
    print(f"its entry in the index{found['totalIndexSize'] / found['count']:6.1f} bytes")


def _version(server: Mongod) -> str:
    with server.client() as client:
        return str(client.server_info()["version"])


if __name__ == "__main__":
    main()
