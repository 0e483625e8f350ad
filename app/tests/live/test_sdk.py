"""The Python SDK against a real server: what its users do, and what they are told if it fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from pipit.sdk import (
    Client,
    ConfirmationNeeded,
    ConnectionLost,
    Detached,
    Draft,
    Feed,
    Options,
    Presence,
    RequestRefused,
)
from tests.conftest import StartServer
from tests.live.people import unique
from tests.support.server import Server
from tests.support.smtp import mail_server

PATIENCE = 20.0
"""Seconds to wait for what must come: so many that a busy machine fails no test."""


@asynccontextmanager
async def members(server: Server, *names: str) -> AsyncIterator[list[Client]]:
    """New accounts, each logged in over a client of its own."""
    async with AsyncExitStack() as stack:
        clients = []
        for name in names:
            client = await stack.enter_async_context(Client(server.url))
            await client.sign_up(unique(name), "secret123", name)
            clients.append(client)
        yield clients


async def texts(feed: Feed, count: int) -> list[str]:
    """The texts of the next messages."""
    async with asyncio.timeout(PATIENCE):
        return [(await anext(feed)).text for _ in range(count)]


async def test_two_people_chat(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        await ann.subscribe(bob.user)
        heard = await bob.subscribe(ann.user)
        assert await ann.publish(bob.user, "Hello") == 1
        message = await anext(heard)
        assert (message.seq, message.sender, message.text) == (1, ann.user, "Hello")
        assert message.ts.tzinfo


async def test_one_finds_others_by_their_login(server: Server) -> None:
    async with Client(server.url) as ann, Client(server.url) as bob:
        login = unique("bob")
        await ann.sign_up(unique("ann"), "secret123")
        account = await bob.sign_up(login, "secret123", "Bob B.")
        (row,) = await ann.find(login)
        assert (row.topic, row.name) == (account.user, "Bob B.")
        assert await ann.find(unique("nobody")) == []


async def test_a_group_has_its_members_and_who_is_removed_is_told(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        club = await ann.create_group("Chess club")
        await ann.invite(club.topic, bob.user)
        heard = await bob.subscribe(club.topic)
        assert heard.desc.name == "Chess club"
        assert {row.name for row in await bob.members(club.topic)} == {"ann", "bob"}
        await bob.publish(club.topic, "I am in")
        assert await texts(club, 1) == ["I am in"]
        await ann.remove(club.topic, bob.user)
        with pytest.raises(Detached, match=club.topic):
            await texts(heard, 2)


async def test_readers_of_a_channel_read_and_do_not_write(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        channel = await ann.create_group("News", channel=True)
        name = channel.topic.replace("grp", "chn")
        reading = await bob.subscribe(name)
        await ann.publish(channel.topic, "Snow")
        message = await anext(reading)
        assert (message.topic, message.sender, message.text) == (name, "", "Snow")
        with pytest.raises(RequestRefused) as refused:
            await bob.publish(name, "Sun")
        assert refused.value.code == 403


async def test_a_file_is_uploaded_shown_and_fetched(server: Server, tmp_path: Path) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        await ann.subscribe(bob.user)
        heard = await bob.subscribe(ann.user)
        paper = tmp_path / "rules.txt"
        paper.write_text("No running.")
        file = await ann.upload(paper)
        assert (file.name, file.mime, file.size) == ("rules.txt", "text/plain", 11)
        await ann.publish(bob.user, Draft("The rules").attach(file))
        message = await anext(heard)
        assert message.text == "The rules\n[file: rules.txt]"
        assert await bob.download(message.content["ent"][0]["data"]["ref"]) == b"No running."


async def test_a_file_too_large_or_not_there_is_refused(start_server: StartServer) -> None:
    server = start_server(files_max_bytes=1024)
    async with members(server, "ann") as (ann,):
        with pytest.raises(RequestRefused, match="too large"):
            await ann.upload(b"x" * 2000)
        with pytest.raises(RequestRefused) as refused:
            await ann.download("/v0/file/s/AAAAAAAAAAAAAAAAAAAAAA")
        assert refused.value.code == 404
        with pytest.raises(ValueError, match="another server"):
            await ann.download("https://example.com/v0/file/s/x")


async def test_messages_are_edited_and_deleted(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        await ann.subscribe(bob.user)
        heard = await bob.subscribe(ann.user)
        first = await ann.publish(bob.user, "Helo")
        await ann.edit(bob.user, first, Draft().bold("Hello"))
        await ann.publish(bob.user, "again")
        await texts(heard, 1)
        edit = await anext(heard)
        assert (edit.text, edit.replaces) == ("Hello", first)
        await ann.delete_messages(bob.user, first, edit.seq, for_all=True)
        assert [message.text for message in await heard.history()] == ["again"]
        with pytest.raises(RequestRefused):
            await bob.edit(ann.user, 3, "not mine")


async def test_older_messages_come_by_the_page(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        feed = await ann.subscribe(bob.user)
        for number in range(1, 31):
            await ann.publish(bob.user, str(number))
        page = await feed.history(limit=10)
        assert [message.seq for message in page] == list(range(21, 31))
        page = await feed.history(before=page[0].seq, limit=10)
        assert [message.seq for message in page] == list(range(11, 21))
        again = await bob.subscribe(ann.user, since=1)
        assert await texts(again, 30) == [str(number) for number in range(1, 31)]


async def test_reading_and_typing_are_seen_by_the_other(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        await ann.subscribe(bob.user)
        await bob.subscribe(ann.user)
        await bob.typing(ann.user)
        seq = await ann.publish(bob.user, "Hello")
        await bob.mark_received(ann.user, seq)
        await bob.mark_read(ann.user, seq)
        seen = []
        async with asyncio.timeout(PATIENCE):
            async for event in ann.events():
                seen.append(getattr(event, "what", ""))
                if seen[-1] == "read":
                    break
        assert seen[-3:] == ["kp", "recv", "read"]


async def test_one_is_told_of_what_is_new_elsewhere(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        await ann.subscribe(bob.user)
        assert {row.topic for row in await bob.conversations()} == {ann.user}
        await ann.publish(bob.user, "Hello")
        async with asyncio.timeout(PATIENCE):
            async for event in bob.events():
                if isinstance(event, Presence) and event.what == "msg":
                    assert (event.src, event.seq) == (ann.user, 1)
                    break


async def test_who_may_do_what_is_described_and_changed(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        club = await ann.create_group("Club", tags=["chess"])
        await ann.describe(club.topic, public={"fn": "Chess club"}, private={"comment": "mine"})
        desc = await ann.desc(club.topic)
        assert (desc.name, desc.private) == ("Chess club", {"comment": "mine"})
        await ann.set_tags(club.topic, ["go"])
        await ann.invite(club.topic, bob.user, "JR")
        heard = await bob.subscribe(club.topic)
        assert heard.desc.acs is not None
        assert heard.desc.acs.mode == "JR"
        await ann.delete_topic(club.topic)
        with pytest.raises(RequestRefused, match="topic not found"):
            await ann.desc(club.topic)


async def test_leaving_ends_the_feed(server: Server) -> None:
    async with members(server, "ann", "bob") as (ann, bob):
        feed = await ann.subscribe(bob.user)
        await ann.publish(bob.user, "one")
        await ann.leave(bob.user, unsubscribe=True)
        assert [message.text async for message in feed] == ["one"]
        assert await ann.conversations() == []


async def test_a_wrong_password_is_told_plainly(server: Server) -> None:
    async with Client(server.url) as client:
        with pytest.raises(RequestRefused) as refused:
            await client.login("nobody", "wrong")
        assert str(refused.value) == "login was refused: authentication failed (401)"
        with pytest.raises(RequestRefused, match="policy violation"):
            await client.sign_up(unique("ann"), "x")
        login = unique("ann")
        await client.sign_up(login, "secret123")
        with pytest.raises(RequestRefused) as refused:
            async with Client(server.url) as other:
                await other.sign_up(login, "secret123")
        assert (refused.value.code, refused.value.params) == (409, {"what": "auth"})


async def test_tokens_and_new_passwords_let_in_and_deleted_accounts_are_gone(
    server: Server,
) -> None:
    login = unique("ann")
    async with Client(server.url) as ann:
        account = await ann.sign_up(login, "secret123")
        async with Client(server.url) as phone:
            assert (await phone.login_token(account.token)).user == account.user
        await ann.change_password(login, "another1")
        assert await ann.download((await ann.upload(b"Hello")).url) == b"Hello"
    async with Client(server.url) as ann:
        await ann.login(login, "another1")
        await ann.delete_account()
    async with Client(server.url) as ann:
        with pytest.raises(RequestRefused, match="authentication failed"):
            await ann.login(login, "another1")


async def test_a_code_that_was_mailed_completes_the_sign_up(start_server: StartServer) -> None:
    async with mail_server() as mails:
        server = start_server(
            accounts_email="required",
            mail_host="127.0.0.1",
            mail_port=mails.port,
            mail_tls="none",
            mail_sender="pipit@example.org",
        )
        async with Client(server.url) as ann:
            with pytest.raises(ConfirmationNeeded, match="email"):
                await ann.sign_up(unique("ann"), "secret123", email="ann@example.org")
            code = await mails.code("ann@example.org")
            assert (await ann.confirm(code)).user == ann.user
            assert (await ann.create_group("Club")).topic


async def test_who_asks_too_much_waits_and_loses_nothing(start_server: StartServer) -> None:
    server = start_server(
        limits_packets_per_second_per_session=20, limits_packet_burst_per_session=20
    )
    async with members(server, "ann", "bob") as (ann, bob):
        heard = await bob.subscribe(ann.user)
        await ann.subscribe(bob.user)
        await asyncio.gather(*(ann.publish(bob.user, str(number)) for number in range(40)))
        assert sorted(await texts(heard, 40), key=int) == [str(n) for n in range(40)]


async def test_a_wait_beyond_ones_patience_is_refused(start_server: StartServer) -> None:
    server = start_server(limits_login_failures_per_hour_per_account=1)
    login = unique("ann")
    async with Client(server.url, Options(patience=0.5)) as client:
        for code in 401, 429:
            with pytest.raises(RequestRefused) as refused:
                await client.login(login, "wrong")
            assert refused.value.code == code
        assert refused.value.wait is not None
        assert refused.value.wait > 0.5


async def test_no_server_no_key_and_no_address_are_told_plainly(server: Server) -> None:
    with pytest.raises(ConnectionLost, match="cannot connect to ws:"):
        await Client("http://127.0.0.1:1").__aenter__()
    with pytest.raises(ConnectionLost, match="403"):
        await Client(server.url, Options(api_key="wrong")).__aenter__()
    with pytest.raises(ValueError, match="must begin with http"):
        Client("pipit.local")


async def test_a_message_that_is_too_large_is_refused_and_the_connection_stays(
    server: Server,
) -> None:
    async with members(server, "ann") as (ann,):
        notes = await ann.subscribe("slf")
        with pytest.raises(RequestRefused, match="too large") as refused:
            await ann.publish("slf", "x" * ann.server["maxMessageSize"])
        assert refused.value.code == 413
        await ann.publish("slf", "x" * 100_000)
        assert len((await anext(notes)).text) == 100_000
