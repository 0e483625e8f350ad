"""What the server sends: ctrl, data, meta, pres, info (protocol.md, sections 3 to 7).

None of them can be part of a cycle, so the garbage collector is spared them (gc=False).
"""

from typing import Any

from msgspec import UNSET, Raw, Struct, field


class Ctrl(Struct, omit_defaults=True, gc=False):
    """The answer to a request, or an event of the session itself."""

    code: int
    text: str
    ts: str
    id: str | None = None
    topic: str | None = None
    params: Any = UNSET


class Data(Struct, omit_defaults=True, gc=False):
    """A message. Readers of a channel are not told `from`."""

    topic: str
    seq: int
    ts: str
    content: Raw
    from_: str | None = field(default=None, name="from")
    head: Raw | None = None


class Acs(Struct, omit_defaults=True, gc=False):
    """Access as letters; a stranger sees only `mode`, what joining would give."""

    want: str | None = None
    given: str | None = None
    mode: str | None = None


class DefacsOut(Struct, gc=False):
    """Access that newcomers get."""

    auth: str
    anon: str


class Desc(Struct, omit_defaults=True, gc=False):
    """What a topic is, as the asker may see it. JSON values are sent as they were stored."""

    created: str | None = None
    updated: str | None = None
    touched: str | None = None
    online: bool = False
    chan: bool = False
    defacs: DefacsOut | None = None
    acs: Acs | None = None
    seq: int = 0
    read: int = 0
    recv: int = 0
    clear: int = 0
    subcnt: int = 0
    public: Raw | None = None
    trusted: Raw | None = None
    private: Raw | None = None


class Seen(Struct, omit_defaults=True, gc=False):
    """When somebody was last online, and with what program."""

    when: str
    ua: str = ""


class SubRow(Struct, omit_defaults=True, gc=False):
    """A row of a list of members, or of one's conversations, or of what a search found."""

    user: str | None = None
    topic: str | None = None
    updated: str | None = None
    touched: str | None = None
    deleted: str | None = None
    online: bool = False
    acs: Acs | None = None
    seq: int = 0
    read: int = 0
    recv: int = 0
    clear: int = 0
    subcnt: int = 0
    public: Raw | None = None
    trusted: Raw | None = None
    private: Raw | list[str] | None = None
    seen: Seen | None = None


class Span(Struct, omit_defaults=True, gc=False):
    """Message numbers [low, hi); a single number has no `hi`."""

    low: int
    hi: int = 0


class DelValues(Struct, gc=False):
    """Ranges that are deleted for the asker; `clear` is the latest transaction among them."""

    clear: int
    delseq: list[Span]


class CredentialOut(Struct, omit_defaults=True, gc=False):
    """An e-mail address or telephone number of one's account."""

    meth: str
    val: str
    done: bool = False


class MetaPart(Struct, omit_defaults=True, gc=False):
    """One part of what {get} asked."""

    topic: str
    ts: str
    id: str | None = None
    desc: Desc | None = None
    sub: list[SubRow] | None = None
    tags: list[str] | None = None
    cred: list[CredentialOut] | None = None
    aux: Raw | None = None
    del_: DelValues | None = field(default=None, name="del")


class Dacs(Struct, omit_defaults=True, gc=False):
    """How access changed: signed, or absolute where it is new or ended."""

    want: str | None = None
    given: str | None = None


class Pres(Struct, omit_defaults=True, gc=False):
    """Something changed: somebody came or went, a message came, access or a description changed."""

    topic: str
    what: str
    src: str | None = None
    seq: int = 0
    clear: int = 0
    delseq: list[Span] | None = None
    ua: str | None = None
    act: str | None = None
    tgt: str | None = None
    dacs: Dacs | None = None


class Info(Struct, omit_defaults=True, gc=False):
    """A note of somebody, passed on."""

    topic: str
    what: str
    from_: str = field(name="from")
    src: str | None = None
    seq: int = 0
    event: str | None = None
    payload: Any = None


Reply = Ctrl | Data | MetaPart | Pres | Info
