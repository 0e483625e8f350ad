"""What the definitions of settings are written with."""

from typing import Annotated

from msgspec import Meta


def about(description: str, least: float | None = None, most: float | None = None) -> Meta:
    """A key's line in the reference, and the range of a number."""
    return Meta(description=description, ge=least, le=most)


Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Budget = Annotated[int, Meta(ge=0, le=1_000_000_000)]
