"""Calls of two: the service relays their signalling and writes into the chat how they went."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import servers
from tests.live.people import people
from tests.support.client import Body, Client, connect
from tests.support.server import Server

CALL: Body = {
    "head": {"webrtc": "started", "mime": "text/x-drafty"},
    "content": {"txt": " ", "fmt": [{"len": 1}], "ent": [{"tp": "VC", "data": {}}]},
}


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that is set up for calls, and lets them ring for the least time."""
    folder: Path = tmp_path_factory.mktemp("calling")
    with servers(folder) as start_one:
        yield start_one(
            limits_enabled=False,
            calls_ice_servers='[{"urls": ["stun:stun.lan:3478"]}]',
            calls_timeout=5,
        )


@asynccontextmanager
async def ringing(server: Server) -> AsyncIterator[tuple[Client, Client, int]]:
    """A caller and a callee in their chat, and the number of the call that rings."""
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await bob.request("sub", topic=ann.user)
        reply = await ann.request("pub", topic=bob.user, noecho=True, **CALL)
        assert reply["code"] == 202, reply
        invite = await bob.next("info", what="call", event="invite")
        assert (invite["topic"], invite["src"], invite["from"]) == ("me", ann.user, ann.user)
        yield ann, bob, invite["seq"]


async def signal(client: Client, topic: str, seq: int, event: str, **fields: Any) -> None:
    await client.send("note", topic=topic, what="call", seq=seq, event=event, **fields)


async def outcome(client: Client, seq: int, state: str) -> Body:
    """The message that tells how the call went."""
    data = await client.next("data", where=lambda d: d["head"].get("webrtc") == state)
    assert data["head"]["replace"] == f":{seq}"
    return data


async def test_clients_are_told_the_ice_servers(calling: Server) -> None:
    async with connect(calling, hello=False) as client:
        params = (await client.hello())["params"]
    assert params["iceServers"] == [{"urls": ["stun:stun.lan:3478"]}]
    assert params["callTimeout"] == 5


async def test_an_accepted_call_goes_on_until_somebody_hangs_up(calling: Server) -> None:
    async with ringing(calling) as (ann, bob, seq):
        await signal(bob, ann.user, seq, "ringing")
        assert (await ann.next("info", event="ringing"))["seq"] == seq
        await signal(bob, ann.user, seq, "accept")
        await ann.next("info", event="accept", where=lambda i: i["from"] == bob.user)
        for person in (ann, bob):
            assert (await outcome(person, seq, "accepted"))["from"] == ann.user
        await signal(ann, bob.user, seq, "offer", payload={"sdp": "v=0"})
        assert (await bob.next("info", event="offer"))["payload"] == {"sdp": "v=0"}
        await signal(bob, ann.user, seq, "hang-up")
        await ann.next("info", event="hang-up")
        assert (await outcome(ann, seq, "finished"))["head"]["webrtc-duration"] >= 0


async def test_a_refused_call_is_declined(calling: Server) -> None:
    async with ringing(calling) as (ann, bob, seq):
        await signal(bob, ann.user, seq, "hang-up")
        for person in (ann, bob):
            await outcome(person, seq, "declined")


async def test_a_call_that_its_caller_ends_is_missed(calling: Server) -> None:
    async with ringing(calling) as (ann, bob, seq):
        await signal(ann, bob.user, seq, "hang-up")
        await outcome(bob, seq, "missed")


async def test_a_call_that_nobody_takes_is_missed(calling: Server) -> None:
    async with ringing(calling) as (_, bob, seq):
        await outcome(bob, seq, "missed")


async def test_a_second_call_finds_the_line_busy(calling: Server) -> None:
    async with ringing(calling) as (ann, bob, seq):
        reply = await bob.request("pub", topic=ann.user, noecho=True, **CALL)
        second = await outcome(bob, reply["params"]["seq"], "busy")
        assert second["seq"] > seq


async def test_only_the_start_of_a_call_is_a_client_s_to_write(calling: Server) -> None:
    async with people(calling, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        for state in ("finished", "accepted", 5):
            reply = await ann.request("pub", topic=bob.user, head={"webrtc": state}, content="x")
            assert reply["code"] == 400


async def test_without_ice_servers_there_are_no_calls(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        reply = await ann.request("pub", topic=bob.user, **CALL)
        assert (reply["code"], reply["text"]) == (501, "not implemented")
