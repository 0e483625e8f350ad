"""Finds connections that are dead, stuck, or never said a word: one timer for all of them.

A wheel of slots turns once in PING_SECONDS. Each WebSocket sits in one slot, and is looked at when
the wheel comes by: pinged, and a while later asked for the answer. Time is counted in ticks, so
that a stalled machine, which has not read the answers yet either, does not drop everyone.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode

if TYPE_CHECKING:
    from pipit.gateway.websocket import WebSocketSession

TICK_SECONDS = 0.5
PING_SECONDS = 49.5
PONG_SECONDS = 5.5
"""Together 55 s, after which a peer that does not answer is dropped (protocol.md, section 1.3)."""
HELLO_SECONDS = 15
"""For the first {hi}. Logging in may take as long as its user takes."""
STUCK_SECONDS = 10
"""For a client to read anything of what waits for it, or to answer a close."""

SLOTS = round(PING_SECONDS / TICK_SECONDS)
PONG_TICKS = round(PONG_SECONDS / TICK_SECONDS)
HELLO_TICKS = round(HELLO_SECONDS / TICK_SECONDS)
STUCK_TICKS = round(STUCK_SECONDS / TICK_SECONDS)


class Heartbeat:
    """Looks after all WebSocket sessions."""

    def __init__(self) -> None:
        self.tick = 0
        self.wheel: list[set[WebSocketSession]] = [set() for _ in range(SLOTS)]
        self.stuck: dict[WebSocketSession, int] = {}
        self.longest_lag = 0.0

    async def run(self) -> None:
        """Turns the wheel for ever; how late it comes to it tells how long the loop was busy."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            lag = time.monotonic() - began - TICK_SECONDS
            self.longest_lag = max(self.longest_lag, lag)
            self.turn()

    def take_longest_lag(self) -> float:
        """The longest lag since this was asked last, in seconds."""
        lag, self.longest_lag = self.longest_lag, 0.0
        return lag

    def add(self, session: WebSocketSession) -> None:
        """A session is new; its first ping comes in PING_SECONDS."""
        session.slot = self.tick % SLOTS
        self.wheel[session.slot].add(session)

    def remove(self, session: WebSocketSession) -> None:
        """A session is gone."""
        self.wheel[session.slot].discard(session)
        self.stuck.pop(session, None)

    def watch(self, session: WebSocketSession) -> None:
        """A session has to get rid of something within STUCK_SECONDS."""
        self.stuck[session] = self.tick + STUCK_TICKS

    def unwatch(self, session: WebSocketSession) -> None:
        """It got rid of it."""
        self.stuck.pop(session, None)

    def turn(self) -> None:
        """One tick."""
        self.tick += 1
        for session in self._passed(0):
            session.ping()
        for session in self._passed(PONG_TICKS):
            if session.is_silent:
                session.cut_off("answers no ping")
        for session in self._passed(HELLO_TICKS):
            if not session.version:
                session.close(WSCloseCode.POLICY_VIOLATION)
        for session, due in list(self.stuck.items()):
            if due <= self.tick:
                self._judge(session)

    def _passed(self, ticks: int) -> list[WebSocketSession]:
        return list(self.wheel[(self.tick - ticks) % SLOTS])

    def _judge(self, session: WebSocketSession) -> None:
        if session.moves():
            self.watch(session)
        else:
            session.cut_off("does not read")
