"""The bus that the settings name."""

from pipit.bus.base import Bus
from pipit.bus.memory import MemoryBus
from pipit.config import Settings


def make_bus(settings: Settings) -> Bus:
    """A bus, not opened yet."""
    assert settings.message_queue.type == "memory"
    return MemoryBus()
