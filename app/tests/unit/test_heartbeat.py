"""The wheel that pings, and drops who is dead, stuck or silent."""

from typing import Any, cast

import pytest

from pipit.gateway.heartbeat import HELLO_TICKS, PONG_TICKS, SLOTS, STUCK_TICKS, Heartbeat
from pipit.gateway.websocket import WebSocketSession


class Peer:
    """A session as the wheel sees it; writes down what is done to it."""

    slot = 0
    version = "0.25"
    is_silent = False
    moving = False

    def __init__(self) -> None:
        self.happened: list[tuple[int, str]] = []
        self.wheel = Heartbeat()

    def ping(self) -> None:
        self._note("ping")
        self.is_silent = True

    def close(self, code: int) -> None:
        self._note(f"close {code}")

    def cut_off(self, reason: str) -> None:
        self._note(reason)

    def moves(self) -> bool:
        return self.moving

    def _note(self, what: str) -> None:
        self.happened.append((self.wheel.tick, what))


@pytest.fixture
def peer() -> Peer:
    return Peer()


def session(peer: Peer) -> WebSocketSession:
    return cast(WebSocketSession, cast(Any, peer))


def turn(peer: Peer, ticks: int) -> None:
    for _ in range(ticks):
        peer.wheel.turn()


def test_a_client_that_answers_is_pinged_once_a_turn(peer: Peer) -> None:
    peer.wheel.add(session(peer))
    for _ in range(3 * SLOTS):
        peer.wheel.turn()
        peer.is_silent = False
    assert peer.happened == [(SLOTS * n, "ping") for n in (1, 2, 3)]


def test_a_client_that_does_not_answer_a_ping_is_dropped(peer: Peer) -> None:
    peer.wheel.add(session(peer))
    turn(peer, SLOTS + PONG_TICKS)
    assert peer.happened == [(SLOTS, "ping"), (SLOTS + PONG_TICKS, "answers no ping")]


def test_a_client_that_never_says_hi_is_closed(peer: Peer) -> None:
    peer.version = ""
    peer.wheel.add(session(peer))
    turn(peer, HELLO_TICKS)
    assert peer.happened == [(HELLO_TICKS, "close 1008")]


def test_a_client_is_cut_off_when_nothing_of_what_waits_for_it_moves(peer: Peer) -> None:
    peer.wheel.add(session(peer))
    peer.wheel.watch(session(peer))
    peer.moving = True
    turn(peer, 2 * STUCK_TICKS)
    assert peer.happened == []
    peer.moving = False
    turn(peer, STUCK_TICKS)
    assert peer.happened == [(3 * STUCK_TICKS, "does not read")]


def test_a_session_that_is_gone_is_left_alone(peer: Peer) -> None:
    peer.version = ""
    peer.wheel.add(session(peer))
    peer.wheel.watch(session(peer))
    peer.wheel.remove(session(peer))
    turn(peer, 2 * SLOTS)
    assert peer.happened == []
