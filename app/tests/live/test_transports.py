"""Ways to reach the service: WebSocket and long polling, over TCP and a Unix socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import StartServer
from tests.live.people import group, people, say, unique
from tests.support.client import API_KEY, PATIENCE, Body, basic, connect
from tests.support.server import Server

KEY = {"apikey": API_KEY}
LARGEST = 131072


class Poller:
    """A client that polls."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self.http = http
        self.address = f"{base}/v0/channels/lp"
        self.sid = ""

    async def call(self, body: str | bytes = b"", **query: str) -> tuple[int, bytes]:
        query = KEY | ({"sid": self.sid} if self.sid else {}) | query
        async with self.http.post(self.address, params=query, data=body) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["Cache-Control"].startswith("no-cache")
            return response.status, await response.read()

    async def start(self) -> None:
        code, body = await self.call()
        assert code == 201
        ctrl = json.loads(body)["ctrl"]
        assert (ctrl["code"], ctrl["text"]) == (201, "created")
        self.sid = ctrl["params"]["sid"]

    async def send(self, verb: str, **fields: Any) -> None:
        assert await self.call(json.dumps({verb: fields})) == (200, b"")

    async def poll(self) -> Body:
        """The one packet of the next poll."""
        async with asyncio.timeout(PATIENCE):
            code, body = await self.call()
        assert code == 200
        packet: Body = json.loads(body)
        return packet

    async def request(self, verb: str, **fields: Any) -> Body:
        await self.send(verb, **fields)
        ctrl: Body = (await self.poll())["ctrl"]
        assert ctrl.get("id") == fields.get("id")
        return ctrl

    async def signup(self) -> None:
        assert (await self.request("hi", id="1", ver="0.25"))["code"] == 200
        secret = basic(unique("poll"), "secret123")
        reply = await self.request(
            "acc", id="2", user="new", scheme="basic", secret=secret, login=True
        )
        assert reply["code"] == 200, reply


@asynccontextmanager
async def poller(server: Server) -> AsyncIterator[Poller]:
    async with aiohttp.ClientSession() as http:
        client = Poller(http, server.url)
        await client.start()
        yield client


# -- HTTP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "code", "text"),
    [
        ("GET", "/v0/nothing", 404, "not found"),
        ("GET", "/v0/urlpreview?url=http://127.0.0.1/", 404, "not found"),
        ("GET", "/v0/file/s/../../etc/passwd", 404, "not found"),
        ("GET", "/..%2f..%2fetc/passwd", 404, "not found"),
        ("GET", "/metrics", 404, "not found"),
        ("GET", "/v0/file/u/", 405, "operation or method not allowed"),
        ("POST", "/v0/file/s/x", 405, "operation or method not allowed"),
    ],
)
async def test_what_is_not_there_is_told_as_a_ctrl(
    server: Server, method: str, path: str, code: int, text: str
) -> None:
    async with aiohttp.request(method, server.url + path) as response:
        ctrl = (await response.json())["ctrl"]
        assert (response.status, ctrl["code"], ctrl["text"]) == (code, code, text)
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert "Server" not in response.headers


async def test_a_plain_get_of_the_websocket_names_the_version(server: Server) -> None:
    async with aiohttp.request("GET", f"{server.url}/v0/channels", params=KEY) as response:
        assert (response.status, await response.text()) == (400, "Bad Request")
        assert response.headers["Sec-WebSocket-Version"] == "13"
        assert response.content_type == "text/plain"


@pytest.mark.parametrize("path", ["/v0/channels", "/v0/channels/lp", "/v0/file/s/x"])
async def test_without_a_valid_api_key_there_is_nothing(server: Server, path: str) -> None:
    for query in ({}, {"apikey": "wrong"}):
        async with aiohttp.request("GET", server.url + path, params=query) as response:
            assert response.status == 403
            assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
            ctrl = json.loads(await response.text())["ctrl"]
            assert (ctrl["code"], ctrl["text"]) == (403, "valid API key required")


async def test_the_api_key_comes_as_header_query_or_cookie(server: Server) -> None:
    ways: list[dict[str, Any]] = [
        {"headers": {"X-Tinode-APIKey": API_KEY}},
        {"params": KEY},
        {"cookies": KEY},
    ]
    for way in ways:
        async with aiohttp.request("POST", f"{server.url}/v0/channels/lp", **way) as response:
            assert response.status == 201


async def test_other_keys_may_be_set(start_server: StartServer) -> None:
    server = start_server(server_api_keys="one,two")
    for key, code in (("one", 201), ("two", 201), (API_KEY, 403)):
        url = f"{server.url}/v0/channels/lp?apikey={key}"
        async with aiohttp.request("POST", url) as response:
            assert response.status == code


# -- long polling ----------------------------------------------------------------------------------


async def test_a_poll_gives_one_packet_at_a_time_in_order(server: Server) -> None:
    async with poller(server) as client:
        for number in ("1", "2", "3"):
            await client.send("get", id=number, topic="me", what="desc")
        answers = [(await client.poll())["ctrl"] for _ in range(3)]
        assert [(answer["id"], answer["code"]) for answer in answers] == [
            ("1", 409),
            ("2", 409),
            ("3", 409),
        ]


