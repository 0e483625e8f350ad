"""Which gateway a topic belongs to: topics fall into slots, slots are shared out among gateways.

Shares follow from rendezvous hashing (Thaler and Ravishankar 1998): every gateway has a weight for
every slot, the heaviest gets it. Who comes takes only what it wins, who goes leaves only what it
had; nothing else moves. A fixed number of slots keeps what Redis holds small: the leases of 256
slots, however many topics there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

SLOTS = 256
"""With three gateways each gets 85 give or take 8. All gateways of a cluster need the same."""


@lru_cache(maxsize=65536)
def slot_of(topic: str) -> int:
    """The slot of a topic, by its internal name."""
    return crc32(topic.encode()) % SLOTS


@lru_cache(maxsize=64)
def shares(names: tuple[str, ...]) -> Sequence[str]:
    """The name of the gateway that each slot belongs to, by slot. `names` must not be empty."""
    return [max(names, key=lambda name: (_weight(slot, name), name)) for slot in range(SLOTS)]


@lru_cache(maxsize=16384)
def _weight(slot: int, name: str) -> bytes:
    return blake2b(f"{slot} {name}".encode(), digest_size=8).digest()
