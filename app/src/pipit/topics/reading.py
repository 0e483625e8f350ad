"""{get} of a conversation: description, members, tags, aux, messages, deletions (protocol.md, 4.4
to 4.6).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Raw, structs

from pipit.core import access, clock, ranges
from pipit.store.records import Deletion, Json, TopicRecord
from pipit.topics.parts import Part
from pipit.topics.publishing import data_packet
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.codec import Frames
from pipit.wire.replies import Acs, DefacsOut, DelValues, Desc, Span, SubRow
from pipit.wire.status import Refused

if TYPE_CHECKING:
    from pipit.topics.conversation import Conversation

PARTS = ("desc", "sub", "tags", "cred", "aux", "data", "del")
"""What can be asked, in the order of the answers, whatever the order of the question."""

PAGE = 64
"""Messages read from the store, and sent, at a time."""

MOST_MESSAGES = 1024
"""Messages in one answer; clients page by 24 and ask on."""

MOST_DELETIONS = 4096
BEYOND = 2**53


def raw(json: Json) -> Raw | None:
    """Stored JSON as a packet carries it."""
    return Raw(json) if json is not None else None


def asked_parts(what: str | None) -> list[str]:
    """What is asked, in the order of the answers. Raises Refused (400) if none is known."""
    words = (what or "").split()
    parts = [part for part in PARTS if part in words]
    if not parts:
        raise Refused(status.MALFORMED)
    return parts


def changed_since(updated: int, options: rq.GetOptions | None) -> bool:
    """Whether it is newer than what the asker has. Raises Refused (400) for a broken time."""
    if options is None or not options.ims:
        return True
    try:
        return updated > clock.parse(options.ims)
    except (ValueError, OverflowError):
        raise Refused(status.MALFORMED) from None


async def get(topic: Conversation, session: Session, request: rq.Get) -> None:
    """Answers {get}; who is not attached sees little."""
    parts = asked_parts(request.what)
    if session in topic.sessions:
        name = topic.view(topic.sessions[session])
        await query(topic, session, request, request.id, name)
    else:
        await _from_outside(topic, session, request, parts)


async def query(
    topic: Conversation, session: Session, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    """Answers each part on its own; one that is refused does not keep the others back."""
    await topic.settle()
    for part in asked_parts(asked.what):
        mine = topic.sessions.get(session)
        if mine is None:
            return
        try:
            await _ANSWERS[part](topic, session, mine, asked, id, name)
        except Refused as refusal:
            session.reply(refusal.status, id, name, refusal.params)


def up_to(last: int, asked: rq.GetQuery) -> rq.GetQuery:
    """The same question, but for messages up to this number: one who has just attached is sent
    later ones live, and is to get none twice.
    """
    options = asked.data or rq.GetOptions()
    before = min(options.before or BEYOND, last + 1)
    return structs.replace(asked, data=structs.replace(options, before=before))


def nothing(session: Session, id: str | None, name: str | None, what: str) -> None:
    """There is nothing of what was asked."""
    session.reply(status.NO_CONTENT, id, name, {"what": what})


# -- description -----------------------------------------------------------------------------------


async def _desc(
    topic: Conversation, session: Session, part: Part, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    desc = describe(topic, part)
    if not changed_since(topic.shown_updated(part), asked.desc):
        desc.created = desc.public = desc.trusted = desc.private = None
    session.answer(id, name, desc=desc)


def describe(topic: Conversation, part: Part) -> Desc:
    """A conversation as a member who is attached sees it."""
    record, sub = topic.record, part.sub
    public, trusted = topic.profile(part)
    desc = Desc(
        created=clock.text(record.created),
        updated=clock.text(topic.shown_updated(part)),
        touched=clock.text(record.touched),
        online=topic.counts_members,
        chan=record.channel,
        defacs=_defacs(record) if topic.shows_defacs(part) else None,
        acs=topic.acs(sub),
        seq=record.seq,
        clear=sub.cleared,
        public=raw(public),
        trusted=raw(trusted),
        private=raw(sub.private),
    )
    if topic.counts_members:
        desc.subcnt = topic.member_count
    if not sub.reader:
        desc.read, desc.recv = sub.read, max(sub.read, sub.recv)
    return desc


def _defacs(record: TopicRecord) -> DefacsOut:
    return DefacsOut(access.text(record.defacs_auth), access.text(record.defacs_anon))


# -- members ---------------------------------------------------------------------------------------


async def _sub(
    topic: Conversation, session: Session, part: Part, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    options = asked.sub
    rows = [
        member_row(topic, other, part, full=changed_since(other.user_updated, options))
        for other in topic.shown_members(part)
        if options is None or not options.user or options.user == other.user
    ]
    if options is not None and options.limit and options.limit > 0:
        rows = rows[: options.limit]
    if rows:
        session.answer(id, name, sub=rows)
    else:
        nothing(session, id, name, "sub")


def member_row(topic: Conversation, part: Part, viewer: Part | None, *, full: bool) -> SubRow:
    """A member as others in the topic see it; `full` with the profile."""
    sub = part.sub
    row = SubRow(
        user=part.user,
        updated=clock.text(sub.updated),
        acs=topic.acs(sub),
        read=sub.read,
        recv=sub.recv,
    )
    if topic.counts_members:
        row.online = part.online > 0
        row.public = raw(part.public) if full else None
        row.trusted = raw(part.trusted) if full else None
    if part is viewer:
        row.private, row.clear = raw(sub.private), sub.cleared
    return row


# -- tags, credentials, aux ------------------------------------------------------------------------


async def _tags(
    topic: Conversation, session: Session, part: Part, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    if not topic.counts_members:
        raise Refused(status.METHOD_NOT_ALLOWED)
    if not topic.is_owner(part):
        raise Refused(status.DENIED)
    if topic.record.tags:
        session.answer(id, name, tags=topic.record.tags)
    else:
        nothing(session, id, name, "tags")


async def _cred(
    topic: Conversation, session: Session, part: Part, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    raise Refused(status.METHOD_NOT_ALLOWED)


async def _aux(
    topic: Conversation, session: Session, part: Part, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    if topic.record.aux is not None:
        session.answer(id, name, aux=Raw(topic.record.aux))
    else:
        nothing(session, id, name, "aux")


# -- messages and deletions ------------------------------------------------------------------------


async def _data(
    topic: Conversation, session: Session, part: Part, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    if not part.may(access.READ):
        raise Refused(status.DENIED)
    spans, left = _spans(asked.data, topic.record.seq), _limit(asked.data, MOST_MESSAGES)
    count = 0
    while left > 0 and spans:
        page = await topic.hub.store.messages(topic.name, part.user, spans, min(left, PAGE))
        session.send(Frames.of(*(data_packet(name, message) for message in page)))
        count, left = count + len(page), left - len(page)
        if len(page) < PAGE:
            break
        spans = ranges.clip(spans, 0, page[-1].seq)
        await session.drained()
    if count:
        session.reply(status.DELIVERED, id, name, {"count": count, "what": "data"})
    else:
        nothing(session, id, name, "data")


def _spans(options: rq.GetOptions | None, last: int) -> list[ranges.Span]:
    """The message numbers that are asked; never beyond what was committed, as later ones are sent
    live.
    """
    if options is None:
        return [(1, last + 1)]
    spans = [_span(r) for r in options.ranges] if options.ranges else [(0, BEYOND)]
    low, hi = options.since or 0, options.before or BEYOND
    return ranges.join(ranges.clip(spans, max(low, 1), min(hi, last + 1)))


def _span(r: rq.Range) -> ranges.Span:
    return (r.low or 0, r.hi or BEYOND)


def _limit(options: rq.GetOptions | None, most: int) -> int:
    if options is None or options.limit is None:
        return most
    return min(options.limit, most)


async def _del(
    topic: Conversation, session: Session, part: Part, asked: rq.GetQuery, id: str | None, name: str
) -> None:
    if not part.may(access.READ):
        raise Refused(status.DENIED)
    options = asked.del_ or rq.GetOptions()
    limit = _limit(options, MOST_DELETIONS)
    found: list[Deletion] = []
    if limit > 0:
        found = await topic.hub.store.deletions(
            topic.name, part.user, options.since or 0, options.before or BEYOND, limit
        )
    if found:
        values = DelValues(found[-1].del_id, [out_span(d.low, d.hi) for d in found])
        session.answer(id, name, del_=values)
    else:
        nothing(session, id, name, "del")


def out_span(low: int, hi: int) -> Span:
    """A range as packets write it: a single number has no `hi`."""
    return Span(low, hi if hi > low + 1 else 0)


Answer = Callable[["Conversation", Session, Part, rq.GetQuery, str | None, str], Awaitable[None]]
_ANSWERS: dict[str, Answer] = {
    "desc": _desc,
    "sub": _sub,
    "tags": _tags,
    "cred": _cred,
    "aux": _aux,
    "data": _data,
    "del": _del,
}


# -- from outside ----------------------------------------------------------------------------------


async def _from_outside(
    topic: Conversation, session: Session, request: rq.Get, parts: list[str]
) -> None:
    """Who is not attached may see the own subscription, or else the description, in part."""
    async with topic.lock:
        await topic.describe_to_stranger(session, request, parts)


def outside_view(topic: Conversation, part: Part | None, mode: int) -> Desc:
    """A group as its unattached members, and strangers, see it; those learn what joining would
    give.
    """
    record = topic.record
    return Desc(
        created=clock.text(record.created),
        updated=clock.text(record.updated),
        acs=topic.acs(part.sub) if part is not None else Acs(mode=access.text(mode)),
        subcnt=topic.member_count if topic.counts_members else 0,
        public=raw(record.public),
        trusted=raw(record.trusted),
    )
