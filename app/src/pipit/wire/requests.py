"""What clients send: ten verbs, each a struct (protocol.md, sections 2 to 9).

Absent fields and `null` are the same. A field of the wrong type refuses the whole packet.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

Number = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""An integer that JavaScript can hold too."""

Head = dict[str, Any]


class Range(Struct):
    """Message numbers [low, hi); without `hi` the one number `low`, or in a query all from it."""

    low: Number | None = None
    hi: Number | None = None


class Credential(Struct):
    """An e-mail address or telephone number, or the answer to a code sent there."""

    meth: str | None = None
    val: str | None = None
    resp: str | None = None


class Defacs(Struct):
    """Access that newcomers get: logged in, anonymous."""

    auth: str | None = None
    anon: str | None = None


class SetDesc(Struct):
    """Changes of a description."""

    defacs: Defacs | None = None
    public: Any = None
    trusted: Any = None
    private: Any = None

    def is_empty(self) -> bool:
        """Whether nothing is asked."""
        return all(v is None for v in (self.defacs, self.public, self.trusted, self.private))


class SetSub(Struct):
    """A change of access: one's own wish, or what another user is given."""

    user: str | None = None
    mode: str | None = None


class SetQuery(Struct):
    """Parts to change."""

    desc: SetDesc | None = None
    sub: SetSub | None = None
    tags: list[str] | None = None
    cred: Credential | None = None
    aux: dict[str, Any] | None = None


class GetOptions(Struct):
    """What narrows a part of a query."""

    user: str | None = None
    topic: str | None = None
    ims: str | None = None
    since: Number | None = None
    before: Number | None = None
    limit: Number | None = None
    ranges: list[Range] | None = None


class GetQuery(Struct):
    """Parts to send: `what` names them, separated by spaces."""

    what: str | None = None
    desc: GetOptions | None = None
    sub: GetOptions | None = None
    data: GetOptions | None = None
    del_: GetOptions | None = field(default=None, name="del")


class Hi(Struct):
    """Opens a session, or changes what the server knows of the client."""

    id: str | None = None
    ver: str | None = None
    ua: str | None = None
    dev: str | None = None
    lang: str | None = None
    platf: str | None = None
    bkg: bool | None = None


class Acc(Struct):
    """Makes or changes an account. `secret` is base64."""

    id: str | None = None
    user: str | None = None
    scheme: str | None = None
    secret: bytes | None = None
    tmpscheme: str | None = None
    tmpsecret: bytes | None = None
    status: str | None = None
    login: bool | None = None
    tags: list[str] | None = None
    desc: SetDesc | None = None
    cred: list[Credential] | None = None


class Login(Struct):
    """Tells who one is. `secret` is base64."""

    id: str | None = None
    scheme: str | None = None
    secret: bytes | None = None
    cred: list[Credential] | None = None


class Sub(Struct):
    """Attaches to a topic, joining or making it where needed."""

    id: str | None = None
    topic: str | None = None
    bkg: bool | None = None
    set: SetQuery | None = None
    get: GetQuery | None = None


class Leave(Struct):
    """Detaches from a topic; with `unsub` for good."""

    id: str | None = None
    topic: str | None = None
    unsub: bool | None = None


class Pub(Struct):
    """A message: any JSON, kept as the text it came in."""

    id: str | None = None
    topic: str | None = None
    noecho: bool | None = None
    head: Head | None = None
    content: Raw | UnsetType = UNSET


class Get(GetQuery, kw_only=True):
    """Asks for parts of a topic."""

    id: str | None = None
    topic: str | None = None


class Set(SetQuery, kw_only=True):
    """Changes parts of a topic."""

    id: str | None = None
    topic: str | None = None


class Del(Struct):
    """Deletes messages, a topic, a subscription, a user or a credential."""

    id: str | None = None
    topic: str | None = None
    what: str | None = None
    delseq: list[Range] | None = None
    user: str | None = None
    cred: Credential | None = None
    hard: bool | None = None


class Note(Struct):
    """Tells others what one does: typing, received, read, calling. Never answered."""

    topic: str | None = None
    what: str | None = None
    seq: Number | None = None
    unread: Number | None = None
    event: str | None = None
    payload: Any = None


class Extra(Struct):
    """What rides beside a request."""

    attachments: list[str] | None = None
    obo: str | None = None
    authlevel: str | None = None


class Packet(Struct):
    """One frame of a client: one of the verbs, perhaps with extras."""

    pub: Pub | None = None
    note: Note | None = None
    get: Get | None = None
    sub: Sub | None = None
    leave: Leave | None = None
    set: Set | None = None
    del_: Del | None = field(default=None, name="del")
    login: Login | None = None
    hi: Hi | None = None
    acc: Acc | None = None
    extra: Extra | None = None


Request = Hi | Acc | Login | Sub | Leave | Pub | Get | Set | Del | Note
