"""What the owner's commands share: the running service, or else the store; errors in a line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from pipit.config import Settings
from pipit.gateway import control, operations
from pipit.gateway.control import Perform
from pipit.gateway.operations import OperationError
from pipit.gateway.server import open_service
from pipit.keys import KeyFileError
from pipit.store.base import StoreError


def run(work: Coroutine[Any, Any, int]) -> int:
    """Runs a command; what keeps it from its work is told on standard error, exit code 1."""
    try:
        return asyncio.run(work)
    except (OperationError, StoreError, KeyFileError, OSError) as fault:
        print(f"pipit: {fault}", file=sys.stderr)
        return 1


@asynccontextmanager
async def operator(settings: Settings) -> AsyncIterator[Perform]:
    """Has the running service do operations, or does them in its place if none runs.

    Raises OperationError, StoreError, KeyFileError.
    """
    async with control.connect(settings.data_dir) as perform:
        if perform is not None:
            yield perform
            return
        async with open_service(settings) as service:
            yield partial(operations.perform, service.hub)
