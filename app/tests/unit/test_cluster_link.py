"""Two gateways get to know each other, and what is sent arrives, in order and whole."""

import asyncio
import socket
from typing import Any

import pytest

from pipit.cluster import messages as msg
from pipit.cluster.link import Hooks, Link
from pipit.store.base import Unavailable
from pipit.wire.codec import Frames

KEY = b"k" * 32


class Noted(Hooks):
    """Notes what a link tells; answers questions with the member's number of them."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.messages: list[msg.Message] = []
        self.news = asyncio.Event()
        self.gone = asyncio.Event()

    def opened(self, link: Link) -> None:
        self.links.append(link)
        self.news.set()

    def received(self, link: Link, message: msg.Message) -> None:
        self.messages.append(message)
        self.news.set()
        if isinstance(message, msg.Ask):
            link.send(msg.Answer(message.call, "the answer", None))

    def lost(self, link: Link) -> None:
        self.gone.set()

    async def until(self, number: int) -> None:
        """Waits until so many messages came."""
        async with asyncio.timeout(5):
            while len(self.messages) < number:
                self.news.clear()
                await self.news.wait()


async def connect(
    called_key: bytes = KEY, expected: str = "b.1"
) -> tuple[Link, Noted, Link, Noted]:
    """Both ends of a connection between a.1, who calls, and b.1."""
    loop = asyncio.get_running_loop()
    ends = socket.socketpair()
    here, there = Noted(), Noted()
    caller = Link(here, "a.1", KEY, calls=expected)
    called = Link(there, "b.1", called_key)
    for link, end in ((caller, ends[0]), (called, ends[1])):
        end.setblocking(False)
        await loop.create_connection(lambda link=link: link, sock=end)  # type: ignore[misc]
    async with asyncio.timeout(5):
        await caller.known
    return caller, here, called, there


async def close(*links: Link) -> None:
    for link in links:
        link.close()
    await asyncio.sleep(0)


async def test_both_know_who_the_other_is() -> None:
    caller, here, called, there = await connect()
    assert (caller.peer, called.peer) == ("b.1", "a.1")
    assert (here.links, there.links) == ([caller], [called])
    await close(caller, called)


@pytest.mark.parametrize(
    ("key", "expected"), [(b"x" * 32, "b.1"), (KEY, "c.1")], ids=["another key", "another name"]
)
async def test_who_cannot_prove_itself_is_not_let_in(key: bytes, expected: str) -> None:
    caller, here, called, _ = await connect(key, expected)
    assert caller.peer == ""
    assert here.links == []
    await close(caller, called)


async def test_messages_arrive_in_order() -> None:
    caller, _, called, there = await connect()
    sent = [msg.Committed("grpA", number) for number in range(100)]
    for message in sent[:50]:
        caller.send(message)
    await asyncio.sleep(0)
    for message in sent[50:]:
        caller.send(message)
    await there.until(100)
    assert there.messages == sent
    await close(caller, called)


async def test_the_same_frames_for_many_clients_travel_once() -> None:
    caller, _, called, there = await connect()
    shared, other = Frames(b'{"data":1}'), Frames(b'{"data":2}')
    for number in (1, 2, 3):
        caller.send_to(number, shared)
    caller.send_to(4, other)
    caller.send_to(5, shared)
    await there.until(3)
    assert there.messages == [
        msg.Send([1, 2, 3], [b'{"data":1}']),
        msg.Send([4], [b'{"data":2}']),
        msg.Send([5], [b'{"data":1}']),
    ]
    await close(caller, called)


async def test_a_question_is_answered_or_fails_when_the_link_breaks() -> None:
    caller, _, called, _ = await connect()
    assert await caller.ask(msg.Shown("usrA", [])) == "the answer"
    asked = asyncio.ensure_future(caller.ask(msg.Shown("usrA", [])))
    await asyncio.sleep(0)
    called.close()
    with pytest.raises(Unavailable):
        await asked
    with pytest.raises(Unavailable):
        await caller.ask(msg.Shown("usrA", []))


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\4nope", b"GET / HTTP/1.1\r\n\r\n"])
async def test_strangers_are_sent_away(data: bytes) -> None:
    loop = asyncio.get_running_loop()
    ends = socket.socketpair()
    hooks = Noted()
    ends[1].setblocking(False)
    called = Link(hooks, "b.1", KEY)
    await loop.create_connection(lambda: called, sock=ends[1])
    await loop.sock_sendall(_nonblocking(ends[0]), data)
    async with asyncio.timeout(5):
        while await loop.sock_recv(ends[0], 65536):
            pass
    assert hooks.links == []
    ends[0].close()


def _nonblocking(end: socket.socket) -> Any:
    end.setblocking(False)
    return end


async def test_what_was_handed_over_is_late_until_the_other_has_heard() -> None:
    caller, _, called, _ = await connect()
    assert not caller.is_late(7, heard=0)
    caller.hand_over([7, 8])
    assert caller.is_late(7, heard=0)
    assert not caller.is_late(9, heard=0)
    assert not caller.is_late(7, heard=1)
    await close(caller, called)
