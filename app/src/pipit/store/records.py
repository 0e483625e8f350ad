"""What a store holds. Times are milliseconds since 1970; modes are the bits of core.access.

`public`, `trusted`, `private`, `aux`, `head` and `content` are JSON text (UTF-8 bytes), never
looked into. A topic is named by its internal name: `grp…`, `p2p…`, `slf…`, or `sys`.

Structs of msgspec: they are made faster than classes with slots. Those that are made by the dozen
hold nothing that could refer back to them, so the garbage collector is spared them (gc=False):
50 contacts take 14 µs to make, as dataclasses 30.
"""

from typing import Literal

from msgspec import Struct, field

from pipit.core import access

UserState = Literal["ok", "susp", "del"]
Json = bytes | None


class User(Struct):
    """An account. `token_gen` counts what ends all older tokens: password changes, suspensions.

    `me_want` is the access the user wants on `me` (without P: unseen by others); `search` is the
    stored query of `fnd`.
    """

    id: str
    created: int
    updated: int
    state: UserState = "ok"
    level: int = 20
    defacs_auth: int = 0
    defacs_anon: int = 0
    public: Json = None
    trusted: Json = None
    private: Json = None
    tags: list[str] = field(default_factory=list)
    seen_at: int | None = None
    seen_ua: str = ""
    token_gen: int = 0
    me_want: int = access.ME
    search: Json = None


class LoginRecord(Struct):
    """A name that somebody logs in with, and the hash of its secret. One per user and scheme."""

    user: str
    scheme: str
    login: str
    secret: str


class CredentialRecord(Struct):
    """An e-mail address or telephone number; `code` is the hash of what was sent to confirm it."""

    user: str
    method: str
    value: str
    done: bool = False
    code: str = ""
    tries: int = 0
    created: int = 0


class TopicRecord(Struct):
    """A conversation. `seq` is the number of its last message, `del_id` of its last deletion.

    `readers` is counted when it is loaded: a channel's subscriptions that are no memberships.
    """

    name: str
    created: int
    updated: int
    touched: int
    owner: str = ""
    channel: bool = False
    defacs_auth: int = 0
    defacs_anon: int = 0
    seq: int = 0
    del_id: int = 0
    public: Json = None
    trusted: Json = None
    aux: Json = None
    tags: list[str] = field(default_factory=list)
    readers: int = 0


class Subscription(Struct, gc=False):
    """One user's part in a topic. `reader`: follows a channel, is no member of its group.

    `cleared` is the number of the last deletion that concerned this user alone or everybody.
    """

    topic: str
    user: str
    want: int
    given: int
    created: int
    updated: int
    read: int = 0
    recv: int = 0
    cleared: int = 0
    reader: bool = False
    private: Json = None
    deleted: int | None = None

    @property
    def mode(self) -> int:
        """What this user may do: what is wanted and given."""
        return self.want & self.given


class Member(Struct):
    """A subscription with the little of its user that a list of members shows."""

    sub: Subscription
    public: Json = None
    trusted: Json = None
    user_updated: int = 0


class Contact(Struct, gc=False):
    """A row of somebody's list of conversations: the own subscription and a summary of the topic.

    For a chat of two, `public`, `trusted`, `seen_*` and `gone` are the other user's (gone: no such
    account any more); `updated` is the last change of what `public` and `trusted` say.
    """

    sub: Subscription
    updated: int
    touched: int
    seq: int
    members: int
    channel: bool = False
    public: Json = None
    trusted: Json = None
    seen_at: int | None = None
    seen_ua: str = ""
    gone: bool = False


class Message(Struct, gc=False):
    """A message of a topic; `seq` is dense from 1."""

    topic: str
    seq: int
    ts: int
    sender: str
    content: bytes
    head: Json = None


class Deletion(Struct, gc=False):
    """Message numbers [low, hi) deleted in transaction `del_id`, for `user` or ("") for all."""

    del_id: int
    user: str
    low: int
    hi: int


class Mark(Struct, gc=False):
    """How far somebody has received and read a topic."""

    topic: str
    user: str
    read: int
    recv: int


class Found(Struct):
    """A user or topic that a search found, and those of its tags that were asked for."""

    name: str
    created: int
    updated: int
    defacs_auth: int
    defacs_anon: int
    channel: bool = False
    members: int = 0
    public: Json = None
    trusted: Json = None
    matched: list[str] = field(default_factory=list)


class FileRecord(Struct):
    """An uploaded file; its bytes lie in the data folder under `id`."""

    id: str
    owner: str
    created: int
    size: int
    mime: str
    name: str = ""


class FileUse(Struct):
    """Where a file is used: in message `seq` of a topic, or (seq 0) as a picture of a user or
    topic.
    """

    file: str
    target: str
    seq: int = 0
