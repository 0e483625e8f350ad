"""How a session writes: joined, in order, bounded. The transport is a stand-in."""

import asyncio
from typing import Any, cast

import pytest

from pipit.gateway.heartbeat import Heartbeat
from pipit.gateway.outbound import BATCH, Outbound
from pipit.gateway.sessions import MOST_WAITING, Sessions
from pipit.gateway.websocket import Endpoint, WebSocketSession
from pipit.wire.codec import Frames

HELLO, WORLD = Frames(b"hello"), Frames(b"world")


class Transport:
    """Takes everything at once, or nothing once it is `full`."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.full = False
        self.waiting = 0
        self.happened: list[str] = []
        self.session: WebSocketSession

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.full:
            self.waiting += len(data)
            self.session.pause_writing()

    def empty(self) -> None:
        """The client reads everything."""
        self.full, self.waiting = False, 0
        self.session.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return "abort" in self.happened

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.happened.append(name)


class Lobby:
    """Sessions as far as a session needs them."""

    def __init__(self) -> None:
        self.cut_off = 0
        self.lost_ones: list[WebSocketSession] = []

    def opened(self, session: WebSocketSession) -> None:
        pass

    def lost(self, session: WebSocketSession) -> None:
        self.lost_ones.append(session)


@pytest.fixture
async def endpoint() -> Endpoint:
    lobby = cast(Sessions, cast(Any, Lobby()))
    return Endpoint(lobby, Outbound(asyncio.get_running_loop()), Heartbeat(), 131072)


def connected(endpoint: Endpoint) -> tuple[WebSocketSession, Transport]:
    transport = Transport()
    session = WebSocketSession(endpoint, cast(asyncio.Transport, cast(Any, transport)), "::1")
    transport.session = session
    session.opened()
    return session, transport


def flush(endpoint: Endpoint) -> None:
    """The end of a tick."""
    while endpoint.outbound.waiting:
        endpoint.outbound.flush()


async def test_what_one_session_gets_in_a_tick_is_one_write(endpoint: Endpoint) -> None:
    session, transport = connected(endpoint)
    session.send(HELLO)
    session.send(WORLD)
    assert transport.written == []
    flush(endpoint)
    assert transport.written == [HELLO.wire + WORLD.wire]


async def test_what_all_get_is_joined_once_and_shared(endpoint: Endpoint) -> None:
    pairs = [connected(endpoint) for _ in range(3)]
    for frames in (HELLO, WORLD):
        for session, _ in pairs:
            session.send(frames)
    flush(endpoint)
    first, second, third = (transport.written[0] for _, transport in pairs)
    assert first is second is third


async def test_sessions_with_different_frames_get_their_own(endpoint: Endpoint) -> None:
    (ann, to_ann), (bob, to_bob) = connected(endpoint), connected(endpoint)
    ann.send(HELLO)
    bob.send(HELLO)
    bob.send(WORLD)
    flush(endpoint)
    assert to_ann.written == [HELLO.wire]
    assert to_bob.written == [HELLO.wire + WORLD.wire]


async def test_a_large_fan_out_lets_other_work_in_between(endpoint: Endpoint) -> None:
    pairs = [connected(endpoint) for _ in range(BATCH + 1)]
    for session, _ in pairs:
        session.send(HELLO)
    await asyncio.sleep(0)
    assert sum(bool(transport.written) for _, transport in pairs) == BATCH
    flush(endpoint)
    assert all(transport.written == [HELLO.wire] for _, transport in pairs)


async def test_what_is_sent_while_the_client_does_not_read_waits_in_order(
    endpoint: Endpoint,
) -> None:
    session, transport = connected(endpoint)
    transport.full = True
    session.send(HELLO)
    flush(endpoint)
    assert "pause_reading" in transport.happened
    session.send(WORLD)
    session.send(HELLO)
    flush(endpoint)
    assert transport.written == [HELLO.wire]
    transport.empty()
    flush(endpoint)
    assert transport.written == [HELLO.wire, WORLD.wire + HELLO.wire]
    assert transport.happened[-1] == "resume_reading"


async def test_a_client_that_does_not_read_is_cut_off_at_the_bound(endpoint: Endpoint) -> None:
    session, transport = connected(endpoint)
    large = Frames(b"x" * 100_000)
    transport.full = True
    session.send(large)
    flush(endpoint)
    while not transport.is_closing():
        session.send(large)
    assert MOST_WAITING <= session.held <= MOST_WAITING + 2 * 100_000
    assert endpoint.sessions.cut_off == 1
    session.send(large)
    session.connection_lost(None)
    assert session.pending == []


async def test_an_answer_larger_than_the_bound_reaches_a_client_that_reads(
    endpoint: Endpoint,
) -> None:
    session, transport = connected(endpoint)
    page = Frames(*[b"x" * 131_000] * 24)
    session.send(page)
    flush(endpoint)
    assert transport.written == [page.wire]


async def test_drained_waits_until_the_client_has_read(endpoint: Endpoint) -> None:
    session, transport = connected(endpoint)
    transport.full = True
    session.send(HELLO)
    waiting = asyncio.ensure_future(session.drained())
    await asyncio.sleep(0)
    assert transport.written == [HELLO.wire]
    assert not waiting.done()
    transport.empty()
    await waiting


async def test_drained_ends_with_the_connection(endpoint: Endpoint) -> None:
    session, transport = connected(endpoint)
    transport.full = True
    session.send(HELLO)
    waiting = asyncio.ensure_future(session.drained())
    await asyncio.sleep(0)
    session.connection_lost(None)
    await waiting


async def test_closing_says_why_after_what_was_sent(endpoint: Endpoint) -> None:
    session, transport = connected(endpoint)
    session.send(HELLO)
    session.close(1001)
    session.send(WORLD)
    session.close(1000)
    flush(endpoint)
    assert b"".join(transport.written) == HELLO.wire + b"\x88\x02\x03\xe9"
    assert "write_eof" in transport.happened


async def test_reading_goes_on_when_neither_side_is_behind(endpoint: Endpoint) -> None:
    session, transport = connected(endpoint)
    session.pause()
    transport.full = True
    session.send(HELLO)
    flush(endpoint)
    transport.empty()
    assert "resume_reading" not in transport.happened
    session.resume()
    assert "resume_reading" in transport.happened
