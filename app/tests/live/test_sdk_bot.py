"""The bot kit against a real server: who is answered, when, and what a restart leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from pipit.sdk import Bot, Client, Draft, Feed, Incoming, Info, Message, RequestRefused
from tests.conftest import StartServer
from tests.live.people import unique
from tests.support.server import Server

PATIENCE = 60.0
PASSWORD = "secret123"


@asynccontextmanager
async def running(bot: Bot, wait: bool = True) -> AsyncIterator[None]:
    """A bot at work; in the end it is stopped and has to come to its end."""
    task = asyncio.create_task(bot.serve())
    try:
        if wait:
            await asyncio.wait_for(bot.ready.wait(), PATIENCE)
        yield
    finally:
        bot.stop()
        await asyncio.wait_for(task, PATIENCE)


@asynccontextmanager
async def person(server: Server, name: str = "ann") -> AsyncIterator[Client]:
    async with Client(server.url) as client:
        await client.sign_up(unique(name), PASSWORD, name)
        yield client


async def make_bot(server: Server, **options: str) -> tuple[Bot, str]:
    """A bot called Robin, which echoes, and its id."""
    login = unique("robin")
    async with Client(server.url) as client:
        user = (await client.sign_up(login, PASSWORD, "Robin")).user
    return echoing(server.url, login, **options), user


def echoing(url: str, login: str, **options: str) -> Bot:
    bot = Bot(url, login, PASSWORD, **options)  # type: ignore[arg-type]  # options are Literals

    @bot.command("weather")
    async def weather(message: Incoming) -> None:
        """/weather CITY: how it is there"""
        await message.reply(f"Sunny in {message.arguments}")

    @bot.on_message
    async def echo(message: Incoming) -> None:
        await message.reply(f"echo: {message.text}")

    return bot


async def answer(feed: Feed, bot: str) -> Message:
    """The next message of the bot, whose id is given."""
    async with asyncio.timeout(PATIENCE):
        async for message in feed:
            if message.sender == bot:
                return message
    raise AssertionError("the conversation ended")


async def ask(client: Client, feed: Feed, bot: str, text: str) -> str:
    """Asks the bot something; its next answer."""
    await client.publish(feed.topic, text)
    return (await answer(feed, bot)).text


async def is_read(client: Client, seq: int) -> None:
    """Waits until somebody has read a message of the group that the client is in."""
    async with asyncio.timeout(PATIENCE):
        async for event in client.events():
            if isinstance(event, Info) and (event.what, event.seq) == ("read", seq):
                return


async def test_it_answers_whoever_writes_to_it(server: Server) -> None:
    bot, user = await make_bot(server)
    async with running(bot), person(server) as ann, person(server) as bob:
        for someone in ann, bob:
            feed = await someone.subscribe(user)
            assert await ask(someone, feed, user, "hello") == "echo: hello"
            assert await ask(someone, feed, user, "/weather Oslo") == "Sunny in Oslo"
            help_ = "/help: this list\n/weather CITY: how it is there"
            assert await ask(someone, feed, user, "/help") == help_


async def test_in_groups_it_answers_only_what_is_for_it(server: Server) -> None:
    bot, user = await make_bot(server)
    async with running(bot), person(server) as ann:
        club = await ann.create_group("Club")
        await ann.invite(club.topic, user)
        for said in ("hello all", "robins are birds", "/weather Rome"):
            await ann.publish(club.topic, said)
        assert await ask(ann, club, user, "Robin: hello") == "echo: hello"
        assert await ask(ann, club, user, "@Robin /weather Oslo") == "Sunny in Oslo"
        await ann.publish(club.topic, Draft("What says ").mention("it", user).text("?"))
        mine = await answer(club, user)
        assert mine.text == "echo: What says it?"
        assert mine.head["reply"] == str(mine.seq - 1)
        await ann.publish(club.topic, "and why?", reply=str(mine.seq))
        assert (await answer(club, user)).text == "echo: and why?"


async def test_what_came_while_it_was_off_is_answered_once_and_in_order(server: Server) -> None:
    bot, user = await make_bot(server)
    async with person(server) as ann:
        feed = await ann.subscribe(user)
        for number in range(5):
            await ann.publish(user, str(number))
        club = await ann.create_group("Club")
        await ann.invite(club.topic, user)
        await ann.publish(club.topic, "Robin, hello")
        async with running(bot):
            got = [(await answer(feed, user)).text for _ in range(5)]
            assert got == [f"echo: {number}" for number in range(5)]
            assert (await answer(club, user)).text == "echo: hello"
        again = echoing(server.url, bot._login)
        async with running(again):
            assert await ask(ann, feed, user, "new") == "echo: new"
            assert await ask(ann, club, user, "Robin, new") == "echo: new"
        said = [message.text for message in await feed.history(limit=100)]
        assert len([text for text in said if text.startswith("echo")]) == 6


async def test_what_came_while_it_was_off_can_be_skipped(server: Server) -> None:
    bot, user = await make_bot(server, unread="skip")
    async with person(server) as ann:
        feed = await ann.subscribe(user)
        await ann.publish(user, "old")
        async with running(bot):
            assert await ask(ann, feed, user, "new") == "echo: new"


async def test_it_tells_what_it_has_read(server: Server) -> None:
    bot, user = await make_bot(server)
    async with running(bot), person(server) as ann:
        club = await ann.create_group("Club")
        await ann.invite(club.topic, user)
        seq = await ann.publish(club.topic, "not for it")
        await is_read(ann, seq)


async def test_a_handler_that_fails_apologises_and_the_next_message_is_handled(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    bot, user = await make_bot(server)

    @bot.command("fail")
    async def fail(message: Incoming) -> None:
        raise KeyError("oops")

    async with running(bot), person(server) as ann:
        feed = await ann.subscribe(user)
        assert await ask(ann, feed, user, "/fail") == "Sorry, that did not work."
        assert await ask(ann, feed, user, "hello") == "echo: hello"
    assert "oops" in caplog.text


async def test_where_it_may_not_write_it_goes_on_reading(server: Server) -> None:
    bot, user = await make_bot(server)
    async with running(bot), person(server) as ann:
        club = await ann.create_group("Club")
        await ann.invite(club.topic, user, "JRWP")
        await ann.invite(club.topic, user, "JRP")
        await is_read(ann, await ann.publish(club.topic, "Robin, hello"))
        await ann.invite(club.topic, user, "JRWP")
        assert await ask(ann, club, user, "Robin, again") == "echo: again"


async def test_text_in_the_making_is_shown_by_editing_one_message(server: Server) -> None:
    bot, user = await make_bot(server)
    asked = asyncio.Event()

    async def words() -> AsyncIterator[str]:
        yield "echo: one"
        await asked.wait()
        yield " two"
        yield " three"

    @bot.command("count")
    async def count(message: Incoming) -> None:
        async with message.typing():
            sent = await message.stream(words(), every=0)
        await sent.edit("echo: done")

    async with running(bot), person(server) as ann:
        feed = await ann.subscribe(user)
        await ann.publish(user, "/count")
        first = await answer(feed, user)
        assert (first.text, first.replaces) == ("echo: one", None)
        asked.set()
        edits = [await answer(feed, user) for _ in range(3)]
        assert [edit.text for edit in edits] == [
            "echo: one two",
            "echo: one two three",
            "echo: done",
        ]
        assert {edit.replaces for edit in edits} == {first.seq}


async def test_a_pressed_button_reaches_the_handler(server: Server) -> None:
    bot, user = await make_bot(server)

    @bot.on_message
    async def ask_back(message: Incoming) -> None:
        if message.pressed:
            await message.reply(f"echo: {message.text} {message.pressed}")
        else:
            await message.reply(Draft("echo? ").button("Yes", "sure", "1"))

    async with running(bot), person(server) as ann:
        club = await ann.create_group("Club")
        await ann.invite(club.topic, user)
        await ann.publish(club.topic, "Robin, well")
        asked = await answer(club, user)
        data = {"mime": "text/x-drafty-fr", "val": {"seq": asked.seq, "resp": {"sure": "1"}}}
        pressed = {"txt": "Yes", "fmt": [{"at": -1}], "ent": [{"tp": "EX", "data": data}]}
        await ann.publish(club.topic, pressed, mime="text/x-drafty")
        assert (await answer(club, user)).text == "echo: Yes {'sure': '1'}"


async def test_a_stopped_bot_first_ends_what_it_is_doing(server: Server) -> None:
    bot, user = await make_bot(server)
    started, go_on = asyncio.Event(), asyncio.Event()

    @bot.command("slow")
    async def slow(message: Incoming) -> None:
        started.set()
        await go_on.wait()
        await message.reply("echo: slowly")

    async with person(server) as ann:
        feed = await ann.subscribe(user)
        async with running(bot):
            await ann.publish(user, "/slow")
            await asyncio.wait_for(started.wait(), PATIENCE)
            bot.stop()
            go_on.set()
        assert (await answer(feed, user)).text == "echo: slowly"
        async with running(echoing(server.url, bot._login)):
            assert await ask(ann, feed, user, "next") == "echo: next"


async def test_a_server_that_is_killed_loses_and_doubles_no_answer(
    start_server: StartServer,
) -> None:
    server = start_server(limits_enabled=False)
    port, data_dir = urlsplit(server.url).port, server.data_dir
    bot, user = await make_bot(server)
    async with running(bot), person(server) as ann:
        feed = await ann.subscribe(user)
        answers: list[str] = []

        async def listen() -> None:
            while len(answers) < 150:
                answers.append((await answer(feed, user)).text)
                heard.set()

        heard = asyncio.Event()
        listening = asyncio.create_task(listen())
        for round_ in range(3):
            for number in range(50):
                await ann.publish(user, str(50 * round_ + number))
            heard.clear()
            await asyncio.wait_for(heard.wait(), PATIENCE)
            server.kill()
            server = await asyncio.to_thread(
                start_server, data_dir, server_port=port, limits_enabled=False
            )
        await asyncio.wait_for(listening, PATIENCE)
        assert answers == [f"echo: {number}" for number in range(150)]


async def test_a_bot_with_a_wrong_password_ends_and_says_why(server: Server) -> None:
    bot, _ = await make_bot(server)
    wrong = Bot(server.url, bot._login, "wrong")
    with pytest.raises(RequestRefused, match="login was refused: authentication failed"):
        await asyncio.wait_for(wrong.serve(), PATIENCE)


async def test_a_bot_waits_for_a_server_that_is_not_there_yet(start_server: StartServer) -> None:
    server = start_server()
    port, data_dir = urlsplit(server.url).port, server.data_dir
    bot, user = await make_bot(server)
    server.kill()
    async with running(bot, wait=False):
        await asyncio.to_thread(start_server, data_dir, server_port=port)
        async with person(server) as ann:
            feed = await ann.subscribe(user)
            assert await ask(ann, feed, user, "there?") == "echo: there?"
