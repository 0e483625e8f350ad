"""The place that is being filled, open for nobody else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pipit import keys
from pipit.accounts.service import Accounts
from pipit.bus.memory import MemoryBus
from pipit.config import Settings
from pipit.demo.appending import Appender
from pipit.gateway.filestore import FileStore
from pipit.store.base import Store
from pipit.store.factory import make_store


@dataclass(slots=True)
class Place:
    """`now`: the local time at which the story ends. `users`: ids by login; `spoke`: when each
    wrote last, in milliseconds since 1970.
    """

    store: Store
    accounts: Accounts
    files: FileStore
    appender: Appender
    now: datetime
    seed: int
    users: dict[str, str] = field(default_factory=dict)
    spoke: dict[str, int] = field(default_factory=dict)

    @property
    def now_ms(self) -> int:
        """The same time in milliseconds since 1970."""
        return int(self.now.timestamp() * 1000)


@asynccontextmanager
async def opened(settings: Settings, seed: int) -> AsyncIterator[Place]:
    """The place of these settings. Raises StoreError, KeyFileError, OSError."""
    async with AsyncExitStack() as stack:
        store = make_store(settings)
        await store.open()
        stack.push_async_callback(store.close)
        key = keys.token_key(settings.keys_dir)
        accounts = Accounts(settings, store, MemoryBus(), key)
        await accounts.open()
        stack.push_async_callback(accounts.close)
        files = FileStore(settings.files_dir)
        files.open()
        yield Place(store, accounts, files, Appender(store), datetime.now(), seed)
