"""People who chat as the stock clients do: they write, read, come back when the connection is lost,
and ask for what they lack by number. What each of them sees is kept for the checker
(invariants.py).
"""

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp

from tests.support.client import API_KEY, Body

ANSWER_SECONDS = 10.0
BACK_OFF_SECONDS = (0.1, 0.6)
"""Between losing a connection and the next attempt; real clients take 2 s and more."""

DELIVERED, NOTHING = 208, 204


class Lost(Exception):
    """The connection is gone, or the server told to come again later."""


EXPECTED = (Lost, aiohttp.ClientError, TimeoutError, OSError)
"""How a visit ends."""


@dataclass
class View:
    """A conversation as one member has seen it: contents by number, the last that all before it is
    there for. `page` collects what answers a question. `wrong` is filled as things happen.
    """

    seen: dict[int, str] = field(default_factory=dict)
    last: int = 0
    page: list[Body] | None = None
    wrong: list[str] = field(default_factory=list)

    def data(self, body: Body) -> None:
        """A message came."""
        if self.page is not None:
            self.page.append(body)
        else:
            self._take(body)

    def page_done(self) -> None:
        """The answer is complete; servers send the newest first."""
        page, self.page = self.page or [], None
        for body in sorted(page, key=lambda one: int(one["seq"])):
            self._take(body)

    def lost(self) -> None:
        """The connection broke: what is incomplete is asked for again."""
        self.page = None

    def _take(self, body: Body) -> None:
        seq = int(body["seq"])
        if seq != self.last + 1:
            self.wrong.append(f"{seq} came after {self.last}")
        self.seen[seq] = body["content"]
        self.last = max(self.last, seq)


@dataclass
class Chat:
    """A conversation. `names`: what its members call it, by user."""

    names: dict[str, str]
    sent: set[str] = field(default_factory=set)
    acked: dict[int, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    views: dict[str, View] = field(default_factory=dict)


class Chatter:
    """A person, who writes every `pause` seconds or so to one of the own chats while `writing`."""

    def __init__(self, user: str, token: str, where: Callable[[], str], pause: float) -> None:
        self.user = user
        self.token = token
        self.where = where
        self.pause = pause
        self.chats: dict[str, Chat] = {}
        self.writing = False
        self.there = asyncio.Event()
        self.comings = 0
        self.wrong: list[str] = []
        self._ids = count(1)
        self._messages = count(1)
        self._answers: dict[str, asyncio.Future[Body]] = {}
        self._pages: dict[str, View] = {}
        self._written: dict[str, tuple[Chat, str]] = {}

    def joins(self, chat: Chat) -> None:
        """Is a member of a conversation."""
        self.chats[chat.names[self.user]] = chat
        chat.views[self.user] = View()

    def view(self, name: str) -> View:
        """What was seen of a conversation, by the own name of it."""
        return self.chats[name].views[self.user]

    @property
    def unanswered(self) -> int:
        """Messages that were neither taken nor refused yet, over the connection of now."""
        return len(self._written)

    async def live(self, http: aiohttp.ClientSession) -> None:
        """Comes, chats, comes back, until cancelled."""
        while True:
            with suppress(*EXPECTED):
                async with http.ws_connect(
                    f"{self.where()}?apikey={API_KEY}", max_msg_size=0
                ) as ws:
                    await self._visit(ws)
            self._gone()
            await asyncio.sleep(random.uniform(*BACK_OFF_SECONDS))

    def _gone(self) -> None:
        self.there.clear()
        for future in self._answers.values():
            future.cancel()
        self._answers.clear()
        self._pages.clear()
        self._written.clear()
        for chat in self.chats.values():
            chat.views[self.user].lost()

    async def _visit(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        reader = asyncio.create_task(self._read(ws))
        chatting = asyncio.create_task(self._chat(ws))
        try:
            await asyncio.wait([reader, chatting], return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            chatting.cancel()
            ends = await asyncio.gather(reader, chatting, return_exceptions=True)
        self.wrong += [
            repr(end) for end in ends if not isinstance(end, (*EXPECTED, asyncio.CancelledError))
        ]

    async def _chat(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        await self._ask(ws, "hi", ver="0.25", ua="Chatter/1.0")
        await self._ask(ws, "login", scheme="token", secret=self.token)
        await self._ask(ws, "sub", topic="me", get={"what": "desc sub"})
        for name in self.chats:
            await self._attach(ws, name)
        self.comings += 1
        self.there.set()
        await asyncio.sleep(random.uniform(0, self.pause))
        while True:
            if self.writing and self.chats:
                await self._write(ws)
            await asyncio.sleep(random.uniform(0.5, 1.5) * self.pause)

    async def _attach(self, ws: aiohttp.ClientWebSocketResponse, name: str) -> None:
        view = self.view(name)
        view.page = []
        lacking = {"what": "data", "data": {"since": view.last + 1, "limit": 1000}}
        await self._ask(ws, "sub", page=view, topic=name, get=lacking)

    async def _write(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        name = random.choice(list(self.chats))
        chat, content = self.chats[name], f"{self.user} {next(self._messages)} {'x' * 40}"
        id = f"m{next(self._ids)}"
        chat.sent.add(content)
        self._written[id] = chat, content
        await ws.send_str(json.dumps({"pub": {"id": id, "topic": name, "content": content}}))
        last = self.view(name).last
        if last:
            await ws.send_str(json.dumps({"note": {"topic": name, "what": "read", "seq": last}}))

    async def _ask(
        self,
        ws: aiohttp.ClientWebSocketResponse,
        verb: str,
        page: View | None = None,
        **fields: Any,
    ) -> Body:
        id = str(next(self._ids))
        future = self._answers[id] = asyncio.get_running_loop().create_future()
        if page is not None:
            self._pages[id] = page
        await ws.send_str(json.dumps({verb: {"id": id} | fields}))
        async with asyncio.timeout(ANSWER_SECONDS):
            answer: Body = await future
        if answer.get("code", 200) >= 500:
            raise Lost(f"{verb}: {answer}")
        if answer.get("code", 200) >= 400:
            self.wrong.append(f"{verb} {fields} was answered {answer}")
            raise Lost(f"{verb}: {answer}")
        return answer

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                ((kind, body),) = json.loads(message.data).items()
                self._take(kind, body)
        raise Lost("closed")

    def _take(self, kind: str, body: Body) -> None:
        if kind == "data":
            if body["topic"] in self.chats:
                self.view(body["topic"]).data(body)
            else:
                self.wrong.append(f"{self.user} is no member, but got {body}")
        elif kind in ("ctrl", "meta"):
            self._answered(kind, body)

    def _answered(self, kind: str, body: Body) -> None:
        id = body.get("id", "")
        if id in self._written:
            self._message_answered(*self._written.pop(id), body)
        future = self._answers.pop(id, None)
        if future is not None and not future.done():
            future.set_result(body)
        if kind == "ctrl" and id in self._pages and body["code"] in (DELIVERED, NOTHING):
            self._pages.pop(id).page_done()

    def _message_answered(self, chat: Chat, content: str, answer: Body) -> None:
        if answer["code"] == 202:
            seq = answer["params"]["seq"]
            if chat.acked.setdefault(seq, content) != content:
                self.wrong.append(f"{seq} was given to {chat.acked[seq]!r} and {content!r}")
        elif answer["code"] >= 500:
            chat.refused.add(content)
        else:
            self.wrong.append(f"{content!r} was answered {answer}")
