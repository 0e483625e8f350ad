"""{login} and {acc}: who somebody is, and changes of that (protocol.md, section 3)."""

from collections.abc import Awaitable
from typing import Any

from msgspec import Raw

from pipit.accounts import basic
from pipit.accounts.levels import ANONYMOUS, AUTHENTICATED, LEVEL_NAMES, ROOT
from pipit.accounts.rates import too_many
from pipit.accounts.service import Identity, NewAccount
from pipit.core import access, clock, ids
from pipit.gateway.service import Service
from pipit.store.records import Json, User
from pipit.topics.session import Session
from pipit.wire import requests as rq
from pipit.wire import status
from pipit.wire.replies import DefacsOut, Desc
from pipit.wire.status import Refused

NEW = "new"
ABOUT_AUTH = {"what": "auth"}


def login(
    service: Service, session: Session, request: rq.Login, extra: rq.Extra | None
) -> Awaitable[None] | None:
    """Tells the session who its user is. By token it is done at once, without the store.

    Raises Refused: 400, 401, 403, 404, 409, 429, 501, 503.
    """
    if session.user:
        raise Refused(status.ALREADY_AUTHENTICATED)
    if request.scheme == "token":
        who = service.accounts.by_token(request.secret)
        if not who.pending:
            _admit(service, session, request.id, who)
            return None
    return _log_in(service, session, request)


async def authenticate(
    service: Service, address: str, scheme: str | None, secret: bytes | None
) -> Identity:
    """Who shows this proof, for requests that are not preceded by a login.

    Raises Refused: 400, 401, 403, 404, 429, 503.
    """
    who = await _recognise(service, address, scheme, secret)
    if who.pending:
        raise Refused(status.AUTH_FAILED)
    return who


async def acc(service: Service, session: Session, request: rq.Acc, extra: rq.Extra | None) -> None:
    """Makes an account, or changes one.

    Raises Refused: 400, 401, 403, 404, 409, 422, 429, 501, 503.
    """
    if request.status is not None:
        await _set_status(service, session, request)
    elif request.user is not None and request.user.startswith(NEW):
        await _sign_up(service, session, request, extra)
    else:
        await _change_login(service, session, request)


# -- {login} --------------------------------------------------------------------------------------


async def _log_in(service: Service, session: Session, request: rq.Login) -> None:
    if request.scheme == "reset":
        return _reset(service, session, request)
    who = await _recognise(service, session.address, request.scheme, request.secret)
    if who.pending:
        who = await service.accounts.validate(who, request.cred or [])
    if who.pending:
        service.accounts.credentials.send_codes(who.user)
        _ask_for_codes(service, session, request.id, who)
    else:
        _admit(service, session, request.id, who)


async def _recognise(
    service: Service, address: str, scheme: str | None, secret: bytes | None
) -> Identity:
    match scheme:
        case "token":
            return service.accounts.by_token(secret)
        case "basic":
            name, password = basic.split(secret)
            with service.limits.guess(address, name):
                return await service.accounts.by_password(name, password)
        case "code":
            code, method, value = _three_parts(secret)
            with service.limits.guess(address, f"{method}:{value}"):
                return await service.accounts.by_code(method, value, code)
        case "anonymous":
            raise Refused(status.NOT_IMPLEMENTED)
    raise Refused(status.UNKNOWN_SCHEME)


def _reset(service: Service, session: Session, request: rq.Login) -> None:
    scheme, method, value = _three_parts(request.secret)
    if scheme != basic.SCHEME:
        raise Refused(status.NOT_IMPLEMENTED)
    if wait := service.limits.login(session.address, f"reset:{value}"):
        raise too_many(wait)
    service.accounts.credentials.reset(method, value)
    session.reply(status.AUTH_RESET, request.id)


def _three_parts(secret: bytes | None) -> tuple[str, str, str]:
    try:
        first, second, third = (secret or b"").decode().split(":", 2)
    except ValueError:
        raise Refused(status.MALFORMED) from None
    return first, second, third


def _admit(service: Service, session: Session, id: str | None, who: Identity, **more: Any) -> None:
    session.user, session.level = who.user, who.level
    session.reply(status.OK, id, params=_login_params(service, who) | more)
    service.hub.logged_in(session)


def _ask_for_codes(
    service: Service, session: Session, id: str | None, who: Identity, **more: Any
) -> None:
    params = _login_params(service, who) | more | {"cred": who.pending}
    session.reply(status.VALIDATE, id, params=params)


def _login_params(service: Service, who: Identity) -> dict[str, Any]:
    token, expires = service.accounts.token(who)
    return {
        "authlvl": LEVEL_NAMES[who.level],
        "expires": clock.text(expires),
        "token": token,
        "user": who.user,
    }


