"""From a client's frame to the handler of its verb; the order of each session's requests is kept.

A session has no task of its own. A {pub} or {note} is done at once, inside `receive`; a request
that has to wait for the store gets a task, and what the session sends meanwhile waits in its
backlog.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from msgspec import UNSET

from pipit.accounts.levels import ROOT
from pipit.gateway import greeting, identity
from pipit.gateway.service import Service
from pipit.store.base import Unavailable
from pipit.topics import group
from pipit.topics.base import Topic
from pipit.topics.names import NEW_CHANNEL, NEW_GROUP, SYSTEM, internal_name
from pipit.topics.session import Session, Work
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.codec import Frames, Malformed, decode
from pipit.wire.status import Refused

log = logging.getLogger(__name__)

PROBE, PROBE_ANSWER = "1", Frames(b"0")
BACKLOG_PAUSE, BACKLOG_RESUME = 64, 16

PATIENCE = 4.5
"""Seconds a request may take; clients give up after 5 (protocol.md, section 11, 2)."""

PARTING = 0.3
"""Seconds that who deletes the own account has to read the answer: clients, which handle answers a
little later than the end of a connection, else take it for a failure.
"""

Handler = Callable[[Service, Session, Any, rq.Extra | None], Awaitable[None] | None]


class Dispatcher:
    """Takes frames of all sessions and sees that each request is answered."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._running: dict[Session, asyncio.Task[None]] = {}

    def receive(self, session: Session, text: str) -> None:
        """Takes one text frame and returns at once; answers go through `session.send`."""
        if session.busy:
            self._postpone(session, text)
        else:
            self._start(session, text)

    def begin(self, session: Session, work: Work) -> None:
        """Has something else done in its turn among the session's requests."""
        if session.busy:
            self._postpone(session, work)
        else:
            self._start(session, work)

    async def closed(self, session: Session) -> None:
        """A session's connection is gone: detaches it everywhere, once its request under way is
        done.
        """
        session.backlog = None
        task = self._running.get(session)
        if task is not None:
            await asyncio.wait([task])
        await self.service.hub.session_closed(session)
        if self.service.cluster is not None:
            self.service.cluster.session_closed(session)

    async def drain(self) -> None:
        """Waits for the requests under way."""
        while self._running:
            await asyncio.wait(self._running.values())

    # -- one session's requests, one after another -------------------------------------------------

    def _postpone(self, session: Session, text: str | Work) -> None:
        if session.backlog is None:
            session.backlog = deque()
        session.backlog.append(text)
        if len(session.backlog) == BACKLOG_PAUSE:
            session.pause()

    def _start(self, session: Session, text: str | Work) -> None:
        """Begins a request; where it has to wait, the session is busy until it is done."""
        work = self._do(session, text)
        if work is not None:
            session.busy = True
            self._running[session] = asyncio.ensure_future(self._finish(session, work))

    async def _finish(self, session: Session, work: Awaitable[None]) -> None:
        """Completes a request, and then what the session has sent meanwhile."""
        await work
        while session.backlog:
            text = session.backlog.popleft()
            if len(session.backlog) == BACKLOG_RESUME:
                session.resume()
            more = self._do(session, text)
            if more is not None:
                await more
        session.busy = False
        del self._running[session]
        session.rested()

    # -- one request -------------------------------------------------------------------------------

    def _do(self, session: Session, work: str | Work) -> Awaitable[None] | None:
        return self.handle(session, work) if isinstance(work, str) else work()

    def handle(self, session: Session, text: str) -> Awaitable[None] | None:
        """Does what a text frame asks, in its turn; a coroutine where that takes waiting."""
        if text == PROBE:
            session.send(PROBE_ANSWER)
            return None
        try:
            request, extra = decode(text)
        except Malformed:
            session.reply(status.MALFORMED)
            return None
        try:
            self._check(session, request)
            handler, cluster = _HANDLERS[type(request)], self.service.cluster
            if cluster is None:
                work = handler(self.service, session, request, extra)
            else:
                do = partial(handler, self.service, session, request, extra)
                work = cluster.take(session, request, text, do)
        except Exception as fault:
            refuse(session, request, fault)
            return None
        return _guard(session, request, work) if work is not None else None

    def _check(self, session: Session, request: rq.Request) -> None:
        """Raises Refused for what comes too early or too often."""
        if session.relayed:
            return
        wait = self.service.limits.packet(session)
        if wait:
            raise Refused(status.TOO_MANY, {"wait": math.ceil(wait)})
        if isinstance(request, rq.Hi):
            return
        if not session.version:
            raise Refused(status.OUT_OF_SEQUENCE)
        if not session.user and not isinstance(request, rq.Acc | rq.Login):
            raise Refused(status.AUTH_REQUIRED)


