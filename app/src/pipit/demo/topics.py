"""The topic and the subscriptions of each kind of conversation."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from pipit.core import access, ids
from pipit.demo.pictures import emblem
from pipit.demo.story.telling import Conversation
from pipit.store.records import Subscription, TopicRecord


def topic(
    conversation: Conversation, users: Mapping[str, str], at: int
) -> tuple[TopicRecord, list[Subscription]]:
    """The topic as it is when it is made, at `at` (ms). `users` are the ids of logins."""
    first, *others = (users[login] for login in conversation.members)
    match conversation.kind:
        case "chat":
            record = TopicRecord(ids.p2p_name(first, others[0]), at, at, at)
            modes = [(first, access.P2P_DEFAULT, access.USER_AUTH)]
            modes += [(others[0], access.P2P_DEFAULT, access.P2P_DEFAULT)]
        case "notes":
            record = TopicRecord(ids.slf_name(first), at, at, at, first, defacs_auth=access.SELF)
            modes = [(first, access.SELF, access.FULL)]
        case _:
            record = _group(conversation, first, at)
            modes = [(first, access.FULL, access.FULL)]
            modes += [(other, access.GROUP_AUTH, access.GROUP_AUTH) for other in others]
    subs = [Subscription(record.name, user, want, given, at, at) for user, want, given in modes]
    for login in conversation.readers:
        reader = (access.READER, access.READER, at, at)
        subs.append(Subscription(record.name, users[login], *reader, reader=True))
    return record, subs


def _group(conversation: Conversation, owner: str, at: int) -> TopicRecord:
    channel = conversation.kind == "channel"
    public = {
        "fn": conversation.title,
        "note": conversation.note,
        "photo": photo(emblem(conversation.emblem)),
    }
    return TopicRecord(
        ids.new_group_name(), at, at, at, owner, channel,
        defacs_auth=access.CHANNEL_AUTH if channel else access.GROUP_AUTH,
        public=msgspec.json.encode(public),
        trusted=msgspec.json.encode({"verified": True}) if channel else None,
        tags=sorted(conversation.tags),
    )  # fmt: skip


def photo(png: bytes) -> dict[str, Any]:
    """A picture as it is kept in a profile."""
    return {"type": "png", "data": base64.b64encode(png).decode()}
