"""Nonsense, malice and idleness from outside: refused clearly, and nobody else notices."""

import asyncio
import json
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import aiohttp
import msgspec
import pytest

from pipit.wire.requests import Packet
from tests.live.people import group, people, say
from tests.live.rfc6455 import CLOSE, PATIENCE, TEXT, RawClient, connected, frame, handshake
from tests.support.client import API_KEY, Client, connect
from tests.support.server import Server

DEEP = 10_000
OPERATORS: list[Any] = [
    "' OR '1'='1",
    "usr'; DROP TABLE users; --",
    '{"$ne": null}',
    "$where: 1",
    "../../../../etc/passwd",
    "usr\0\0\0",
    "%00",
    "usr" + "A" * 100_000,
    "grp\u202e\U0001f600",
    "*",
    "p2pAAAAAAAAAAAAAAAAAAAAA",
    "slfAAAAAAAAAAA",
]


async def is_alive(server: Server) -> bool:
    async with aiohttp.request("GET", f"{server.url}/healthz") as response:
        return response.status == 200


# -- packets ---------------------------------------------------------------------------------------


def wrong_for(kind: Any) -> Any:
    """A value that no field of this type takes; UNSET where every value fits."""
    if isinstance(kind, msgspec.inspect.UnionType):
        kinds = [one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)]
        return wrong_for(kinds[0])
    if isinstance(kind, msgspec.inspect.AnyType | msgspec.inspect.RawType):
        return msgspec.UNSET
    if isinstance(kind, msgspec.inspect.StrType | msgspec.inspect.BytesType):
        return 7
    return "seven"


def packets_with_a_wrong_field() -> Iterator[Any]:
    """For every field of every packet, one that has it with a wrong type."""
    info = msgspec.inspect.type_info(Packet)
    assert isinstance(info, msgspec.inspect.StructType)
    for path, value in wrong_fields(info):
        packet: Any = value
        for name in reversed(path):
            packet = {name: packet}
        yield pytest.param(packet, id=".".join(path))


def wrong_fields(
    struct: msgspec.inspect.StructType, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for field in struct.fields:
        here = (*path, field.encode_name)
        value = wrong_for(field.type)
        if value is not msgspec.UNSET:
            yield here, value
        for inner in struct_within(field.type):
            yield from wrong_fields(inner, here)


def struct_within(kind: Any) -> list[msgspec.inspect.StructType]:
    if isinstance(kind, msgspec.inspect.UnionType):
        return [struct for one in kind.types for struct in struct_within(one)]
    return [kind] if isinstance(kind, msgspec.inspect.StructType) else []


async def is_malformed(client: Client, text: str) -> None:
    await client.ws.send_str(text)
    answer = await client.next("ctrl", code=400)
    assert answer["text"] == "malformed"
    assert "id" not in answer


async def test_a_field_of_the_wrong_type_is_malformed_and_the_session_goes_on(
    server: Server,
) -> None:
    async with people(server, "ann") as (ann,):
        packets = [case.values[0] for case in packets_with_a_wrong_field()]
        assert len(packets) > 80
        for packet in packets:
            await is_malformed(ann, json.dumps(packet))
        assert (await ann.request("get", topic="me", what="desc"))["desc"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "7",
        '"hi"',
        "{}",
        '{"hi"',
        '{"nosuch":{}}',
        '{"hi":null}',
        '{"hi":[]}',
        '{"hi":{"id":"1"}} x',
        '{"get":{"topic":"me","data":{"since":1e400}}}',
        '{"get":{"topic":"me","data":{"since":99999999999999999999}}}',
        '{"login":{"scheme":"basic","secret":"%%%"}}',
        '{"pub":{"topic":"\ud800"}}'.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    ],
)
async def test_a_frame_that_is_no_packet_is_malformed(server: Server, text: str) -> None:
    async with connect(server) as client:
        if text.startswith('{"pub"'):
            assert (await client.request("pub", topic="x"))["code"] == 401
        else:
            await is_malformed(client, text)
        assert (await client.request("hi", ver="0.25"))["code"] == 401


