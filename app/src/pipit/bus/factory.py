"""The bus that the settings name, and what may be wrong with its message queue."""

from pipit.bus.base import Bus, Outbox
from pipit.bus.memory import MemoryBus
from pipit.config import Settings
from pipit.config.settings import MessageQueue


def make_bus(settings: Settings, outbox: Outbox | None = None) -> Bus:
    """A bus, not opened yet. `outbox`: where events wait while the message queue is away."""
    queue = settings.message_queue
    match queue.type:
        case "redis":
            from pipit.bus.redis import RedisBus

            return RedisBus(queue, outbox)
        case "rabbitmq":
            from pipit.bus.rabbitmq import RabbitBus

            return RabbitBus(queue, outbox)
        case "memory":
            return MemoryBus()


async def examine(queue: MessageQueue) -> list[str]:
    """What should be set otherwise in the message queue; sentences. Raises BusUnavailable."""
    match queue.type:
        case "redis":
            from pipit.bus import redis

            return await redis.examine(queue)
        case "rabbitmq":
            from pipit.bus import rabbitmq

            return await rabbitmq.examine(queue)
        case "memory":
            return []
