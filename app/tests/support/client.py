"""A small client of the protocol for tests: one WebSocket, requests, replies, what is pushed.

    async with connect(server) as alice:
        await alice.signup("alice")
        reply = await alice.request("sub", topic="me", get={"what": "desc sub"})
        assert reply["code"] == 200
        desc = await alice.next("meta", topic="me")

Packets wait in the order in which they came until `next` or `request` takes them. The answer to the
probe `1` waits as a packet of the kind "probe".
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

from tests.support.server import Server

API_KEY = "AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"
PATIENCE = 10.0
"""Seconds to wait for a packet: so many that a busy machine fails no test."""

Body = dict[str, Any]
Condition = Callable[[Body], bool]


class Closed(AssertionError):
    """The server closed the connection while a packet was awaited."""


def basic(login: str, password: str) -> str:
    """The secret of the scheme `basic`."""
    return base64.b64encode(f"{login}:{password}".encode()).decode()


@asynccontextmanager
async def connect(server: Server, *, hello: bool = True) -> AsyncIterator["Client"]:
    """A connected client, which has said {hi} unless told otherwise."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.ws}?apikey={API_KEY}", max_msg_size=0) as ws,
    ):
        client = Client(ws)
        try:
            if hello:
                await client.hello()
            yield client
        finally:
            await client.stop()


class Client:
    """One session. Not for sharing between tasks that await packets of the same kind."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.user = ""
        self.token = ""
        self.waiting: list[tuple[str, Body]] = []
        self._ids = count(1)
        self._arrival = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(lambda _: self._arrival.set())

    async def hello(self, **fields: Any) -> Body:
        """Says {hi}."""
        greeting = {"ver": "0.25", "ua": "PipitTest/1.0"} | fields
        return await self.request("hi", **greeting)

    async def signup(self, login: str, password: str = "secret123", **fields: Any) -> Body:  # noqa: S107
        """Makes an account, by default with `login` as its name, and is logged in as it."""
        account = {"desc": {"public": {"fn": login}}} | fields
        reply = await self.request(
            "acc", user="new", scheme="basic", secret=basic(login, password), login=True, **account
        )
        return self._logged_in(reply)

    async def login(self, login: str, password: str = "secret123") -> Body:  # noqa: S107
        """Logs in with a password."""
        secret = basic(login, password)
        return self._logged_in(await self.request("login", scheme="basic", secret=secret))

    async def login_token(self, token: str) -> Body:
        """Logs in with a token."""
        return self._logged_in(await self.request("login", scheme="token", secret=token))

    async def request(self, verb: str, *, extra: Body | None = None, **fields: Any) -> Body:
        """Sends a request with an id; returns the first {ctrl} or {meta} that has it.

        Whatever its code: tests assert that. What follows (data, more meta) is left to `next`.
        """
        name = await self.send(verb, extra=extra, id=str(next(self._ids)), **fields)
        return await self.next("ctrl", "meta", id=name)

    async def send(self, verb: str, *, extra: Body | None = None, **fields: Any) -> str:
        """Sends a packet as it is, with an id only if `id` is given; returns the id."""
        packet = {verb: fields} | ({"extra": extra} if extra else {})
        await self.ws.send_str(json.dumps(packet))
        return str(fields.get("id", ""))

    async def next(self, *kinds: str, where: Condition | None = None, **fields: Any) -> Body:
        """Takes the first packet of one of the kinds that has these fields and satisfies `where`.

        AssertionError, with what came instead, if there is none in time.
        """

        def wanted(kind: str, body: Body) -> bool:
            equal = all(body.get(name) == value for name, value in fields.items())
            return kind in kinds and equal and (where is None or where(body))

        try:
            async with asyncio.timeout(PATIENCE):
                return await self._take(wanted)
        except TimeoutError:
            came = json.dumps(self.waiting, ensure_ascii=False)
            raise AssertionError(f"no {'/'.join(kinds)} with {fields} came, but {came}") from None

    async def closed(self) -> int | None:
        """Waits until the server has closed the connection; the close code."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._reader)
        return self.ws.close_code

    async def stop(self) -> None:
        """Ends reading; the connection is closed by whoever opened it."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _take(self, wanted: Callable[[str, Body], bool]) -> Body:
        while True:
            for index, (kind, body) in enumerate(self.waiting):
                if wanted(kind, body):
                    del self.waiting[index]
                    return body
            if self._reader.done():
                raise Closed(f"the server closed the connection, code {self.ws.close_code}")
            self._arrival.clear()
            await self._arrival.wait()

    async def _read(self) -> None:
        """Collects packets until the connection ends."""
        async for message in self.ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                packet = json.loads(message.data)
                self.waiting.extend(packet.items() if packet else [("probe", {})])
                self._arrival.set()

    def _logged_in(self, reply: Body) -> Body:
        assert reply["code"] == 200, reply
        self.user, self.token = reply["params"]["user"], reply["params"]["token"]
        return reply