# -- {acc} that makes an account ------------------------------------------------------------------


async def _sign_up(
    service: Service, session: Session, request: rq.Acc, extra: rq.Extra | None
) -> None:
    by_root = session.level == ROOT
    if request.login and session.user:
        raise Refused(status.ALREADY_AUTHENTICATED)
    if service.settings.accounts.signup != "open" and not by_root:
        raise Refused(status.DENIED)
    new = _new_account(request, by_root)
    if not by_root and (wait := service.limits.signup(session.address)):
        raise too_many(wait)
    user = await service.accounts.create(new)
    if extra and extra.attachments:
        await service.hub.link_pictures(user.id, user.id, extra.attachments)
    who = Identity(user.id, user.level, await service.accounts.credentials.pending(user.id))
    desc = _desc(user)
    if not request.login:
        params = {"authlvl": LEVEL_NAMES[who.level], "desc": desc, "user": who.user}
        session.reply(status.CREATED, request.id, params=params)
    elif who.pending:
        _ask_for_codes(service, session, request.id, who, desc=desc)
    else:
        _admit(service, session, request.id, who, desc=desc)


def _new_account(request: rq.Acc, by_root: bool) -> NewAccount:
    desc = request.desc or rq.SetDesc()
    defacs = desc.defacs or rq.Defacs()
    name, password = _first_secret(request)
    return NewAccount(
        login=name,
        password=password,
        level=ANONYMOUS if name is None else AUTHENTICATED,
        public=desc.public,
        private=desc.private,
        trusted=desc.trusted if by_root else None,
        defacs_auth=_mode(defacs.auth, access.USER_AUTH),
        defacs_anon=_mode(defacs.anon, access.NONE),
        tags=request.tags or (),
        credentials=request.cred or (),
    )


def _first_secret(request: rq.Acc) -> tuple[str | None, str]:
    """Login and password; no login for an anonymous account."""
    match request.scheme:
        case "basic":
            return _split(request.secret)
        case "anonymous":
            return None, ""
        case "token" | "code":
            raise Refused(status.NOT_IMPLEMENTED, ABOUT_AUTH)
    raise Refused(status.MALFORMED)


def _split(secret: bytes | None) -> tuple[str, str]:
    try:
        return basic.split(secret)
    except Refused as refused:
        raise Refused(refused.status, ABOUT_AUTH) from None


def _mode(letters: str | None, default: int) -> int:
    """Access that others get to this user, as far as a chat of two has it."""
    if letters is None:
        return default
    try:
        mode = access.parse(letters)
    except ValueError:
        raise Refused(status.MALFORMED) from None
    return access.for_p2p(mode) if mode else access.NONE


def _desc(user: User) -> Desc:
    return Desc(
        created=clock.text(user.created),
        updated=clock.text(user.updated),
        defacs=DefacsOut(access.text(user.defacs_auth), access.text(user.defacs_anon)),
        public=_raw(user.public),
        trusted=_raw(user.trusted),
        private=_raw(user.private),
    )


def _raw(json: Json) -> Raw | None:
    return None if json is None else Raw(json)


# -- {acc} that changes one -----------------------------------------------------------------------


async def _change_login(service: Service, session: Session, request: rq.Acc) -> None:
    accounts = service.accounts
    if not session.user and not request.tmpscheme:
        raise Refused(status.DENIED)
    if session.user and request.user and request.user != session.user:
        raise Refused(status.DENIED)
    if request.scheme != basic.SCHEME:
        raise Refused(status.MALFORMED)
    name, password = _split(request.secret)
    accounts.check_change(name, password)
    user = session.user or await _one_off(service, session, request)
    await accounts.change_login(user, name, password)
    session.reply(status.OK, request.id, params=None)
    await service.hub.end_sessions(user, except_session=session)


async def _one_off(service: Service, session: Session, request: rq.Acc) -> str:
    """The user whom the temporary credentials of a {acc} before login belong to."""
    try:
        who = await authenticate(service, session.address, request.tmpscheme, request.tmpsecret)
    except Refused as refused:
        if refused.status.code in (400, 401):
            raise Refused(status.AUTH_FAILED, ABOUT_AUTH) from None
        raise
    if request.user and request.user != who.user:
        raise Refused(status.DENIED)
    return who.user


async def _set_status(service: Service, session: Session, request: rq.Acc) -> None:
    if session.level != ROOT:
        raise Refused(status.DENIED)
    if not request.user or not ids.is_user_id(request.user):
        raise Refused(status.MALFORMED)
    match request.status:
        case "ok":
            await service.accounts.restore(request.user)
        case "susp":
            await service.accounts.suspend(request.user)
            await service.hub.end_sessions(request.user)
        case _:
            raise Refused(status.MALFORMED)
    session.reply(status.OK, request.id, params=None)
