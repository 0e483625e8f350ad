"""No request stays without an answer: whatever its verb, right or wrong, one or many at once."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.live.people import group, people
from tests.support.client import Client, basic, connect
from tests.support.server import Server

Request = tuple[str, dict[str, Any]]


def requests_of_every_kind(peer: str) -> list[Request]:
    """Right and wrong requests of every verb; none of them ends the session."""
    topics = [
        peer,
        "me",
        "fnd",
        "slf",
        "sys",
        "grpAAAAAAAAAAA",
        "chnAAAAAAAAAAA",
        "usrbad",
        "",
        "x",
    ]
    by_topic: list[Callable[[str], Request]] = [
        lambda topic: ("sub", {"topic": topic}),
        lambda topic: ("get", {"topic": topic, "what": "desc sub tags cred aux data del"}),
        lambda topic: ("get", {"topic": topic, "what": "nosuch"}),
        lambda topic: ("get", {"topic": topic}),
        lambda topic: ("set", {"topic": topic, "desc": {"private": {"comment": "x"}}}),
        lambda topic: ("set", {"topic": topic, "sub": {"user": peer, "mode": "JRW"}}),
        lambda topic: ("set", {"topic": topic, "tags": ["basic:somebody"]}),
        lambda topic: ("set", {"topic": topic, "cred": {"meth": "email", "val": "a@b.c"}}),
        lambda topic: ("set", {"topic": topic, "aux": {"pins": [1]}}),
        lambda topic: ("set", {"topic": topic}),
        lambda topic: ("pub", {"topic": topic, "content": "x"}),
        lambda topic: ("del", {"topic": topic, "what": "msg", "delseq": [{"low": 1}]}),
        lambda topic: ("del", {"topic": topic, "what": "sub", "user": peer}),
        lambda topic: ("del", {"topic": topic, "what": "cred"}),
        lambda topic: ("del", {"topic": topic, "what": "nosuch"}),
        lambda topic: ("leave", {"topic": topic}),
    ]
    others: list[Request] = [
        ("hi", {}),
        ("hi", {"ver": "0.99"}),
        ("hi", {"ver": "junk"}),
        ("login", {"scheme": "nosuch", "secret": ""}),
        ("login", {"scheme": "reset", "secret": basic("basic", "email:a@b.c")}),
        ("login", {}),
        ("acc", {}),
        ("acc", {"user": "new", "scheme": "token"}),
        ("acc", {"user": peer, "status": "susp"}),
        ("del", {"what": "user", "user": peer}),
        ("leave", {}),
        ("sub", {}),
        ("pub", {}),
    ]
    return [make(topic) for make in by_topic for topic in topics] + others


async def answers(client: Client, asked: list[Request]) -> None:
    """Sends all the requests at once, and waits for the answer to each."""
    ids = [await client.send(verb, id=f"q{n}", **body) for n, (verb, body) in enumerate(asked)]
    for ident in ids:
        await client.next("ctrl", "meta", id=ident)


async def test_every_request_is_answered_before_login_and_after(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob), connect(server) as stranger:
        await answers(stranger, requests_of_every_kind(bob.user))
        await answers(ann, requests_of_every_kind(bob.user))


async def test_every_request_is_answered_under_load(server: Server) -> None:
    """So much that everyone is behind, but less than what gets a client that is slow cut off."""
    async with people(server, *("member" for _ in range(20))) as members:
        name = await group(*members)
        talk: list[Request] = [
            ("pub", {"topic": name, "content": "x" * 100}),
            ("get", {"topic": name, "what": "desc sub data", "data": {"limit": 24}}),
            ("set", {"topic": "me", "desc": {"private": {"comment": "x"}}}),
        ]
        await asyncio.gather(*(answers(member, talk * 30) for member in members))
        end = await members[0].request("get", topic=name, what="desc")
        assert end["desc"]["seq"] == 20 * 30
