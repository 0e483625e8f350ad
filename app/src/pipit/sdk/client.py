"""The client: a method for each thing that one may ask of the server.

    async with Client("https://pipit.local") as client:
        await client.login("alice", "secret")
        feed = await client.subscribe("usrAAAAAAAAAAE")
        await client.publish(feed.topic, "Hello")
        async for message in feed:
            print(message.sender, message.text)

All methods raise RequestRefused where the server says no, RequestTimeout and ConnectionLost. A lost
connection comes back by itself, logged in and with its subscriptions.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, Self

from pipit.core.ranges import join
from pipit.sdk import drafty, files
from pipit.sdk.backoff import delays
from pipit.sdk.connection import DEFAULTS, Account, Connection, Offline, Online, Options, basic
from pipit.sdk.drafty import Draft
from pipit.sdk.errors import ConnectionLost, Detached, SdkError
from pipit.sdk.feed import Feed
from pipit.sdk.files import File
from pipit.sdk.packets import Answer, Ctrl, Desc, Info, Message, Meta, Presence, Pushed, Row

log = logging.getLogger(__name__)

MOST_EVENTS = 10_000
"""Events that wait for a program that takes none; then the oldest are dropped."""

ATTACHING = 16
"""Subscriptions that are renewed side by side after a reconnect."""

ID = "x-id"
"""The key in a message's head by which its sender finds it again."""

Event = Presence | Info | Ctrl | Online | Offline
Content = Any
"""Of a message: text, a Draft, or any JSON."""


