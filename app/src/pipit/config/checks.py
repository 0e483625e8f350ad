"""What a type cannot say about a value, and what keys say about each other."""

import ipaddress
import re
from collections.abc import Iterator

from pipit.config import module_checks
from pipit.config.settings import Database, MessageQueue, Settings

SOCKET_PATH_MAX = 107
"""Bytes of a Unix socket's path; sun_path in unix(7) holds 108 with the closing zero."""

DATABASE_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
"""What MongoDB takes on every system (its manual, "Naming Restrictions"), without odd signs."""


GATEWAY_NAME = re.compile(r"[A-Za-z0-9-]{1,32}")
"""It stands in the ids of long-polling sessions, which proxies look into."""


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
    yield from _database(settings.database)
    if settings.cluster.enabled:
        yield from _cluster(settings)
    if accounts.email != "off" and not mail.host:
        yield f"accounts.email: found {accounts.email}, allowed: off, unless mail.host is set"
    if mail.host and "@" not in mail.sender:
        yield f"mail.sender: found {mail.sender or 'nothing'}, allowed: an e-mail address"
    if mail.user and not mail.password:
        yield "mail.password_file: found nothing, allowed: the file with the password of mail.user"
    yield from _message_queue(settings.message_queue)
    quota, largest = settings.files.quota_bytes, settings.files.max_bytes
    if 0 < quota < largest:
        yield f"files.quota_bytes: found {quota}, allowed: 0 or at least {largest}, files.max_bytes"
    yield from module_checks.complaints(settings)


def _database(database: Database) -> Iterator[str]:
    if database.type != "mongodb":
        return
    if not all(host.strip() for host in database.host.split(",")):
        yield f"database.host: found {database.host or 'nothing'}, allowed: a host, or several"
    if not DATABASE_NAME.fullmatch(database.name):
        allowed = "1 to 63 of a-z A-Z 0-9 _ -"
        yield f"database.name: found {database.name or 'nothing'}, allowed: {allowed}"
    if database.user and not database.password:
        allowed = "the file with the password of database.user"
        yield f"database.password_file: found nothing, allowed: {allowed}"


def _cluster(settings: Settings) -> Iterator[str]:
    name, listen = settings.cluster.name, settings.cluster_listen
    database, queue = settings.database.type, settings.message_queue.type
    if database != "mongodb":
        yield f"database.type: found {database}, allowed: mongodb, with cluster.enabled"
    if queue != "redis":
        yield f"message_queue.type: found {queue}, allowed: redis, with cluster.enabled"
    if not GATEWAY_NAME.fullmatch(name):
        yield f"cluster.name: found {name or 'nothing'}, allowed: 1 to 32 of a-z A-Z 0-9 -"
    for key, address in (("listen", listen), ("advertise", settings.cluster.advertise or listen)):
        if not (_is_socket_path(address) or _is_host_and_port(address)):
            allowed = f"host:port, or a socket's whole path of at most {SOCKET_PATH_MAX} bytes"
            yield f"cluster.{key}: found {address}, allowed: {allowed}"


def _is_socket_path(address: str) -> bool:
    return address.startswith("/") and len(address.encode()) <= SOCKET_PATH_MAX


def _is_host_and_port(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return "/" not in address and bool(host) and port.isdecimal() and 0 < int(port) < 65536


def _message_queue(queue: MessageQueue) -> Iterator[str]:
    if queue.user and not queue.password:
        allowed = "the file with the password of message_queue.user"
        yield f"message_queue.password_file: found nothing, allowed: {allowed}"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
