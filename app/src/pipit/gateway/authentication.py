"""API keys and logins of HTTP requests (protocol.md, sections 1.2 and 9.1).

Both may come as header, query parameter, form field or cookie; the first of these that is there
counts. Cookies are never set by the server.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from aiohttp import web

from pipit.accounts.service import Identity
from pipit.gateway import identity
from pipit.gateway.service import Service
from pipit.wire import status
from pipit.wire.status import Refused

SCHEMES = ("token", "basic")
NO_FORM: Mapping[str, str] = {}


def api_key(request: web.Request, form: Mapping[str, str] = NO_FORM) -> str:
    """The API key of a request, "" if it has none."""
    return (
        request.headers.get("X-Tinode-APIKey")
        or request.query.get("apikey")
        or form.get("apikey")
        or request.cookies.get("apikey", "")
    )


def login(request: web.Request, form: Mapping[str, str] = NO_FORM) -> tuple[str, str] | None:
    """Scheme (lower case) and secret (base64) of a request, None if it has none."""
    for header in ("X-Tinode-Auth", "Authorization"):
        scheme, _, secret = request.headers.get(header, "").strip().partition(" ")
        if secret:
            return scheme.lower(), secret.strip()
    for source in (request.query, form, request.cookies):
        if (scheme := source.get("auth", "")) and (secret := source.get("secret", "")):
            return scheme.lower(), secret
    return None


async def identify(
    service: Service, address: str, credentials: tuple[str, str] | None
) -> Identity | None:
    """Who sent a request, None for nobody.

    Raises Refused: 400 for a broken secret, 401 for a wrong one, 403 for a suspended account, 404
    for a deleted one, 429 after too many wrong ones.
    """
    if credentials is None:
        return None
    scheme, secret = credentials
    if scheme not in SCHEMES:
        raise Refused(status.AUTH_REQUIRED)
    try:
        return await identity.authenticate(service, address, scheme, _decode(secret))
    except Refused as refused:
        if refused.status.code == status.AUTH_REQUIRED.code:
            raise Refused(status.AUTH_REQUIRED) from None
        raise


def _decode(secret: str) -> bytes:
    """Base64 of either alphabet; a `+` of a query that was not escaped has become a space."""
    letters = secret.replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(status.MALFORMED) from None
