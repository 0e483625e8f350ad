"""What tests of logins share."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pipit.accounts.service import Accounts
from pipit.bus.memory import MemoryBus
from pipit.config import load
from pipit.keys import token_key
from pipit.store.sqlite.store import SqliteStore
from tests.support.client import Body, connect
from tests.support.server import Server

PASSWORD = "secret123"


def encoded(text: str) -> str:
    """A secret as it is on the wire."""
    return base64.b64encode(text.encode()).decode()


def answer(reply: Body) -> tuple[int, str, Any]:
    """Code, text and params of a {ctrl}."""
    return reply["code"], reply["text"], reply.get("params")


async def login_code(server: Server, scheme: str, secret: str) -> int:
    """The code that a login on a connection of its own is answered with."""
    async with connect(server) as client:
        return int((await client.request("login", scheme=scheme, secret=secret))["code"])


@asynccontextmanager
async def accounts_of(data_dir: Path) -> AsyncIterator[Accounts]:
    """The accounts of a server that does not run, as the operator's commands use them."""
    settings = load(None, {"PIPIT_DATA_DIR": str(data_dir)})
    store, bus = SqliteStore(settings.database_path), MemoryBus()
    accounts = Accounts(settings, store, bus, token_key(settings.keys_dir))
    await store.open()
    await bus.open()
    await accounts.open()
    try:
        yield accounts
    finally:
        await accounts.close()
        await bus.close()
        await store.close()
