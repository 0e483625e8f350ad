"""A module's own account: it reads and writes topics as any member does, over the protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from pipit.config import ConfigError, Settings
from pipit.config.modules import Member as MemberSettings
from pipit.modules.base import Context
from pipit.sdk.backoff import delays
from pipit.sdk.client import Client
from pipit.sdk.connection import Offline, Online, Options
from pipit.sdk.drafty import Draft
from pipit.sdk.errors import SdkError
from pipit.sdk.packets import Message, Meta

log = logging.getLogger(__name__)

OPTIONS = Options(user_agent="PipitModule/1.0", offline_wait=None)
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class Member:
    """The account, logged in again whenever the service comes back.

    `user` is its id, empty until the first login; `fault` what keeps it from its work, "" if
    nothing does. Methods wait for the service as long as it takes, and raise SdkError.
    """

    def __init__(self, url: str, settings: MemberSettings) -> None:
        self.user = ""
        self.fault = "not logged in yet"
        self._url = url
        self._settings = settings
        self._client: Client | None = None
        self._logged_in = asyncio.Event()

    async def ready(self) -> Client:
        """Waits until it is logged in."""
        while not self._logged_in.is_set() or self._client is None:
            await self._logged_in.wait()
        return self._client

    async def post(self, topic: str, content: str | dict[str, Any], head: dict[str, Any]) -> int:
        """Publishes text or Drafty, joining the topic if need be; the message's number."""
        client = await self.ready()
        await client.subscribe(topic)
        message = Draft(content) if isinstance(content, str) else content
        return await client.publish(topic, message, **head)

    async def history(self, topic: str, since: int, before: int, most: int) -> list[Message]:
        """The latest `most` messages from `since` on and below `before` (0: to the end), oldest
        first.
        """
        client = await self.ready()
        feed = await client.subscribe(topic)
        latest = await feed.history(before or None, most)
        return [message for message in latest if message.seq >= since]

    async def belongs(self, topic: str) -> bool:
        """Whether it is in a topic, and may read and write there. A chat of two is always one."""
        if topic.startswith("usr"):
            return True
        client = await self.ready()
        await client.subscribe("me")
        mode = await _mode(client, "me", {"topic": topic})
        return {"R", "W"} <= set(mode)

    async def access(self, topic: str, user: str) -> str:
        """The letters of a member's access; "" for who is none."""
        client = await self.ready()
        await client.subscribe(topic)
        return await _mode(client, topic, {"user": user})

    async def names(self, topic: str) -> dict[str, str]:
        """What people in a topic are called, by their ids."""
        client = await self.ready()
        await client.subscribe(topic)
        if topic.startswith("usr"):
            return {topic: (await client.desc(topic)).name or topic}
        return {row.user: row.name or row.user for row in await client.members(topic)}

    async def typing(self, topic: str) -> None:
        """Tells that it is writing."""
        client = await self.ready()
        await client.subscribe(topic)
        await client.typing(topic)

    async def leave(self, topic: str) -> None:
        """Stops following a topic, and stays a member."""
        with suppress(SdkError):
            await (await self.ready()).leave(topic)

    async def keep(self, on_login: Callable[[Client], Awaitable[None]]) -> None:
        """Stays logged in, until cancelled."""
        for delay in delays():
            try:
                async with Client(self._url, OPTIONS) as client:
                    await client.login(self._settings.login, self._settings.password)
                    await on_login(client)
                    await self._follow(client)
            except SdkError as error:
                self.fault = str(error)
                log.warning("not logged in at %s: %s", self._url, error)
            finally:
                self._logged_in.clear()
                self._client = None
            await asyncio.sleep(delay)

    async def _follow(self, client: Client) -> None:
        """Watches the connection, until the service does not let the account in again."""
        self.user, self._client = client.user, client
        self._set(Online())
        async for event in client.events():
            self._set(event)

    def _set(self, event: object) -> None:
        if isinstance(event, Online):
            self.fault = ""
            self._logged_in.set()
        elif isinstance(event, Offline):
            self.fault = event.reason


async def _mode(client: Client, topic: str, of: dict[str, str]) -> str:
    """The access in the one row of a topic's list that is about `of`; "" if there is none."""
    answer = await client.ask("get", topic=topic, what="sub", sub=of)
    rows = (answer.sub or []) if isinstance(answer, Meta) else []
    return next((row.acs.mode for row in rows if row.acs), "")


async def nothing(_client: Client) -> None:
    """What most modules do after a login."""


@asynccontextmanager
async def logged_in(
    context: Context,
    settings: MemberSettings,
    section: str,
    on_login: Callable[[Client], Awaitable[None]] = nothing,
) -> AsyncIterator[Member]:
    """The module's account; /healthz fails as long as it is not logged in. Raises ConfigError."""
    for key in ("login", "password"):
        if not getattr(settings, key):
            hint = " (make an account with `pipit user add`)" if key == "login" else ""
            name = f"{section}.{key}" + ("_file" if key == "password" else "")
            allowed = f"that of the module's own account{hint}"
            raise ConfigError(f"{name}: found nothing, allowed: {allowed}")
    member = Member(settings.url or service_url(context.settings), settings)
    context.checks["account"] = lambda: member.fault
    async with asyncio.TaskGroup() as tasks:  # unexpected errors end the module, with a traceback
        keeping = tasks.create_task(member.keep(on_login))
        yield member
        keeping.cancel()


def service_url(settings: Settings) -> str:
    """The address of the service on this machine."""
    host = ANYWHERE.get(settings.server.host, settings.server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"