class Client:
    """A member's connection to the server. Use it with `async with`, in one event loop."""

    def __init__(self, url: str, options: Options = DEFAULTS) -> None:
        """ValueError unless `url` is an address such as `https://pipit.local`."""
        self.connection = Connection(url, options, self._on_packet, self._on_change)
        self._feeds: dict[str, Feed] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(MOST_EVENTS)
        self._attaching: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(ATTACHING)
        self._finding = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.connection.open()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._stop_attaching()
        await self.connection.close()
        self._end(None)

    # Accounts

    @property
    def user(self) -> str:
        """Who one is logged in as, `usr…`; empty before."""
        return self.connection.account.user if self.connection.account else ""

    @property
    def server(self) -> dict[str, Any]:
        """The server's version and limits, such as `maxMessageSize` in bytes."""
        return self.connection.server

    async def login(self, login: str, password: str) -> Account:
        """Logs in. Raises RequestRefused (401) for a wrong password, ConfirmationNeeded."""
        return await self.connection.log_in("basic", basic(login, password))

    async def login_token(self, token: str) -> Account:
        """Logs in with the token of an earlier login. Raises RequestRefused (401)."""
        return await self.connection.log_in("token", token)

    async def sign_up(self, login: str, password: str, name: str = "", email: str = "") -> Account:
        """Makes an account and logs in as it. `name` is what others see.

        Raises RequestRefused: 409 for a login that is taken, 422 for one or a password that is not
        allowed, 403 where nobody may sign up; ConfirmationNeeded.
        """
        secret = basic(login, password)
        body = {
            "user": "new",
            "scheme": "basic",
            "secret": secret,
            "login": True,
            "desc": {"public": {"fn": name or login}},
            "cred": [{"meth": "email", "val": email}] if email else None,
        }
        return self.connection.logged_in(await self.connection.request("acc", body), secret)

    async def confirm(self, code: str, method: str = "email") -> Account:
        """Answers ConfirmationNeeded with the code that was mailed. Raises it again if wrong."""
        assert self.connection.account, "log in or sign up first"
        answer = [{"meth": method, "resp": code}]
        return await self.connection.log_in("token", self.connection.account.token, cred=answer)

    async def change_password(self, login: str, password: str) -> None:
        """Sets a new password for one's login name, and logs in anew: other sessions and all older
        tokens end. Raises RequestRefused: 422 for a password that is not allowed.
        """
        secret = basic(login, password)
        await self.ask("acc", scheme="basic", secret=secret)
        await self.connection.renew(secret)

    async def delete_account(self) -> None:
        """Deletes one's account, for good."""
        await self.ask("del", what="user", hard=True)

    # Topics

    async def subscribe(self, topic: str, since: int | None = None, mode: str = "") -> Feed:
        """Attaches to a topic, joining it where one is no member; its messages.

        `since` is the number of the first message wanted; None: those from now on. `mode` asks for
        other access than the default, e.g. "JRP". Raises RequestRefused: 403, 404.
        """
        if feed := self._feeds.get(topic):
            await feed.attached.wait()
            return feed
        feed = self._feeds[topic] = Feed(topic, self.ask)
        try:
            await self._attach(feed, {"sub": {"mode": mode}} if mode else None)
        except BaseException as error:
            self._feeds.pop(topic, None)
            feed.end(error if isinstance(error, SdkError) else None)  # others may wait for it
            raise
        feed.start(since)
        return feed

    async def create_group(self, name: str, channel: bool = False, **set_: Any) -> Feed:
        """Makes a group, or a channel that anybody may read. `set_`: more of {sub}'s `set`."""
        topic = "nch" if channel else "new"
        desc = {"public": {"fn": name}} | set_.pop("desc", {})
        answers = await self.connection.request(
            "sub", {"topic": topic, "set": {"desc": desc, **set_}, "get": {"what": "desc"}}, None, 2
        )
        feed = Feed(_ctrl(answers).topic, self.ask)
        self._feeds[feed.topic] = feed
        feed.attach(_desc(answers))
        feed.start(None)
        return feed

    async def leave(self, topic: str, unsubscribe: bool = False) -> None:
        """Ends the feed; with `unsubscribe` the membership too. Raises RequestRefused (403)."""
        await self.ask("leave", topic=topic, unsub=unsubscribe or None)
        if feed := self._feeds.pop(topic, None):
            feed.end()

    async def conversations(self) -> list[Row]:
        """All conversations of one's own."""
        await self.subscribe("me")
        return await self.members("me")

    async def members(self, topic: str) -> list[Row]:
        """The members of a topic that one is subscribed to."""
        return _meta(await self.ask("get", topic=topic, what="sub")).sub or []

    async def desc(self, topic: str) -> Desc:
        """What a topic or a person (`usr…`, `me`) is. Raises RequestRefused (404)."""
        return _meta(await self.ask("get", topic=topic, what="desc")).desc or Desc()

    async def find(self, query: str) -> list[Row]:
        """People, groups and channels by tags: "alice", "email:a@example.com", "chess club".

        Words apart must all match, words with a comma between need not.
        """
        await self.subscribe("fnd")
        async with self._finding:  # the query is a state of the session
            await self.ask("set", topic="fnd", desc={"public": query})
            return await self.members("fnd")

    async def describe(self, topic: str, **desc: Any) -> None:
        """Changes a description: `public={"fn": "Chess club"}`, `private`, `defacs`; or of "me"."""
        await self.ask("set", topic=topic, desc=desc)

    async def set_tags(self, topic: str, tags: list[str]) -> None:
        """Replaces the tags by which `find` finds a group, or "me"."""
        await self.ask("set", topic=topic, tags=tags)

    async def invite(self, topic: str, user: str, mode: str | None = None) -> None:
        """Makes somebody a member, or changes a member's access."""
        await self.ask(
            "set", topic=topic, sub={"user": user, "mode": mode} if mode else {"user": user}
        )

    async def remove(self, topic: str, user: str) -> None:
        """Removes a member from a group."""
        await self.ask("del", topic=topic, what="sub", user=user)

    async def delete_topic(self, topic: str) -> None:
        """Deletes a group of one's own for all, or one's own side of a chat of two."""
        await self.ask("del", topic=topic, what="topic", hard=True)
        if feed := self._feeds.pop(topic, None):
            feed.end()

    # Messages

    async def publish(self, topic: str, content: Content, **head: Any) -> int:
        """Sends a message to a subscribed topic; its number. It is stored when this returns.

        `head` is passed on to the readers. The feed brings the message too, as everybody else's.
        If the connection breaks, it is looked up whether the message is there, and sent again if it
        is not. Raises RequestRefused: 403 if one may not write, 409 if not subscribed.
        """
        if isinstance(content, Draft):
            content = content.content
            head = ({"mime": drafty.MIME} if isinstance(content, dict) else {}) | head
        head = {ID: secrets.token_urlsafe(8)} | head
        shown = drafty.addresses(content)
        extra = {"attachments": shown} if shown else None
        known = self._feeds[topic].top if topic in self._feeds else 0
        while True:
            try:
                answer = await self.ask("pub", extra, topic=topic, head=head, content=content)
                return int(_ctrl([answer]).param("seq"))
            except ConnectionLost:
                if not (feed := self._feeds.get(topic)):
                    raise
                if seq := await self._stored(feed, head[ID], known + 1):
                    return seq

    async def edit(self, topic: str, seq: int, content: Content) -> int:
        """Replaces a message of one's own by a newer version; the number of that.

        `seq` is always that of the first version.
        """
        return await self.publish(topic, content, replace=f":{seq}")

    async def delete_messages(self, topic: str, *numbers: int, for_all: bool = False) -> None:
        """Deletes messages for oneself or for all. Raises RequestRefused (403) for old ones."""
        spans = join((number, number + 1) for number in numbers)
        ranges = [{"low": low, "hi": hi} for low, hi in spans]
        await self.ask("del", topic=topic, what="msg", delseq=ranges, hard=for_all or None)

    async def mark_read(self, topic: str, seq: int) -> None:
        """Tells that all messages up to `seq` are read."""
        await self._note(topic, "read", seq)

    async def mark_received(self, topic: str, seq: int) -> None:
        """Tells that all messages up to `seq` have arrived."""
        await self._note(topic, "recv", seq)

    async def typing(self, topic: str) -> None:
        """Tells that one is writing; apps show it for a few seconds."""
        await self._note(topic, "kp")

    # Files

    async def upload(self, source: Path | bytes, name: str = "", mime: str = "") -> File:
        """Uploads a file; name and type are told from its path unless they are given.

        It is kept once a message shows it (`Draft.image`, `Draft.attach`). Raises RequestRefused:
        413 if it is larger than `server["maxFileUploadSize"]` bytes or the quota is used up.
        """
        return await files.upload(self.connection, source, name, mime)

    async def download(self, url: str) -> bytes:
        """The content of a file, `url` being its address in a message.

        ValueError if that is on another server, which shall not get to know the login. Raises
        RequestRefused (404), also if one may not see it.
        """
        return b"".join([chunk async for chunk in self.download_chunks(url)])

    def download_chunks(self, url: str) -> AsyncIterator[bytes]:
        """The same in pieces, for files that are large."""
        return files.download(self.connection, url)

    # What else there is

    async def events(self) -> AsyncIterator[Event]:
        """What else happens: presence, what others do, evictions, Offline and Online.

        Ends when the client is closed; raises RequestRefused if the login is refused when the
        connection comes back. If nobody takes them, the oldest are dropped; messages never are.
        """
        while (event := await self._events.get()) is not None:
            yield event
        if self.connection.failure:
            raise self.connection.failure

    async def ask(self, verb: str, extra: dict[str, Any] | None = None, /, **body: Any) -> Answer:
        """Any request of the protocol; its first answer. Fields that are None are left out."""
        if verb != "sub" and (feed := self._feeds.get(body.get("topic", ""))):
            await self._attached(feed)
        return (await self.connection.request(verb, body, extra))[0]

    async def _note(self, topic: str, what: str, seq: int | None = None) -> None:
        if feed := self._feeds.get(topic):
            await self._attached(feed)
        await self.connection.send("note", {"topic": topic, "what": what, "seq": seq})

    async def _stored(self, feed: Feed, name: str, since: int) -> int:
        """The number of the message with this id, if it was sent before the connection broke.

        Else 0. Raises ConnectionLost if the connection does not come back in time.
        """
        await self._attached(feed)
        found = (message.seq for message in await feed.since(since) if message.head.get(ID) == name)
        return next(found, 0)

    async def _attached(self, feed: Feed) -> None:
        """After a reconnect, requests wait until the topic is attached again."""
        try:
            async with asyncio.timeout(self.connection.options.offline_wait):
                await feed.attached.wait()
        except TimeoutError:
            raise self.connection.offline() from None

    async def _attach(self, feed: Feed, set_: dict[str, Any] | None = None) -> None:
        body = {"topic": feed.topic, "set": set_, "get": {"what": "desc"}}
        answers = await self.connection.request("sub", body, None, 2)
        if len(answers) == 1:  # attached already, for an answer that came too late
            get = {"topic": feed.topic, "what": "desc"}
            answers += await self.connection.request("get", get)
        feed.attach(_desc(answers))

    async def _attach_again(self, feed: Feed) -> None:
        """After a reconnect: until it works, or the server says that it never will."""
        for delay in delays():
            try:
                async with self._slots:
                    return await self._attach(feed)
            except SdkError as error:
                if not error.is_passing:
                    log.warning("%s", error)
                    self._feeds.pop(feed.topic, None)
                    return feed.end(error)
            await asyncio.sleep(delay)

    def _on_packet(self, packet: Pushed) -> None:
        if isinstance(packet, Message):
            if feed := self._feeds.get(packet.topic):
                feed.take(packet)
            return
        if isinstance(packet, Ctrl) and packet.code == 205 and packet.topic in self._feeds:
            self._feeds.pop(packet.topic).end(Detached(packet.topic))
        self._put(packet)

    def _on_change(self, change: Online | Offline | SdkError) -> None:
        self._stop_attaching()
        if isinstance(change, SdkError):
            self._end(change)
            return
        for feed in self._feeds.values():
            feed.attached.clear()
            if isinstance(change, Online):
                self._start(self._attach_again(feed))
        self._put(change)

    def _start(self, attaching: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(attaching)
        self._attaching.add(task)
        task.add_done_callback(self._attaching.discard)

    def _stop_attaching(self) -> None:
        for task in self._attaching:
            task.cancel()

    def _end(self, error: SdkError | None) -> None:
        for feed in self._feeds.values():
            feed.end(error)
        self._put(None)

    def _put(self, event: Event | None) -> None:
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)


def _ctrl(answers: list[Answer]) -> Ctrl:
    assert isinstance(answers[0], Ctrl)
    return answers[0]


def _meta(answer: Answer) -> Meta:
    """The part that was asked for; an empty one where the server says that there is nothing."""
    return answer if isinstance(answer, Meta) else Meta()


def _desc(answers: list[Answer]) -> Desc:
    """What came behind the {ctrl} of a {sub}."""
    return _meta(answers[-1]).desc or Desc()