async def test_polls_at_the_same_time_share_the_packets(server: Server) -> None:
    async with poller(server) as client:
        polls = asyncio.gather(client.poll(), client.poll())
        await client.send("hi", id="1", ver="0.25")
        await client.send("hi", id="2")
        assert {packet["ctrl"]["id"] for packet in await polls} == {"1", "2"}


async def test_the_probe_is_answered_in_the_next_poll(server: Server) -> None:
    async with poller(server) as client:
        assert await client.call("1") == (200, b"")
        assert await client.call() == (200, b"0")


async def test_a_body_sent_at_the_start_is_ignored(server: Server) -> None:
    async with aiohttp.ClientSession() as http:
        client = Poller(http, server.url)
        assert (await client.call('{"hi":{"id":"7","ver":"0.25"}}'))[0] == 201
        await client.start()
        assert (await client.request("hi", id="1", ver="0.25"))["text"] == "ok"


@pytest.mark.parametrize("body", ["{", "[]", '{"hi":{}}{"hi":{}}', b"\xff\xfe"])
async def test_nonsense_is_told_in_the_next_poll(server: Server, body: str | bytes) -> None:
    async with poller(server) as client:
        assert await client.call(body) == (200, b"")
        ctrl = (await client.poll())["ctrl"]
        assert (ctrl["code"], ctrl["text"]) == (400, "malformed")
        assert "id" not in ctrl


async def test_a_request_that_is_too_large_is_417(server: Server) -> None:
    async with poller(server) as client:
        code, body = await client.call(b"x" * (LARGEST + 1))
        assert (code, json.loads(body)["ctrl"]["code"]) == (417, 400)
        assert await client.call(b"x" * LARGEST) == (200, b"")
        assert (await client.poll())["ctrl"]["code"] == 400


async def test_an_unknown_session_has_to_start_again(server: Server) -> None:
    async with aiohttp.ClientSession() as http:
        client = Poller(http, server.url)
        for sid in ("nosuchsession", "ws1", "../1"):
            code, body = await client.call(sid=sid)
            ctrl = json.loads(body)["ctrl"]
            assert (code, ctrl["code"]) == (403, 403)
            assert ctrl["text"] == "invalid or expired session"


async def test_a_preflight_starts_no_session(server: Server) -> None:
    url = f"{server.url}/v0/channels/lp"
    async with aiohttp.request("OPTIONS", url) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_long_polling_and_websocket_chat_with_each_other(server: Server) -> None:
    async with people(server, "ann") as (ann,), poller(server) as bob:
        await bob.signup()
        name = await group(ann)
        assert (await bob.request("sub", id="3", topic=name))["code"] == 200
        texts = [f"{number} " + "é" * 2000 for number in range(20)]
        for text in texts:
            await say(ann, name, text)
        got: list[str] = []
        while len(got) < len(texts):
            packet = await bob.poll()
            if "data" in packet:
                got.append(packet["data"]["content"])
        assert got == texts
        await bob.send("pub", topic=name, content="and back")
        assert await ann.next("data", topic=name, content="and back")


async def test_a_poller_that_is_sent_away_can_read_why(server: Server) -> None:
    async with poller(server) as bob:
        await bob.signup()
        await bob.send("del", id="3", what="user", hard=True)
        codes = [(await bob.poll())["ctrl"]["code"] for _ in range(2)]
        assert codes == [200, 205]
        assert (await bob.call())[0] in (200, 403)
        assert (await bob.call())[0] == 403


# -- who connects ----------------------------------------------------------------------------------


async def test_an_address_has_so_many_connections_and_gets_them_back(
    start_server: StartServer,
) -> None:
    server = start_server(limits_connections_per_address=2)
    async with connect(server), aiohttp.ClientSession() as http:
        async with connect(server) as second:
            assert (await Poller(http, server.url).call())[0] == 429
            with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
                async with connect(server):
                    pass
            await second.ws.close()
        await Poller(http, server.url).start()


async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(
    start_server: StartServer,
) -> None:
    trusting = start_server(limits_connections_per_address=1, server_trusted_proxies="127.0.0.1")
    doubting = start_server(limits_connections_per_address=1)
    for server, expected in ((trusting, [201, 201, 429]), (doubting, [201, 429, 429])):
        codes = []
        for address in ("198.51.100.1", "198.51.100.2", "198.51.100.2"):
            headers = {"X-Forwarded-For": address}
            url = f"{server.url}/v0/channels/lp"
            async with aiohttp.request("POST", url, params=KEY, headers=headers) as response:
                codes.append(response.status)
        assert codes == expected


async def test_a_unix_socket_serves_the_same(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "pipit.sock"
    server = start_server(server_socket=path, limits_connections_per_address=1)
    assert server.url == str(path)
    connector = aiohttp.UnixConnector(str(path))
    async with aiohttp.ClientSession(connector=connector) as http:
        headers = {"X-Forwarded-For": "198.51.100.1"}
        url = f"http://pipit/v0/channels?apikey={API_KEY}"
        async with http.ws_connect(url, headers=headers) as ws:
            await ws.send_str('{"hi":{"id":"1","ver":"0.25"}}')
            assert (await ws.receive_json(timeout=PATIENCE))["ctrl"]["code"] == 201
            with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
                await http.ws_connect(url, headers=headers)
            await Poller(http, "http://pipit").start()
    server.stop()
    assert not path.exists()
