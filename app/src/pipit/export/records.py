"""What an export holds as JSON: the account, each conversation, each message, each upload."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from pipit.core import access, cards, clock, ids
from pipit.core.drafty import plain_text
from pipit.store.records import (
    CredentialRecord,
    FileRecord,
    Json,
    LoginRecord,
    Member,
    Message,
    User,
)


class Line(Struct, omit_defaults=True):
    """A message: `text` is `content` in plain words. Readers of a channel do not see who wrote."""

    seq: int
    ts: str
    text: str
    content: Raw
    head: Raw | None = None
    sender: str | None = msgspec.field(name="from", default=None)
    name: str | None = None


def line(message: Message, name: str | None) -> Line:
    """A message; `name` of its sender, None to tell neither."""
    return Line(
        seq=message.seq,
        ts=clock.text(message.ts),
        text=plain_text(decoded(message.content)),
        content=Raw(_on_one_line(message.content)),
        head=Raw(_on_one_line(message.head)) if message.head else None,
        sender=message.sender if name is not None else None,
        name=name,
    )


def decoded(json: Json) -> Any:
    """What JSON says; None for nothing, and for what is nested too deep to be read."""
    try:
        return msgspec.json.decode(json) if json else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _on_one_line(json: bytes) -> bytes:
    """The same JSON: line breaks stand between its tokens only."""
    return json.replace(b"\n", b" ").replace(b"\r", b" ")


def profile(
    user: User, login: LoginRecord | None, credentials: list[CredentialRecord]
) -> dict[str, Any]:
    """The account."""
    return {
        "user": user.id,
        "login": login.login if login else None,
        "state": user.state,
        "created": clock.text(user.created),
        "updated": clock.text(user.updated),
        "last_seen": _seen(user),
        "public": decoded(user.public),
        "trusted": decoded(user.trusted),
        "private": decoded(user.private),
        "tags": user.tags,
        "credentials": [
            {"method": one.method, "value": one.value, "confirmed": one.done} for one in credentials
        ],
        "default_access": {
            "auth": access.text(user.defacs_auth),
            "anon": access.text(user.defacs_anon),
        },
    }


def _seen(user: User) -> dict[str, str] | None:
    return {"when": clock.text(user.seen_at), "ua": user.seen_ua} if user.seen_at else None


def upload(record: FileRecord, path: str) -> dict[str, Any]:
    """A file of the member; `path` in the archive, "" if its bytes are lost."""
    return {
        "file": record.id,
        "name": record.name,
        "type": record.mime,
        "bytes": record.size,
        "created": clock.text(record.created),
        "path": path,
    }


def member(one: Member) -> dict[str, Any]:
    """Somebody in a conversation, as other members see them."""
    name = cards.full_name(one.public)
    return {"user": one.sub.user, "name": name, "access": access.text(one.sub.mode)}


def topic_name(topic: str, user: str, *, reader: bool) -> str:
    """What the member calls a topic."""
    if topic.startswith("p2p"):
        return ids.p2p_peer(topic, user)
    if topic.startswith("slf"):
        return "slf"
    return ids.as_channel(topic) if reader else topic
