"""Every field of every packet, with values of every wrong type: refused, and that is all."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from pipit.wire.requests import Packet
from tests.live.people import group, people, rows
from tests.support.client import Body, Client
from tests.support.server import Server

Shape = Any
"""What fits: one of the words below, a list's only item, or an object's fields."""

TEXT, BASE64, FLAG, NUMBER, OBJECT, ANYTHING = "text", "base64", "flag", "number", "object", "any"

RANGE = {"low": NUMBER, "hi": NUMBER}
CRED = {"meth": TEXT, "val": TEXT, "resp": TEXT}
DESC = {
    "defacs": {"auth": TEXT, "anon": TEXT},
    "public": ANYTHING,
    "trusted": ANYTHING,
    "private": ANYTHING,
}
SET = {
    "desc": DESC,
    "sub": {"user": TEXT, "mode": TEXT},
    "tags": [TEXT],
    "cred": CRED,
    "aux": OBJECT,
}
OPTIONS = {
    "user": TEXT,
    "topic": TEXT,
    "ims": TEXT,
    "since": NUMBER,
    "before": NUMBER,
    "limit": NUMBER,
    "ranges": [RANGE],
}
GET = {"what": TEXT, "desc": OPTIONS, "sub": OPTIONS, "data": OPTIONS, "del": OPTIONS}
PACKETS: dict[str, dict[str, Shape]] = {
    "hi": {
        "id": TEXT,
        "ver": TEXT,
        "ua": TEXT,
        "dev": TEXT,
        "lang": TEXT,
        "platf": TEXT,
        "bkg": FLAG,
    },
    "acc": {
        "id": TEXT,
        "user": TEXT,
        "scheme": TEXT,
        "secret": BASE64,
        "tmpscheme": TEXT,
        "tmpsecret": BASE64,
        "status": TEXT,
        "login": FLAG,
        "tags": [TEXT],
        "desc": DESC,
        "cred": [CRED],
    },
    "login": {"id": TEXT, "scheme": TEXT, "secret": BASE64, "cred": [CRED]},
    "sub": {"id": TEXT, "topic": TEXT, "bkg": FLAG, "set": SET, "get": GET},
    "leave": {"id": TEXT, "topic": TEXT, "unsub": FLAG},
    "pub": {"id": TEXT, "topic": TEXT, "noecho": FLAG, "head": OBJECT, "content": ANYTHING},
    "get": {"id": TEXT, "topic": TEXT, **GET},
    "set": {"id": TEXT, "topic": TEXT, **SET},
    "del": {
        "id": TEXT,
        "topic": TEXT,
        "what": TEXT,
        "delseq": [RANGE],
        "user": TEXT,
        "cred": CRED,
        "hard": FLAG,
    },
    "note": {
        "topic": TEXT,
        "what": TEXT,
        "seq": NUMBER,
        "unread": NUMBER,
        "event": TEXT,
        "payload": ANYTHING,
    },
    "extra": {"attachments": [TEXT], "obo": TEXT, "authlevel": TEXT},
}
WRONG: dict[str, list[Any]] = {
    TEXT: [1, 1.5, True, [], {}, ["x"]],
    BASE64: [1, True, [], {}, "not base64", "YQ", "YQ=*"],
    FLAG: ["true", 0, 1, 1.5, [], {}],
    NUMBER: ["1", 1.5, True, [], {}, 2**53 + 1, -(2**70)],
    OBJECT: ["x", 1, True, []],
    ANYTHING: [],
}


def wrong(shape: Shape) -> list[Any]:
    """Values that do not fit, each in one place only."""
    if isinstance(shape, list):
        return ["x", 1, True, {}, [None], *([item] for item in wrong(shape[0]))]
    if isinstance(shape, dict):
        fields = [{name: value} for name, inner in shape.items() for value in wrong(inner)]
        return ["x", 1, True, [], *fields]
    return WRONG[shape]


def sound(verb: str, topic: str) -> Body:
    """A packet of the verb that is answered under its id, or none for a note."""
    fields = {"id": "1", "topic": topic, "ver": "0.25"}
    return {name: value for name, value in fields.items() if name in PACKETS[verb]}


def frames(verb: str, topic: str) -> list[str]:
    """Packets with one thing wrong, of this verb or (extra) beside some verb."""
    if verb == "extra":
        about = sound("get", topic) | {"what": "desc"}
        return [json.dumps({"get": about, "extra": value}) for value in wrong(PACKETS[verb])]
    base = sound(verb, topic)
    bodies = [base | v if isinstance(v, dict) else v for v in wrong(PACKETS[verb])]
    return [json.dumps({verb: body}) for body in [*bodies, None]]


@asynccontextmanager
async def two_in_a_group(server: Server) -> AsyncIterator[tuple[Client, Client, str]]:
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob, desc={"public": {"fn": "Crew"}})
        await ann.request("pub", topic=name, content="hello")
        for client in (ann, bob):
            await client.next("data")
            await view(client, name)
        yield ann, bob, name


async def view(client: Client, topic: str) -> list[Body]:
    """All that somebody can see of a group and of `me`."""
    parts = []
    for what in ("desc", "sub", "aux", "data", "del"):
        reply = await client.request("get", topic=topic, what=what)
        parts.append({name: reply[name] for name in reply if name not in ("id", "ts")})
    client.waiting.clear()
    return [*parts, await rows(client)]


@pytest.mark.parametrize("verb", PACKETS)
async def test_a_value_of_the_wrong_type_is_malformed_and_changes_nothing(
    server: Server, verb: str
) -> None:
    async with two_in_a_group(server) as (ann, bob, topic):
        before = await view(bob, topic)
        for sent in frames(verb, topic):
            await ann.ws.send_str(sent)
            reply = await ann.next("ctrl", "meta")
            refusal = {name: reply[name] for name in reply if name != "ts"}
            assert refusal == {"code": 400, "text": "malformed"}, sent
        reply = await ann.request("get", topic="me", what="desc")
        assert reply["desc"]["public"]
        assert ann.waiting == []
        assert bob.waiting == []
        assert await view(bob, topic) == before


@pytest.mark.parametrize("verb", [verb for verb in PACKETS if verb not in ("note", "extra")])
async def test_the_same_packets_are_answered_when_nothing_is_wrong(
    server: Server, verb: str
) -> None:
    async with two_in_a_group(server) as (ann, _, topic):
        await ann.send(verb, **sound(verb, topic))
        assert (await ann.next("ctrl", "meta"))["id"] == "1"


def test_no_field_is_forgotten_here() -> None:
    assert names_of(msgspec.inspect.type_info(Packet)) == names_in(PACKETS)


def names_in(shape: Shape) -> Any:
    """The names of all fields, nested as they are."""
    if isinstance(shape, list):
        return names_in(shape[0])
    if isinstance(shape, dict):
        return {name: names_in(inner) for name, inner in shape.items()}
    return None


def names_of(kind: msgspec.inspect.Type) -> Any:
    """The same of the service's structs."""
    if isinstance(kind, msgspec.inspect.UnionType):
        return next((found for one in kind.types if (found := names_of(one))), None)
    if isinstance(kind, msgspec.inspect.ListType):
        return names_of(kind.item_type)
    if isinstance(kind, msgspec.inspect.StructType):
        return {field.encode_name: names_of(field.type) for field in kind.fields}
    return None
