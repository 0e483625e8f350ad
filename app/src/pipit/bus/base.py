"""The contract of a bus: what every backend honours (tests/contract/test_bus.py).

At least once, in order, to every group of modules; a slow or failing group never slows a publisher
or another group.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from pipit.bus.events import AnyEvent, Event

Handler = Callable[[AnyEvent], Awaitable[None]]


class Bus(Protocol):
    """Carries events from the service to its modules."""

    async def open(self) -> None:
        """Gets ready."""

    async def close(self) -> None:
        """Lets handlers finish what they hold, then stops."""

    def publish(self, event: Event) -> None:
        """Hands an event over and returns at once; never raises, never waits."""

    async def subscribe(self, group: str, handler: Handler) -> None:
        """From now on calls `handler` with every event, one after another, for this group.

        A handler that raises is called again, later and later; after the last try the event is put
        among the dead letters and the next one follows.
        """

    def dead_letters(self, group: str) -> list[AnyEvent]:
        """Events that the group's handler never managed, oldest first."""
