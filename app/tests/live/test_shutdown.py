"""SIGTERM: clients are told, and what was acknowledged is there afterwards."""

import asyncio
import json
import signal

import aiohttp

from tests.conftest import StartServer
from tests.live.people import group, people
from tests.live.rfc6455 import CLOSE, TEXT, connected
from tests.support.client import API_KEY, Client, Closed, connect
from tests.support.server import STOP_SECONDS, Server


def exit_code(server: Server) -> int:
    """Waits until a server that was told to stop has ended."""
    try:
        return server.process.wait(STOP_SECONDS)
    finally:
        server.kill()


async def test_clients_are_told_before_the_connection_closes(start_server: StartServer) -> None:
    server = start_server()
    lp = f"{server.url}/v0/channels/lp?apikey={API_KEY}"
    async with connect(server) as client, aiohttp.ClientSession() as http:
        async with http.post(lp) as response:
            sid = (json.loads(await response.text()))["ctrl"]["params"]["sid"]
        polling = asyncio.ensure_future(http.post(f"{lp}&sid={sid}"))
        server.process.send_signal(signal.SIGTERM)
        told = await client.next("ctrl", code=205)
        assert told["text"] == "server shutdown"
        assert await client.closed() == 1001
        async with await polling as response:
            assert json.loads(await response.text())["ctrl"]["code"] == 205
    assert exit_code(server) == 0


async def published(client: Client, topic: str) -> list[int]:
    """Publishes until the server goes; the numbers of what was acknowledged."""
    acknowledged = []
    try:
        while True:
            reply = await client.request("pub", topic=topic, content="x")
            if reply["code"] == 202:
                acknowledged.append(reply["params"]["seq"])
    except (Closed, ConnectionError):
        return acknowledged


async def test_what_was_acknowledged_is_there_after_a_restart(start_server: StartServer) -> None:
    server = start_server(limits_enabled=False)
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        publishing = asyncio.gather(published(ann, name), published(bob, name))
        await ann.next("data", topic=name, where=lambda data: data["seq"] >= 50)
        server.stop()
        acknowledged = [seq for seqs in await publishing for seq in seqs]
        token = ann.token
    again = start_server(data_dir=server.data_dir)
    async with connect(again) as ann:
        await ann.login_token(token)
        await ann.request("sub", topic=name)
        end = await ann.request("get", topic=name, what="data", data={"limit": 1000})
        seqs = {(await ann.next("data"))["seq"] for _ in range(end["params"]["count"])}
        assert set(acknowledged) <= seqs
        assert seqs == set(range(1, max(seqs) + 1))
    assert len(acknowledged) >= 50


async def test_clients_that_hang_or_are_half_way_do_not_hold_it_up(
    start_server: StartServer,
) -> None:
    server = start_server()
    half_a_request = connected(server.ws)
    half_an_upload = connected(server.ws)
    with connected(server.ws) as deaf, half_a_request, half_an_upload:
        half_a_request.send(b"\x81\xfe\xff")
        async with aiohttp.ClientSession() as http:

            async def endless() -> object:
                yield b"--b\r\n"
                await asyncio.Event().wait()

            headers = {"Content-Type": "multipart/form-data; boundary=b"}
            url = f"{server.url}/v0/file/u/?apikey={API_KEY}"
            upload = asyncio.ensure_future(http.post(url, data=endless(), headers=headers))
            server.process.send_signal(signal.SIGTERM)
            farewell, closing = deaf.frame(), deaf.frame()
            assert farewell
            assert farewell.opcode == TEXT
            assert json.loads(farewell.payload)["ctrl"]["code"] == 205
            assert closing
            assert (closing.opcode, closing.close_code) == (CLOSE, 1001)
            assert exit_code(server) == 0
            upload.cancel()


async def test_a_second_signal_ends_it_at_once(start_server: StartServer) -> None:
    server = start_server()
    with connected(server.ws) as deaf:
        server.process.send_signal(signal.SIGTERM)
        assert deaf.frame()
        server.process.send_signal(signal.SIGTERM)
        assert exit_code(server) == 128 + signal.SIGTERM
