"""What a type cannot say about a value, and what keys say about each other."""

import ipaddress
from collections.abc import Iterator

from pipit.config.settings import Settings

SOCKET_PATH_MAX = 107
"""Bytes of a Unix socket's path; sun_path in unix(7) holds 108 with the closing zero."""


def complaint(settings: Settings) -> str | None:
    """The first thing that is wrong: `key: found ..., allowed: ...`; None if all is well."""
    return next(_complaints(settings), None)


def _complaints(settings: Settings) -> Iterator[str]:
    server, mail, accounts = settings.server, settings.mail, settings.accounts
    for proxy in server.trusted_proxies:
        if not _is_network(proxy):
            allowed = "an address or a network (10.0.0.0/8)"
            yield f"server.trusted_proxies: found {proxy}, allowed: {allowed}"
    if len(server.socket.encode()) > SOCKET_PATH_MAX:
        yield f"server.socket: found {server.socket}, allowed: at most {SOCKET_PATH_MAX} bytes"
    if not settings.data.dir:
        yield "data.dir: found nothing, allowed: a folder"
    if accounts.email != "off" and not mail.host:
        yield f"accounts.email: found {accounts.email}, allowed: off, unless mail.host is set"
    if mail.host and "@" not in mail.sender:
        yield f"mail.sender: found {mail.sender or 'nothing'}, allowed: an e-mail address"
    if mail.user and not mail.password:
        yield "mail.password_file: found nothing, allowed: the file with the password of mail.user"
    quota, largest = settings.files.quota_bytes, settings.files.max_bytes
    if 0 < quota < largest:
        yield f"files.quota_bytes: found {quota}, allowed: 0 or at least {largest}, files.max_bytes"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
