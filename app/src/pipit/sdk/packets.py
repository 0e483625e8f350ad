"""What the server sends, as the client reads it (docs/protocol.md, "Packets of the server").

What a server leaves out has an empty value here. `public`, `private`, `trusted` and the content of
messages are any JSON.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from pipit.core.drafty import plain_text


class Ctrl(Struct):
    """The answer to a request, or an event of the session: 205 "evicted"."""

    code: int
    text: str = ""
    ts: datetime | None = None
    id: str = ""
    topic: str = ""
    params: Any = None

    def param(self, name: str) -> Any:
        """A value of `params`, None if it is not there."""
        return self.params.get(name) if isinstance(self.params, dict) else None


class Message(Struct):
    """A message of a topic. `seq` numbers it; `sender` is empty for readers of a channel."""

    topic: str
    seq: int
    ts: datetime
    content: Any = None
    sender: str = field(name="from", default="")
    head: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """The content as plain text."""
        return plain_text(self.content)

    @property
    def replaces(self) -> int | None:
        """The number of the message of which this is a newer version, None if it is a new one."""
        target = str(self.head.get("replace", "")).rpartition(":")[2]
        return int(target) if target.isdecimal() else None


class Access(Struct):
    """Access as letters (J R W P A S D O): `mode` is what both `want` and `given` hold."""

    want: str = ""
    given: str = ""
    mode: str = ""


class Card(Struct):
    """What topics and people have in common: what they show of themselves."""

    public: Any = None
    trusted: Any = None
    private: Any = None

    @property
    def name(self) -> str:
        """The name to show, empty if there is none."""
        return str(self.public.get("fn", "")) if isinstance(self.public, dict) else ""


class Desc(Card, kw_only=True):
    """What a topic is, as one may see it. `seq`, `read`, `recv` number messages."""

    created: datetime | None = None
    updated: datetime | None = None
    touched: datetime | None = None
    online: bool = False
    chan: bool = False
    defacs: dict[str, str] | None = None
    acs: Access | None = None
    seq: int = 0
    read: int = 0
    recv: int = 0
    clear: int = 0
    subcnt: int = 0


class Seen(Struct):
    """When somebody was last online, and with what program."""

    when: datetime
    ua: str = ""


class Row(Card, kw_only=True):
    """A conversation (`topic`), a member (`user`), or what a search found (`topic`)."""

    user: str = ""
    topic: str = ""
    updated: datetime | None = None
    touched: datetime | None = None
    deleted: datetime | None = None
    online: bool = False
    acs: Access | None = None
    seq: int = 0
    read: int = 0
    recv: int = 0
    clear: int = 0
    subcnt: int = 0
    seen: Seen | None = None


class Credential(Struct):
    """An e-mail address of one's account, and whether it is confirmed."""

    meth: str
    val: str = ""
    done: bool = False


class Span(Struct):
    """Message numbers [low, hi); without `hi` the one number `low`."""

    low: int
    hi: int = 0


class Deletions(Struct):
    """Deleted messages; `clear` numbers the latest deletion."""

    clear: int = 0
    delseq: list[Span] = []


class Meta(Struct):
    """One part of what was asked of a topic."""

    topic: str = ""
    id: str = ""
    ts: datetime | None = None
    desc: Desc | None = None
    sub: list[Row] | None = None
    tags: list[str] | None = None
    cred: list[Credential] | None = None
    aux: dict[str, Any] | None = None
    deleted: Deletions | None = field(name="del", default=None)


class Presence(Struct):
    """Something changed: somebody came (`on`), a message came (`msg`), access changed (`acs`), …"""

    topic: str
    what: str
    src: str = ""
    seq: int = 0
    clear: int = 0
    delseq: list[Span] = []
    ua: str = ""
    act: str = ""
    tgt: str = ""
    dacs: Access | None = None


class Info(Struct):
    """What somebody does: reads (`read`), receives (`recv`), types (`kp`), calls (`call`)."""

    topic: str
    what: str
    sender: str = field(name="from", default="")
    src: str = ""
    seq: int = 0
    event: str = ""
    payload: Any = None


class Packet(Struct):
    """One frame of the server: one of these."""

    ctrl: Ctrl | None = None
    data: Message | None = None
    meta: Meta | None = None
    pres: Presence | None = None
    info: Info | None = None


Pushed = Ctrl | Message | Presence | Info
"""What comes unasked."""

Answer = Ctrl | Meta
"""What answers a request."""