async def _guard(session: Session, request: rq.Request, work: Awaitable[None]) -> None:
    """Sees that a request is answered whatever happens, and within the clients' patience.

    What takes longer is not broken off, since the store may be halfway through it.
    """
    loop = asyncio.get_running_loop()
    late = loop.call_later(PATIENCE, refuse, session, request, TimeoutError())
    try:
        await work
    except Exception as fault:
        refuse(session, request, fault)
    finally:
        late.cancel()


def refuse(session: Session, request: rq.Request, fault: Exception) -> None:
    """Answers what could not be done; notes only hear that one must attach first."""
    params = UNSET
    if isinstance(fault, Refused):
        result, params = fault.status, fault.params
    elif isinstance(fault, Unavailable | TimeoutError):
        result = status.UNAVAILABLE
        reason = str(fault) or "it took too long"
        log.warning("%s could not be done: %s", type(request).__name__, reason)
    else:
        result = status.INTERNAL
        log.error("%s failed", type(request).__name__, exc_info=fault)
    if isinstance(request, rq.Note) and result is not status.ATTACH_FIRST:
        return
    id = None if isinstance(request, rq.Note) else request.id
    topic = None if isinstance(request, rq.Hi | rq.Acc | rq.Login) else request.topic
    session.reply(result, id, topic or None, params)


# -- topics' requests ------------------------------------------------------------------------------


def _named(request: rq.Sub | rq.Leave | rq.Get | rq.Set | rq.Del | rq.Pub) -> str:
    if not request.topic:
        raise Refused(status.MALFORMED)
    return request.topic


def _sub(
    service: Service, session: Session, request: rq.Sub, extra: rq.Extra | None
) -> Awaitable[None]:
    name = _named(request)
    if name.startswith((NEW_GROUP, NEW_CHANNEL)):
        return group.create(service.hub, session, request, extra)
    return service.hub.resolve(session, name).sub(session, request, extra)


def _leave(
    service: Service, session: Session, request: rq.Leave, extra: rq.Extra | None
) -> Awaitable[None] | None:
    topic = _attached(session, _named(request))
    if topic is None and not request.unsub:
        session.reply(status.NOT_JOINED, request.id, request.topic)
        return None
    if topic is None:
        raise Refused(status.ATTACH_FIRST)
    return topic.leave(session, request)


def _attached(session: Session, name: str) -> Topic | None:
    """The topic of this name that the session is attached to; None for any other name."""
    try:
        return session.attached.get(internal_name(session.user, name))
    except Refused:
        return None


def _pub(
    service: Service, session: Session, request: rq.Pub, extra: rq.Extra | None
) -> Awaitable[None] | None:
    name = _named(request)
    topic = _attached(session, name)
    if topic is None:
        if name != SYSTEM:
            raise Refused(status.ATTACH_FIRST)
        topic = service.hub.resolve(session, name)
    return topic.pub(session, request, extra)


def _note(
    service: Service, session: Session, request: rq.Note, extra: rq.Extra | None
) -> Awaitable[None] | None:
    if not request.topic:
        return None
    topic = _attached(session, request.topic)
    if topic is None:
        topic = service.hub.resolve(session, request.topic)
    return topic.note(session, request)


def _get(
    service: Service, session: Session, request: rq.Get, extra: rq.Extra | None
) -> Awaitable[None]:
    return service.hub.resolve(session, _named(request)).get(session, request)


def _set(
    service: Service, session: Session, request: rq.Set, extra: rq.Extra | None
) -> Awaitable[None]:
    return service.hub.resolve(session, _named(request)).set(session, request, extra)


def _del(
    service: Service, session: Session, request: rq.Del, extra: rq.Extra | None
) -> Awaitable[None]:
    if request.what == "user":
        return _delete_user(service, session, request)
    if request.what not in (None, "", "msg", "topic", "sub", "cred"):
        raise Refused(status.MALFORMED)
    return service.hub.resolve(session, _named(request)).delete(session, request)


async def _delete_user(service: Service, session: Session, request: rq.Del) -> None:
    user = request.user or session.user
    if user != session.user and session.level < ROOT:
        raise Refused(status.DENIED)
    await service.hub.delete_user(user)
    session.reply(status.OK, request.id)
    await service.hub.end_sessions(user, except_session=session)
    if user == session.user:
        await asyncio.sleep(PARTING)
        session.backlog = None  # what it asked meanwhile is asked by nobody
        await service.hub.end_sessions(user)


_HANDLERS: dict[type, Handler] = {
    rq.Hi: greeting.hi,
    rq.Acc: identity.acc,
    rq.Login: identity.login,
    rq.Sub: _sub,
    rq.Leave: _leave,
    rq.Pub: _pub,
    rq.Get: _get,
    rq.Set: _set,
    rq.Del: _del,
    rq.Note: _note,
}
"""Which function takes a request: a new packet is one line here."""
