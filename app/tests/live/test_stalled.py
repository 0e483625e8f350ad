"""A client that stops reading is cut off; it costs the others nothing, and itself no message."""

import json
import socket

from tests.live.people import group, history, people, say
from tests.live.rfc6455 import TEXT, RawClient, connected, frame
from tests.support.client import connect
from tests.support.server import Server

LARGE = "x" * 100_000
ENOUGH = 60
"""So many large messages are more than kernel and server hold back for one client."""


def ask(client: RawClient, **packet: object) -> None:
    """Sends a request with an id, and reads until it is answered."""
    (body,) = packet.values()
    assert isinstance(body, dict)
    body["id"] = "1"
    client.send(frame(TEXT, json.dumps(packet).encode()))
    while True:
        answer = client.frame()
        assert answer
        ctrl = json.loads(answer.payload).get("ctrl", {})
        if ctrl.get("id") == "1":
            assert ctrl["code"] < 300, ctrl
            return


async def test_a_client_that_stops_reading_is_cut_off_and_resumes_by_seq(server: Server) -> None:
    async with people(server, "ann", "bob", "cyd") as (ann, bob, cyd):
        name = await group(ann, bob, cyd)
        await bob.request("leave", topic=name)
        with connected(server.ws) as stalled:
            stalled.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            ask(stalled, hi={"ver": "0.25"})
            ask(stalled, login={"scheme": "token", "secret": bob.token})
            ask(stalled, sub={"topic": name})
            await ann.next("pres", topic=name, what="on", src=bob.user)

            for number in range(ENOUGH):
                await say(ann, name, f"{number} {LARGE}")
            for number in range(ENOUGH):
                data = await cyd.next("data", topic=name)
                assert (data["seq"], data["content"]) == (number + 1, f"{number} {LARGE}")
            await ann.next("pres", topic=name, what="off", src=bob.user)

            read = 0
            while stalled.frame():
                read += 1
            assert read < ENOUGH

        async with connect(server) as again:
            await again.login_token(bob.token)
            await again.request("sub", topic=name)
            since = {"since": 1, "limit": ENOUGH}
            end = await again.request("get", topic=name, what="data", data=since)
            assert end["params"]["count"] == ENOUGH
            seqs = [(await again.next("data", topic=name))["seq"] for _ in range(ENOUGH)]
            assert sorted(seqs) == list(range(1, ENOUGH + 1))
    assert "does not read" in server.log or "reads too slowly" in server.log


async def test_a_slow_reader_gets_a_long_answer_whole(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        name = await group(ann)
        for number in range(24):
            await say(ann, name, f"{number} {LARGE}")
        with connected(server.ws) as slow:
            slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            ask(slow, hi={"ver": "0.25"})
            ask(slow, login={"scheme": "token", "secret": ann.token})
            ask(slow, sub={"topic": name, "get": {"what": "data", "data": {"limit": 24}}})
            seqs: list[int] = []
            while len(seqs) < 24:
                answer = slow.frame()
                assert answer
                packet = json.loads(answer.payload)
                if "data" in packet:
                    seqs.append(packet["data"]["seq"])
            assert seqs == list(range(24, 0, -1))
        assert len(await history(ann, name)) == 24
