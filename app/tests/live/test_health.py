"""What operators ask: is it well, and how much does it do."""

import sqlite3
from pathlib import Path

import aiohttp

from tests.conftest import StartServer
from tests.live.people import group, people, say
from tests.support.client import connect
from tests.support.server import Server

TOKEN = "let-prometheus-in"


async def health(server: Server) -> tuple[int, dict[str, str]]:
    async with aiohttp.request("GET", f"{server.url}/healthz") as response:
        return response.status, await response.json()


async def test_a_server_that_can_store_is_healthy(server: Server) -> None:
    assert await health(server) == (200, {"status": "ok", "store": "ok"})


async def test_a_server_that_cannot_store_is_not_until_it_can(start_server: StartServer) -> None:
    server = start_server()
    other = sqlite3.connect(Path(server.data_dir) / "pipit.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    code, answer = await health(server)
    assert (code, answer["status"]) == (503, "failing")
    assert answer["store"] != "ok"
    other.execute("ROLLBACK")
    other.close()
    while (await health(server))[0] != 200:
        pass  # an outcome counts for a moment


async def figures(url: str) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.request("GET", f"{url}/metrics", headers=headers) as response:
        assert response.status == 200
        lines = (await response.text()).splitlines()
    rows = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


async def test_metrics_count_what_happens(start_server: StartServer) -> None:
    server = start_server(metrics_token=TOKEN)
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        for number in range(5):
            await say(ann, name, str(number))
        await bob.next("data", topic=name, seq=5)
        assert (await ann.request("get", topic="usrbad", what="desc"))["code"] == 400
        found = await figures(server.url)
    assert found['pipit_sessions{transport="websocket"}'] == 2
    assert found["pipit_users_online"] == 2
    assert found["pipit_messages_total"] == 5
    assert found["pipit_requests_total"] >= 10
    assert found["pipit_sent_bytes_total"] > 0
    assert found['pipit_answers_total{code="400"}'] == 1
    assert found["pipit_up"] == 1
    assert 0 < found["pipit_store_seconds"] < 60
    assert found["process_resident_memory_bytes"] > 0


async def test_metrics_are_for_those_with_the_token(start_server: StartServer) -> None:
    server = start_server(metrics_token=TOKEN)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer é"}):
        async with aiohttp.request("GET", f"{server.url}/metrics", headers=headers) as response:
            assert response.status == 401


async def test_metrics_can_have_a_port_of_their_own(
    start_server: StartServer, unused_tcp_port: int
) -> None:
    server = start_server(metrics_port=unused_tcp_port)
    async with connect(server):
        found = await figures(f"http://127.0.0.1:{unused_tcp_port}")
        assert found['pipit_sessions{transport="websocket"}'] == 1
    async with aiohttp.request("GET", f"{server.url}/metrics") as response:
        assert response.status == 404
