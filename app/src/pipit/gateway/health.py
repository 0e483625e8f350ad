"""GET /healthz: whether messages can be stored right now."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import msgspec
from aiohttp import web

from pipit.cluster.cluster import Cluster
from pipit.store.base import Store, StoreError

log = logging.getLogger(__name__)

KEPT_SECONDS = 2.0
"""How long an outcome counts, so that nobody wears out the disk by asking."""
PATIENCE_SECONDS = 4.0


class Health:
    """Asks the store, and remembers what came of it for a moment."""

    def __init__(self, store: Store, cluster: Cluster | None = None) -> None:
        self.store = store
        self.cluster = cluster
        self.fault = ""
        self.round_trip = 0.0
        self._asked_at = -KEPT_SECONDS
        self._asking = asyncio.Lock()

    async def check(self) -> str:
        """What is wrong, "" if nothing; `round_trip` is how long the store took, in seconds."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= KEPT_SECONDS:
                await self._ask()
            return self.fault

    async def get(self, _request: web.Request) -> web.Response:
        """200, or 503 with what fails."""
        fault = await self.check()
        body: dict[str, Any] = {"status": "failing" if fault else "ok", "store": fault or "ok"}
        if self.cluster is not None:
            body["cluster"] = msgspec.to_builtins(self.cluster.figures())
        return web.json_response(body, status=503 if fault else 200)

    async def _ask(self) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.store.ping()
            self.fault = ""
        except TimeoutError:
            self.fault = f"no answer within {PATIENCE_SECONDS:g} s"
        except StoreError as error:
            self.fault = str(error)
        self._asked_at = time.monotonic()
        self.round_trip = self._asked_at - began
        if self.fault:
            log.warning("not healthy: the store: %s", self.fault)
