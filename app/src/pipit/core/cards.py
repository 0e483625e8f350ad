"""theCard, what clients keep in `public` of a person or topic (protocol.md, section 10.4).

Clients may store anything there: nothing here raises for what is no card.
"""

import contextlib
from typing import Any

import msgspec


def full_name(public: bytes | None) -> str:
    """The name (`fn`); "" where there is none."""
    name = _card(public).get("fn")
    return name if isinstance(name, str) else ""


def photo(public: bytes | None) -> tuple[str, str] | None:
    """The type and the base64 of a picture that is kept in the card itself, or None."""
    found = _card(public).get("photo")
    if not isinstance(found, dict):
        return None
    kind, data = found.get("type"), found.get("data")
    if not isinstance(kind, str) or not isinstance(data, str):
        return None
    return (kind if kind.startswith("image/") else f"image/{kind}"), data


def _card(public: bytes | None) -> dict[str, Any]:
    card: Any = None
    with contextlib.suppress(msgspec.DecodeError):
        card = msgspec.json.decode(public) if public else None
    return card if isinstance(card, dict) else {}
