"""The connection: addresses, concerns, patience, and what its faults mean."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
from bson import CodecOptions, Int64
from bson.codec_options import TypeDecoder, TypeRegistry
from bson.errors import BSONError
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DocumentTooLarge, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from pipit.config.settings import Database
from pipit.store.base import StoreError, Unavailable

Doc = dict[str, Any]
Db = AsyncDatabase[Doc]

PATIENCE = 4.0
"""Seconds until an operation is given up: clients wait 5 for an answer."""

GOODBYE_SECONDS = 0.5
"""For telling a server that its client goes."""

DURABLE = WriteConcern(w="majority", j=True)
"""Committed: in the journal of most members of the replica set, or of the one server there is.

Said explicitly: before MongoDB 5.0 the default was one member, in memory.
"""


def named(place: Database) -> str:
    """The database, for people."""
    return f"{place.name} on {', '.join(_servers(place))}"


def _servers(place: Database) -> list[str]:
    """host:port of each server that the settings name."""
    hosts = [host.strip() for host in place.host.split(",")]
    return [host if _has_port(host) else f"{host}:{place.port}" for host in hosts]


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or "]:" in host)


def connect(place: Database) -> tuple[AsyncMongoClient[Doc], str]:
    """A client, which connects when it is first used, and the name that its connections have."""
    name = f"pipit-{uuid.uuid4().hex[:12]}"
    options: Doc = {}
    if place.user:
        options |= {"username": place.user, "password": place.password, "authSource": "admin"}
    if place.replica_set:
        options["replicaSet"] = place.replica_set
    else:
        options["directConnection"] = "," not in place.host
    client: AsyncMongoClient[Doc] = AsyncMongoClient(
        _servers(place),
        appname=name,
        serverSelectionTimeoutMS=int(PATIENCE * 1000),
        connectTimeoutMS=int(PATIENCE * 1000),
        heartbeatFrequencyMS=1000,  # so soon a server that is back is noticed
        retryWrites=True,
        **options,
    )
    return client, name


async def disconnect(client: AsyncMongoClient[Doc]) -> None:
    """Ends its connections; a server that is away is not waited for."""
    with pymongo.timeout(GOODBYE_SECONDS):
        await client.close()


def database(client: AsyncMongoClient[Doc], name: str) -> Db:
    """The database, with what is promised of writes and reads."""
    return client.get_database(
        name,
        codec_options=PLAIN,
        write_concern=DURABLE,
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("local"),
    )


class _PlainInt(TypeDecoder):
    """Numbers beyond 31 bits come as `int`, not as BSON's own class, which no JSON encoder takes.

    Measured: 2 µs a document.
    """

    bson_type = Int64

    def transform_bson(self, value: Int64) -> int:
        """The number."""
        return int(value)


PLAIN: CodecOptions[Doc] = CodecOptions(type_registry=TypeRegistry([_PlainInt()]))


@contextmanager
def operation(patience: float = PATIENCE) -> Iterator[None]:
    """What is asked of the server within takes at most so many seconds, all together.

    Raises Unavailable for faults of the server or the way to it, StoreError for what it cannot
    hold.
    """
    try:
        with pymongo.timeout(max(patience, 0.001)):
            yield
    except (BSONError, DocumentTooLarge, DuplicateKeyError) as fault:
        raise StoreError(f"not stored: {' '.join(str(fault).split())}") from None
    except PyMongoError as fault:
        raise Unavailable(f"the database gives no answer: {reason(fault)}") from None


def reason(fault: PyMongoError) -> str:
    """What a fault says, on one short line, without the details that PyMongo adds."""
    text = " ".join(str(fault).split())
    for detail in (" (configured timeouts", ", full error:"):
        text = text.partition(detail)[0]
    return text if len(text) <= 200 else text[:197] + "..."
