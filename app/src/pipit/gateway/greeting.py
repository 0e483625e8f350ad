"""{hi}: the first packet of a session, and later changes of what it told (protocol.md, 2)."""

import re
from typing import Any

from pipit import __version__
from pipit.config import Settings
from pipit.core.merge import ERASE
from pipit.core.tags import TagLimits
from pipit.gateway.service import Service
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.status import Refused

VERSION = "0.25"
OLDEST = (0, 17)
"""The observed server refused 0.16 and took 0.22; what is between was not tried."""

_VERSION = re.compile(r"v?(\d{1,6})\.(\d{1,6})(?!\d).*")


def hi(service: Service, session: Session, request: rq.Hi, extra: rq.Extra | None) -> None:
    """Opens a session, or updates it. Raises Refused: 400, 401, 409, 505."""
    if session.version:
        _again(session, request)
    else:
        _first(service, session, request)


def _first(service: Service, session: Session, request: rq.Hi) -> None:
    found = _VERSION.fullmatch(request.ver or "")
    if not found:
        raise Refused(status.MALFORMED)
    if (int(found[1]), int(found[2])) < OLDEST:
        raise Refused(status.VERSION)
    session.version = found[0]
    _update(session, request)
    result = status.OK if session.polled else status.CREATED
    session.reply(result, request.id, params=_params(service.settings))


def _again(session: Session, request: rq.Hi) -> None:
    if not session.user:
        raise Refused(status.AUTH_REQUIRED)
    if request.ver and request.ver != session.version:
        raise Refused(status.OUT_OF_SEQUENCE)
    before = session.device
    _update(session, request)
    session.reply(status.CREATED if session.device == before else status.OK, request.id)


def _update(session: Session, request: rq.Hi) -> None:
    session.agent = request.ua or session.agent
    if request.dev:
        session.device = "" if request.dev == ERASE else request.dev


def _params(settings: Settings) -> dict[str, Any]:
    """What clients need to know of this server; sizes in bytes, times in seconds."""
    tags = TagLimits()
    params: dict[str, Any] = {
        "build": f"{settings.database.type}:pipit-{__version__}",
        "maxFileUploadSize": settings.files.max_bytes,
        "maxMessageSize": settings.messages.max_bytes,
        "maxSubscriberCount": settings.messages.max_members,
        "maxTagCount": tags.most,
        "maxTagLength": tags.longest,
        "minTagLength": tags.shortest,
        "msgDelAge": settings.messages.delete_age,
        "reqCred": {"auth": ["email"]} if settings.accounts.email == "required" else None,
        "ver": VERSION,
    }
    if settings.calls.ice_servers:
        params["iceServers"] = settings.calls.ice_servers
        params["callTimeout"] = settings.calls.timeout
    return params
