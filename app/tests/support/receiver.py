"""A program that takes webhooks: a real HTTP server, which answers as a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Receiver:
    """What came. `answers` are the statuses of the next answers, 200 after those; while `stalled`
    is set, none is given. Statuses from 300 to 399 send the asker to another path.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    stalled: bool = False
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies, decoded."""
        return [json.loads(body) for body in self.bodies]

    @property
    def texts(self) -> list[str]:
        """The texts of the messages that came."""
        return [event["text"] for event in self.events]

    async def came(self, number: int) -> None:
        """Waits until so many deliveries have come."""
        async with asyncio.timeout(30):
            while len(self.bodies) < number:
                self._news.clear()
                await self._news.wait()

    async def take(self, request: web.Request) -> web.Response:
        """Answers a delivery."""
        self.bodies.append(await request.read())
        self.headers.append(dict(request.headers))
        self.paths.append(request.path)
        self._news.set()
        if self.stalled:
            await asyncio.Event().wait()
        code = self.answers.pop(0) if self.answers else 200
        return web.Response(status=code, headers={"Location": "/away"} if 300 <= code < 400 else {})


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver on 127.0.0.1."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield receiver
    finally:
        await runner.cleanup()