@pytest.mark.parametrize(
    "packet",
    [
        '{"hi":{"id":%s}}',
        '{"hi":%s}',
        "%s",
        '{"set":{"topic":"me","desc":{"public":%s}}}',
        '{"set":{"topic":"me","aux":{"a":%s}}}',
        '{"note":{"topic":"me","what":"call","payload":%s}}',
        '{"pub":{"topic":"me","head":{"a":%s},"content":1}}',
    ],
)
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
async def test_json_too_deep_is_malformed(
    server: Server, packet: str, opening: str, closing: str
) -> None:
    deep = opening * DEEP + "1" + closing * DEEP
    async with people(server, "ann") as (ann,):
        await ann.ws.send_str(packet % deep)
        await ann.ws.send_str("1")
        await ann.next("probe")
        assert (await ann.request("get", topic="me", what="desc"))["desc"]


async def test_deep_content_reaches_nobody_or_everybody_whole(server: Server) -> None:
    deep = "[" * DEEP + "]" * DEEP
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        await ann.ws.send_str(f'{{"pub":{{"id":"deep","topic":"{name}","content":{deep}}}}}')
        await ann.next("ctrl", where=lambda ctrl: ctrl.get("id", "deep") == "deep")
        seq = await say(ann, name, "after")
        assert (await bob.next("data", topic=name, seq=seq))["content"] == "after"


async def test_strings_of_operators_and_paths_are_only_names(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        for text in OPERATORS:
            for verb in ("sub", "get", "leave", "set", "pub", "del"):
                reply = await ann.request(verb, topic=text, what="desc", content="x")
                assert 300 <= reply["code"] < 500, (verb, text, reply)
            login = await bob.request("login", scheme=text, secret="")
            assert login["code"] in (401, 409)
            await ann.request("set", topic="fnd", desc={"public": text})
        assert (await ann.request("get", topic="me", what="sub"))["code"] == 204


async def test_random_bytes_disturb_nobody(server: Server) -> None:
    dice = random.Random(7)
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        for round_ in range(40):
            with connected(server.ws) as client:
                client.send(dice.randbytes(dice.randrange(1, 3000)))
            with RawClient(server.ws) as client:
                client.send(dice.randbytes(dice.randrange(1, 3000)))
            with connected(server.ws) as client:
                noise = dice.randbytes(200).decode("latin-1").encode()
                client.send(frame(TEXT, noise))
                answer = client.frame()
                assert answer
                assert answer.opcode in (TEXT, CLOSE)
            await say(ann, name, str(round_))
            await bob.next("data", topic=name, content=str(round_))
    assert "Traceback" not in server.log


# -- HTTP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"POST /v0/file/u/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v0/channels/lp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n Folded: b\r\n\r\n",
    ],
    ids=range(10),
)
async def test_http_that_is_broken_is_refused(server: Server, request_bytes: bytes) -> None:
    with RawClient(server.ws) as client:
        client.send(request_bytes)
        client.socket.shutdown(socket.SHUT_WR)
        answer = client.socket.recv(65536)
    assert answer == b"" or answer.split()[1][:1] == b"4", answer
    assert await is_alive(server)
    assert "Traceback" not in server.log


async def test_slow_and_silent_clients_are_hung_up_on_while_others_are_served(
    server: Server,
) -> None:
    """One wait for all kinds: the half request, the nothing, and the WebSocket without {hi}."""
    hello = handshake(server.ws)
    with ExitStack() as stack:
        halves = [stack.enter_context(RawClient(server.ws)) for _ in range(200)]
        for client in halves:
            client.send(hello[: random.randrange(len(hello) - 1)])
        mute = stack.enter_context(connected(server.ws))
        for client in (*halves, mute):
            client.socket.settimeout(3 * PATIENCE)
        async with people(server, "ann", "bob") as (ann, bob):
            name = await group(ann, bob)
            seq = await say(ann, name, "meanwhile")
            await bob.next("data", topic=name, seq=seq)
            answer = await asyncio.to_thread(mute.frame)
            assert answer
            assert answer.close_code == 1008
            ends = [asyncio.to_thread(client.socket.recv, 1000) for client in halves]
            assert set(await asyncio.gather(*ends)) <= {b""}
            assert (await ann.request("get", topic="me", what="desc"))["desc"]


async def test_who_has_said_hi_may_take_time_to_log_in(server: Server) -> None:
    async with connect(server) as client:
        assert (await client.request("get", topic="me", what="desc"))["code"] == 401
        async with aiohttp.request("GET", f"{server.url}/?apikey={API_KEY}") as response:
            assert response.status in (200, 404, 503)
        assert (await client.request("login", scheme="nosuch"))["code"] == 401
