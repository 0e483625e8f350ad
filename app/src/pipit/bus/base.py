"""The contract of a bus: what every backend honours (tests/contract/test_bus.py).

Events go to groups of modules: at least once, in order, and a slow or failing group never slows a
publisher or another group. A group is a name: in all processes that subscribe under it, one at a
time does the work; the others take over within seconds when that one ends.

Control messages go to every process.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from pipit.bus.control import AnyControl
from pipit.bus.events import AnyEvent

Handler = Callable[[AnyEvent], Awaitable[None]]
ControlHandler = Callable[[AnyControl], Awaitable[None]]


class BusUnavailable(Exception):
    """The message queue gives no answer; the message says why."""


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that a group's handler never managed.

    `key` is the event's, `at` when it was given up (milliseconds since 1970), `reason` what the
    last try raised, `event` its JSON text.
    """

    key: str
    at: int
    reason: str
    event: msgspec.Raw


class GroupStatus(msgspec.Struct, frozen=True):
    """How many events a group has before it, and how many were given up."""

    name: str
    waiting: int
    dead: int


@dataclass(slots=True)
class Figures:
    """What a bus counts. `published` by kind; `waiting` in memory; `outbox` in the store;
    `dropped` because the outbox was full; `connected` whether the message queue can be reached.
    """

    published: Counter[type] = field(default_factory=Counter)
    waiting: int = 0
    outbox: int = 0
    dropped: int = 0
    connected: bool = False


class Outbox(Protocol):
    """Where events wait, durably, while the message queue is away: a part of the store."""

    async def put_outbox(self, events: Sequence[bytes]) -> None:
        """Appends events; returns when they are committed."""

    async def outbox(self, limit: int) -> list[tuple[int, bytes]]:
        """The oldest events with their numbers."""

    async def drop_outbox(self, numbers: Iterable[int]) -> None:
        """Forgets events."""

    async def outbox_size(self) -> int:
        """How many events wait."""


class Bus(Protocol):
    """Carries events from the service to its modules, and control messages between processes."""

    figures: Figures

    async def open(self) -> None:
        """Gets ready; a message queue that is away is waited for in the background."""

    async def close(self) -> None:
        """Lets handlers finish what they hold and events leave, each for some seconds at most."""

    def publish(self, event: AnyEvent) -> None:
        """Hands an event over and returns at once; never raises, never waits."""

    async def subscribe(self, group: str, handler: Handler, *, at_once: int = 1) -> None:
        """From now on calls `handler` with every event, for this group.

        A group that was there before goes on where it was. `at_once` 1: one event after another,
        in order. More: up to so many at the same time, those about the same conversation or account
        (`about`) still one after another. Returns when the group is known to the message queue,
        which is waited for.

        A handler that raises is called again, later and later; after the last try the event is put
        among the dead letters and the next one follows. An event whose key was handled a short
        while ago is passed over. A group that is too far behind loses the oldest events.

        Raises ValueError if this process has a handler for the group.
        """

    # -- control messages --------------------------------------------------------------------------

    def on_control(self, handler: ControlHandler) -> None:
        """From now on calls `handler` with control messages, one after another."""

    def broadcast(self, control: AnyControl) -> None:
        """Tells every process, this one too; returns at once, never raises.

        Others hear of it within a second. While the message queue is away it is sent later.
        """

    # -- looking into it ---------------------------------------------------------------------------

    async def status(self, groups: Sequence[str] = ()) -> list[GroupStatus]:
        """How far groups are; all that are known without names. Raises BusUnavailable, ValueError
        for an unknown group.
        """

    async def dead_letters(self, group: str, limit: int = 100) -> list[DeadLetter]:
        """Events that the group's handler never managed, oldest first. Raises BusUnavailable."""

    async def replay(self, group: str, key: str = "") -> int:
        """Hands dead letters to the group again, all or those of a key; how many there were.

        Raises BusUnavailable.
        """

    async def discard(self, group: str, key: str = "") -> int:
        """Forgets dead letters, all or those of a key; how many there were.

        Raises BusUnavailable.
        """
