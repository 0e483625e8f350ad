"""`fnd`: searching people and topics by their tags (protocol.md, section 8)."""

from __future__ import annotations

import msgspec

from pipit.core import access, clock, ids
from pipit.core.merge import merge
from pipit.core.tags import parse_query, spellings
from pipit.store.records import Found, Json
from pipit.topics.base import Topic, answer
from pipit.topics.names import FIND
from pipit.topics.reading import asked_parts, nothing, raw
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import Acs, DefacsOut, Desc, SubRow
from pipit.wire.status import Refused

MOST_FOUND = 64
"""Rows of one answer: a search is to be narrowed, not paged."""


class Find(Topic):
    """One object for all: the query lives in the session (`public`) or the account (`private`)."""

    __slots__ = ()

    async def sub(self, session: Session, request: rq.Sub, extra: rq.Extra | None) -> None:
        """Attaches; everybody may search."""
        if self.name in session.attached:
            answer(session, request, status.ALREADY_SUBSCRIBED)
            return
        session.attached[self.name] = self
        answer(session, request, status.OK)
        if request.set is not None and request.set.desc is not None:
            await self._keep_query(session, request.set.desc)
        if request.get is not None:
            await self._answer(session, request.get, request.id)

    async def leave(self, session: Session, request: rq.Leave) -> None:
        """Detaches; the session's query is forgotten."""
        if request.unsub:
            raise Refused(status.DENIED)
        known = session.attached.pop(self.name, None)
        session.search = None
        answer(session, request, status.OK if known else status.NOT_JOINED)

    async def get(self, session: Session, request: rq.Get) -> None:
        """Searches."""
        if self.name not in session.attached:
            raise Refused(status.DENIED)
        await self._answer(session, request, request.id)

    async def set(self, session: Session, request: rq.Set, extra: rq.Extra | None) -> None:
        """Sets the query: `public` for this session, `private` for good."""
        if self.name not in session.attached:
            raise Refused(status.DENIED)
        if request.desc is None:
            raise Refused(status.MALFORMED)
        await self._keep_query(session, request.desc)
        answer(session, request, status.OK)

    async def delete(self, session: Session, request: rq.Del) -> None:
        """There is nothing of its own to delete."""
        raise Refused(status.DENIED)

    async def detach(self, session: Session, *, lost: bool) -> None:
        """Forgets a session's query."""
        session.attached.pop(self.name, None)
        session.search = None

    async def _keep_query(self, session: Session, desc: rq.SetDesc) -> None:
        if desc.public is not None:
            session.search = merge(None, desc.public)
        if desc.private is not None:
            await self.hub.store.update_user(session.user, search=merge(None, desc.private))

    async def _answer(self, session: Session, asked: rq.GetQuery, id: str | None) -> None:
        for part in asked_parts(asked.what):
            if part == "desc":
                session.answer(id, FIND, desc=await self._desc(session))
            elif part == "sub":
                await self._found(session, id)
            elif part == "tags":
                await self._holders(session, id)
            else:
                session.reply(status.DENIED, id, FIND)

    async def _desc(self, session: Session) -> Desc:
        user = await self.hub.store.load_user(session.user)
        full = access.text(access.ME)
        return Desc(
            defacs=DefacsOut("N", "N"),
            acs=Acs(full, full, full),
            created=clock.text(user.created) if user else None,
            updated=clock.text(user.updated) if user else None,
            public=raw(session.search),
            private=raw(user.search) if user else None,
        )

    async def _query(self, session: Session) -> str:
        stored: Json = session.search
        if stored is None:
            user = await self.hub.store.load_user(session.user)
            stored = user.search if user else None
        text = msgspec.json.decode(stored) if stored is not None else ""
        return text if isinstance(text, str) else ""

    async def _found(self, session: Session, id: str | None) -> None:
        query = parse_query(await self._query(session))
        found = await self.hub.store.search(query, MOST_FOUND) if query.tags else []
        rows = [_row(one) for one in found if one.name != session.user]
        if rows:
            session.answer(id, FIND, sub=rows)
        else:
            nothing(session, id, FIND, "sub")

    async def _holders(self, session: Session, id: str | None) -> None:
        """Who holds a tag: the clients' way to ask whether an alias is free."""
        tag = (await self._query(session)).strip().lower()
        holders = await self.hub.store.tag_holders(spellings(tag)) if tag else []
        if holders:
            session.answer(id, FIND, tags=sorted(holders))
        else:
            nothing(session, id, FIND, "tags")


def _row(found: Found) -> SubRow:
    mode = access.READER if found.channel else found.defacs_auth
    return SubRow(
        topic=ids.as_channel(found.name) if found.channel else found.name,
        updated=clock.text(found.updated),
        acs=Acs(mode=access.text(mode)),
        subcnt=found.members,
        public=raw(found.public),
        trusted=raw(found.trusted),
        private=found.matched,
    )
