"""What each action of `pipit queue` asks for, and what it prints."""

import argparse
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import msgspec

from pipit.bus.base import DeadLetter
from pipit.commands.owner import operator
from pipit.config import Settings
from pipit.gateway.queue_operations import (
    DeadLetters,
    Discard,
    QueueOperation,
    QueueReply,
    QueueStatus,
    Replay,
)

Action = Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]


async def _status(settings: Settings, arguments: argparse.Namespace) -> int:
    reply = await _ask(settings, QueueStatus(arguments.groups))
    kind = settings.message_queue.type
    print(f"message queue: {kind}, {f'away: {reply.fault}' if reply.fault else 'connected'}")
    print(f"events waiting for it: {reply.waiting + reply.outbox}; lost: {reply.lost}")
    if reply.groups:
        print(f"{'GROUP':20} {'WAITING':>9} {'DEAD':>9}")
    for group in reply.groups:
        print(f"{group.name:20} {group.waiting:9} {group.dead:9}")
    if kind == "rabbitmq" and not reply.groups:
        print("RabbitMQ does not tell which groups there are: name them")
    return 1 if reply.fault else 0


async def _dead(settings: Settings, arguments: argparse.Namespace) -> int:
    reply = await _ask(settings, DeadLetters(arguments.group, arguments.limit))
    for letter in reply.letters:
        print(msgspec.json.encode(letter).decode() if arguments.json else _line(letter))
    return 0


async def _replay(settings: Settings, arguments: argparse.Namespace) -> int:
    reply = await _ask(settings, Replay(arguments.group, arguments.key))
    return _counted(reply, "handed to the group again", arguments.key)


async def _discard(settings: Settings, arguments: argparse.Namespace) -> int:
    reply = await _ask(settings, Discard(arguments.group, arguments.key))
    return _counted(reply, "forgotten", arguments.key)


ACTIONS: dict[str, Action] = {
    "status": _status,
    "dead": _dead,
    "replay": _replay,
    "discard": _discard,
}


async def _ask(settings: Settings, operation: QueueOperation) -> QueueReply:
    async with operator(settings) as perform:
        reply = (await perform(operation)).queue
    assert reply is not None
    return reply


def _counted(reply: QueueReply, what: str, key: str) -> int:
    """Says how many there were; 1 if there was none of a key."""
    print(f"{reply.number} {'event' if reply.number == 1 else 'events'} {what}")
    return 1 if key and not reply.number else 0


def _line(letter: DeadLetter) -> str:
    moment = datetime.fromtimestamp(letter.at / 1000)
    reason = "".join(one if one.isprintable() else "?" for one in letter.reason)
    return f"{moment:%Y-%m-%d %H:%M:%S}  {letter.key}  {reason}"
