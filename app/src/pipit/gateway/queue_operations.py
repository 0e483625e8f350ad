"""What the owner does with the message queue from the command line: each request, and its doing."""

from msgspec import Struct

from pipit.bus.base import Bus, BusUnavailable, DeadLetter, GroupStatus


class QueueError(Exception):
    """What was asked cannot be done; the message says why, in a sentence for the terminal."""


class QueueStatus(Struct, tag=True):
    """Tell how far groups are; all without names."""

    groups: list[str] = []


class DeadLetters(Struct, tag=True):
    """List a group's dead letters, oldest first."""

    group: str
    limit: int = 100


class Replay(Struct, tag=True):
    """Hand a group's dead letters to it again, all or those of a key."""

    group: str
    key: str = ""


class Discard(Struct, tag=True):
    """Forget a group's dead letters, all or those of a key."""

    group: str
    key: str = ""


QueueOperation = QueueStatus | DeadLetters | Replay | Discard


class QueueReply(Struct):
    """What was found, or how many letters were replayed or discarded.

    `waiting`: events in the service's memory, `outbox` in its store, `lost` for want of room there.
    `fault`: why the message queue could not tell how far groups are.
    """

    waiting: int
    outbox: int
    lost: int
    groups: list[GroupStatus] = []
    letters: list[DeadLetter] = []
    number: int = 0
    fault: str = ""


async def perform(bus: Bus, operation: QueueOperation) -> QueueReply:
    """Does what is asked. Raises QueueError."""
    figures = bus.figures
    reply = QueueReply(figures.waiting, figures.outbox, figures.dropped)
    try:
        match operation:
            case QueueStatus(groups):
                reply.groups = await bus.status(groups)
            case DeadLetters(group, limit):
                reply.letters = await bus.dead_letters(group, limit)
            case Replay(group, key):
                reply.number = await bus.replay(group, key)
            case Discard(group, key):
                reply.number = await bus.discard(group, key)
    except (BusUnavailable, ValueError) as fault:
        if isinstance(fault, ValueError) or not isinstance(operation, QueueStatus):
            raise QueueError(str(fault)) from fault
        reply.fault = str(fault)
    return reply
