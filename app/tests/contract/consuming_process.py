"""Subscribes to a message queue until it is killed; each event handled is a line on stdout.

python -m tests.contract.consuming_process KIND PORT GROUP
"""

import asyncio
import os
import sys

from pipit.bus.base import Bus
from pipit.bus.events import AnyEvent
from pipit.bus.rabbitmq import RabbitBus
from pipit.bus.redis import RedisBus
from pipit.config.settings import MessageQueue


async def main(kind: str, port: int, group: str) -> None:
    """Handles events for ever."""
    settings = MessageQueue(port=port)
    bus: Bus = RedisBus(settings) if kind == "redis" else RabbitBus(settings)
    await bus.open()

    async def handle(event: AnyEvent) -> None:
        os.write(1, b"%d\n" % event.at)

    await bus.subscribe(group, handle)
    os.write(1, b"ready\n")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
