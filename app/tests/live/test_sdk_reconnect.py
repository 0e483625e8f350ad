"""The Python SDK when the connection breaks: nothing is missed, and nothing comes twice."""

import asyncio
import shutil
import signal
from urllib.parse import urlsplit

import pytest

from pipit.sdk import (
    Client,
    ConnectionLost,
    Feed,
    Offline,
    Online,
    Options,
    RequestRefused,
    RequestTimeout,
)
from pipit.sdk.client import Event
from tests.conftest import StartServer
from tests.live.line import line
from tests.live.people import unique
from tests.support.server import Server

PATIENCE = 60.0
"""Seconds to wait for what must come; waits between attempts to connect are in it."""

PATIENT = Options(offline_wait=None)


async def sign_up(client: Client, name: str) -> str:
    return (await client.sign_up(unique(name), "secret123", name)).user


async def texts(feed: Feed, last: str) -> list[str]:
    """The texts that come, up to `last`."""
    came = []
    async with asyncio.timeout(PATIENCE):
        async for message in feed:
            came.append(message.text)
            if message.text == last:
                break
    return came


async def happened(client: Client, kind: type[Event]) -> None:
    """Waits for an event."""
    async with asyncio.timeout(PATIENCE):
        async for event in client.events():
            if isinstance(event, kind):
                return


async def test_a_server_that_is_killed_costs_no_message(start_server: StartServer) -> None:
    server = start_server(limits_enabled=False)
    port, data_dir = urlsplit(server.url).port, server.data_dir
    async with Client(server.url, PATIENT) as ann, Client(server.url, PATIENT) as bob:
        to, by = await sign_up(bob, "bob"), await sign_up(ann, "ann")
        own, heard = await ann.subscribe(to), await bob.subscribe(by)
        said: list[str] = []

        async def talk() -> None:
            for round_ in range(3):
                while len(said) < 100 * (round_ + 1):
                    said.append(f"{len(said)}")
                    await ann.publish(to, said[-1])
                round_over.set()
            await ann.publish(to, "end")

        round_over = asyncio.Event()
        talking = asyncio.create_task(talk())
        reading = asyncio.create_task(texts(heard, "end"))
        for _ in range(3):
            await asyncio.wait_for(round_over.wait(), PATIENCE)
            round_over.clear()
            server.kill()
            server = await asyncio.to_thread(
                start_server, data_dir, server_port=port, limits_enabled=False
            )
        await asyncio.wait_for(talking, PATIENCE)
        assert await reading == [*said, "end"]
        assert await texts(own, "end") == [*said, "end"]


async def test_what_was_said_meanwhile_comes_once_one_is_back(server: Server) -> None:
    async with line(server) as way, Client(server.url) as ann, Client(way.url) as bob:
        to, by = await sign_up(bob, "bob"), await sign_up(ann, "ann")
        await ann.subscribe(to)
        heard = await bob.subscribe(by)
        await ann.publish(to, "before")
        assert await texts(heard, "before") == ["before"]
        way.cut()
        await happened(bob, Offline)
        for number in range(250):
            await ann.publish(to, str(number))
        way.mend()
        await happened(bob, Online)
        await ann.publish(to, "after")
        assert await texts(heard, "after") == [*map(str, range(250)), "after"]


async def test_a_message_whose_answer_was_lost_is_not_sent_twice(server: Server) -> None:
    async with line(server) as way, Client(server.url) as bob, Client(way.url, PATIENT) as ann:
        to, by = await sign_up(bob, "bob"), await sign_up(ann, "ann")
        heard = await bob.subscribe(by)
        await ann.subscribe(to)
        way.deaf = True
        publishing = asyncio.create_task(ann.publish(to, "once"))
        assert await texts(heard, "once") == ["once"]
        way.cut()
        way.mend()
        assert await asyncio.wait_for(publishing, PATIENCE) == 1
        assert await ann.publish(to, "twice") == 2


async def test_who_was_removed_meanwhile_is_told(server: Server) -> None:
    async with line(server) as way, Client(server.url) as ann, Client(way.url) as bob:
        await sign_up(ann, "ann")
        to = await sign_up(bob, "bob")
        club = await ann.create_group("Club", desc={"defacs": {"auth": "N"}})
        await ann.invite(club.topic, to, "JRWP")
        heard = await bob.subscribe(club.topic)
        way.cut()
        await happened(bob, Offline)
        await ann.remove(club.topic, to)
        way.mend()
        with pytest.raises(RequestRefused, match="permission denied"):
            await texts(heard, "never")


async def test_who_may_no_longer_log_in_is_told(server: Server) -> None:
    async with line(server) as way, Client(server.url) as desk, Client(way.url) as phone:
        login = unique("ann")
        account = await desk.sign_up(login, "secret123")
        await phone.login_token(account.token)
        notes = await phone.subscribe("slf")
        way.cut()
        await happened(phone, Offline)
        await desk.change_password(login, "another1")
        way.mend()
        with pytest.raises(RequestRefused, match="authentication failed"):
            await texts(notes, "never")
        with pytest.raises(RequestRefused, match="authentication failed"):
            await phone.publish("slf", "still me?")


async def test_where_tokens_have_ended_the_password_lets_in_again(
    start_server: StartServer,
) -> None:
    server = start_server()
    port, data_dir = urlsplit(server.url).port, server.data_dir
    async with Client(server.url, PATIENT) as ann:
        await sign_up(ann, "ann")
        notes = await ann.subscribe("slf")
        server.kill()
        shutil.rmtree(data_dir / "keys")
        await asyncio.to_thread(start_server, data_dir, server_port=port)
        await happened(ann, Online)
        await ann.publish("slf", "back")
        assert await texts(notes, "back") == ["back"]


async def test_requests_wait_for_the_connection_only_so_long(server: Server) -> None:
    impatient = Options(offline_wait=0.2)
    async with line(server) as way, Client(way.url, impatient) as ann:
        await sign_up(ann, "ann")
        await ann.subscribe("slf")
        way.cut()
        await happened(ann, Offline)
        with pytest.raises(ConnectionLost, match=r"no connection to .* for 0\.2 s"):
            await ann.publish("slf", "hello?")


async def test_a_server_that_does_not_answer_is_not_waited_for_for_ever(
    start_server: StartServer,
) -> None:
    server = start_server()
    async with Client(server.url, Options(timeout=0.5)) as ann:
        await sign_up(ann, "ann")
        server.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(RequestTimeout, match=r"no answer within 0\.5 s"):
                await ann.desc("me")
        finally:
            server.process.send_signal(signal.SIGCONT)


async def test_closing_ends_feeds_events_and_requests(server: Server) -> None:
    async with Client(server.url) as ann:
        await sign_up(ann, "ann")
        notes = await ann.subscribe("slf")
        reading = asyncio.create_task(texts(notes, "never"))
        events = asyncio.create_task(happened(ann, Offline))
    assert await asyncio.wait_for(reading, PATIENCE) == []
    await asyncio.wait_for(events, PATIENCE)
    with pytest.raises(ConnectionLost, match="was closed"):
        await ann.desc("me")
