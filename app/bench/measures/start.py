"""The start of a server that has a history: 10,000 accounts and 1,000,000 messages."""

import asyncio
from pathlib import Path

from bench import proc
from bench.run import Run
from bench.server import data_folder, pipit
from bench.table import Row
from pipit.store.sqlite import SqliteStore
from tests.support.fill import fill


def start(run: Run) -> None:
    """Measure the time from spawning the process to its first good answer on /healthz."""
    accounts, messages = run.sizes.accounts, run.sizes.messages
    with data_folder() as folder:
        run.say(f"start: filling the store with {accounts:,} accounts, {messages:,} messages")
        asyncio.run(_fill(run, folder))
        for _ in range(run.sizes.repeats):
            with pipit(folder) as server:
                run.sample("start: s", server.start_seconds)
                run.sample("start: CPU s", proc.cpu_seconds(server.pid))
    work = f"start with {accounts:,} accounts and {messages:,} messages"
    how = "spawning to 200 on /healthz, files in the page cache"
    run.add(Row("start", work, "s", run.of("start: s"), how, 1.5))
    used = "server CPU until then"
    run.add(Row("start, CPU", f"{work}: CPU", "s", run.of("start: CPU s"), used))


async def _fill(run: Run, folder: Path) -> None:
    """Write accounts and messages beneath the service, where it will look for them."""
    store = SqliteStore(folder / "pipit.db")
    await store.open()
    try:
        await fill(store, run.sizes.accounts, run.sizes.messages, run.say)
    finally:
        await store.close()
