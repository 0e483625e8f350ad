"""How a change of `public`, `private` or `aux` joins what is there (protocol.md, section 4.7).

These values are kept as the JSON text they came in, since the server has no use for their insides.
"""

from typing import Any

import msgspec

ERASE = "\u2421"
"""The character that stands for "delete this": as a value of a key, or in place of the whole."""


def merge(old: bytes | None, change: Any) -> bytes | None:
    """The JSON text after `change`: objects key by key, anything else as a whole; None when empty.

    A `null` changes nothing.
    """
    if change is None:
        return old
    if change == ERASE:
        return None
    if not isinstance(change, dict):
        return msgspec.json.encode(change)
    before = msgspec.json.decode(old) if old is not None else {}
    merged = dict(before) if isinstance(before, dict) else {}
    merged.update((key, value) for key, value in change.items() if value is not None)
    kept = {key: value for key, value in merged.items() if value != ERASE}
    return msgspec.json.encode(kept) if kept else None
