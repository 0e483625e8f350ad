"""Removes uploads that nothing uses: never sent, or what they were sent in is deleted."""

from __future__ import annotations

import asyncio
import logging

from pipit.core import clock
from pipit.gateway.filestore import FileStore
from pipit.store.base import Store, Unavailable

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600
BATCH = 100
HOUR_MS = 3_600_000


async def run(store: Store, files: FileStore, unlinked_hours: int) -> None:
    """Collects now and every hour, for ever."""
    while True:
        try:
            removed = await collect(store, files, clock.now_ms() - unlinked_hours * HOUR_MS)
            if removed:
                log.info("%d unused files removed", removed)
        except (Unavailable, OSError) as fault:
            log.warning("unused files not removed this time: %s", fault)
        await asyncio.sleep(EVERY_SECONDS)


async def collect(store: Store, files: FileStore, before: int) -> int:
    """Removes unused files uploaded before that time (ms); returns how many.

    The bytes go first: were it interrupted, the record would still tell that there is something to
    do.
    """
    removed = 0
    while unused := [record.id for record in await store.unused_files(before, BATCH)]:
        await files.remove(unused)
        await store.delete_files(unused)
        removed += len(unused)
    return removed
