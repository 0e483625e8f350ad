"""Where Pipit does better than the server whose conversations were recorded (tests/conformance).

That every request is answered is in test_every_request_answered.py.
"""

import asyncio

import aiohttp
import pytest

from tests.conftest import StartServer
from tests.live.people import group, history, people, rows, say, unique
from tests.support.client import API_KEY, Body, Client, basic, connect
from tests.support.server import Server

DEL = "␡"


@pytest.mark.parametrize("hard", [True, False])
async def test_a_deleted_group_cannot_be_joined_and_leaves_no_row(
    server: Server, hard: bool
) -> None:
    async with people(server, "ann", "bob", "cyd") as (ann, bob, cyd):
        name = await group(ann, bob)
        assert (await ann.request("del", topic=name, what="topic", hard=hard))["code"] == 200
        for person in (ann, bob, cyd):
            reply = await person.request("sub", topic=name)
            assert (reply["code"], reply["text"]) == (404, "topic not found")
            assert name not in await rows(person)


async def test_only_ones_own_message_can_be_edited(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        seq = await say(ann, name, "by ann")
        edit: Body = {"topic": name, "content": "changed", "head": {"replace": f":{seq}"}}
        assert (await bob.request("pub", **edit))["code"] == 403
        assert (await ann.request("pub", noecho=True, **edit))["code"] == 202
        assert await history(bob, name) == ["by ann", "changed"]


async def test_an_edit_names_a_message_as_text(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        name = await group(ann)
        seq = await say(ann, name, "by ann")
        for target in (seq, [f":{seq}"], {"seq": seq}, True):
            head = {"replace": target}
            reply = await ann.request("pub", topic=name, content="changed", head=head)
            assert reply["code"] == 400, target
        assert await history(ann, name) == ["by ann"]


async def test_subcnt_is_the_number_of_members(server: Server) -> None:
    async with people(server, "ann", "bob", "cyd") as (ann, bob, cyd):
        name = await group(ann, bob, cyd)

        async def counted() -> list[int]:
            desc = (await ann.request("get", topic=name, what="desc"))["desc"]
            return [desc["subcnt"], (await rows(ann))[name]["subcnt"]]

        assert await counted() == [3, 3]
        await cyd.request("leave", topic=name, unsub=True)
        assert await counted() == [2, 2]
        await ann.request("del", topic=name, what="sub", user=bob.user)
        assert await counted() == [1, 1]


async def test_no_internal_name_is_ever_told(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob), connect(server) as phone:
        await phone.login_token(ann.token)
        await phone.request("sub", topic="me")
        await ann.request("sub", topic=bob.user)
        for desc in ({"public": "chess"}, {"private": "chess"}, {"public": DEL}):
            await ann.request("sub", topic="fnd")
            await ann.request("set", topic="fnd", desc=desc)
            await ann.request("get", topic="fnd", what="sub")
            await ann.request("leave", topic="fnd")
        await ann.request("set", topic="me", desc={"public": {"fn": "Ann"}})
        for watcher in (bob, phone):
            await watcher.next("pres", what="upd")
            await watcher.request("get", topic="me", what="desc")
            told = [body for kind, body in watcher.waiting if kind == "pres"]
            names = [str(body.get(field)) for body in told for field in ("topic", "src")]
            assert not [name for name in names if name.startswith(("fnd", "p2p"))]


async def test_a_row_of_me_has_ones_own_private_data(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        crew = await group(ann)
        await ann.request("sub", topic=bob.user)
        for name in (crew, bob.user):
            private = {"arch": True, "comment": f"about {name}"}
            await ann.request("set", topic=name, desc={"private": private})
            assert (await rows(ann))[name]["private"] == private
        assert "private" not in (await rows(bob))[ann.user]


def tags_of(login: str, *more: str) -> Body:
    return {"topic": "me", "tags": [f"basic:{login}", *more]}


async def test_there_is_one_alias_at_most(server: Server) -> None:
    async with connect(server) as ann:
        login = unique("ann")
        await ann.signup(login)
        await ann.request("sub", topic="me")
        two = [f"alias:{unique('one')}", f"alias:{unique('two')}"]
        assert (await ann.request("set", **tags_of(login, *two)))["code"] == 400
        new: Body = {"user": "new", "scheme": "basic", "secret": basic(unique("bob"), "secret")}
        assert (await ann.request("acc", **new, tags=two))["code"] == 400
        reply = await ann.request("sub", topic="new1", set={"tags": two})
        assert reply["code"] == 400


async def test_an_alias_belongs_to_one_user_or_topic(server: Server) -> None:
    alias = f"alias:{unique('the-')}"
    async with connect(server) as ann, connect(server) as bob:
        logins = [unique("ann"), unique("bob")]
        for client, login in zip((ann, bob), logins, strict=True):
            await client.signup(login)
            await client.request("sub", topic="me")
        assert (await ann.request("set", **tags_of(logins[0], alias)))["code"] == 200
        assert refused(await bob.request("set", **tags_of(logins[1], alias)))
        assert refused(await bob.request("sub", topic="new1", set={"tags": [alias]}))
        new: Body = {"user": "new", "scheme": "basic", "secret": basic(unique("cyd"), "secret")}
        assert refused(await bob.request("acc", **new, tags=[alias]))
        crew = await group(bob)
        assert refused(await bob.request("set", topic=crew, tags=[alias.upper()]))
        await ann.request("set", **tags_of(logins[0]))
        assert (await bob.request("set", topic=crew, tags=[alias]))["code"] == 200


def refused(reply: Body) -> bool:
    return int(reply["code"]) in range(400, 500)


async def test_a_bare_word_finds_logins_and_aliases(server: Server) -> None:
    word = unique("alice")
    async with people(server, "bob") as (bob,), connect(server) as alice, connect(server) as cyd:
        await alice.signup(word)
        login = unique("cyd")
        await cyd.signup(login)
        await cyd.request("sub", topic="me")
        await cyd.request("set", **tags_of(login, f"alias:{word}"))
        await bob.request("sub", topic="fnd")
        for query in (word, word.upper()):
            await bob.request("set", topic="fnd", desc={"public": query})
            found = (await bob.request("get", topic="fnd", what="sub"))["sub"]
            assert {row["topic"] for row in found} == {alice.user, cyd.user}


async def test_the_del_character_clears_all_tags_but_the_logins(server: Server) -> None:
    async with connect(server) as ann:
        login = unique("ann")
        await ann.signup(login, tags=["chess", f"alias:{unique('ann')}"])
        await ann.request("sub", topic="me")
        assert (await ann.request("set", topic="me", tags=[DEL]))["code"] == 200
        left = await ann.request("get", topic="me", what="tags")
        assert left["tags"] == [f"basic:{login}"]


@pytest.mark.parametrize("field", ["public", "private"])
async def test_the_del_character_clears_a_description(server: Server, field: str) -> None:
    async with people(server, "ann") as (ann,):
        name = await group(ann, desc={field: {"fn": "Crew", "note": "on board"}})
        await ann.request("set", topic=name, desc={field: {"note": DEL}})
        desc = (await ann.request("get", topic=name, what="desc"))["desc"]
        assert desc[field] == {"fn": "Crew"}
        await ann.request("set", topic=name, desc={field: DEL})
        assert field not in (await ann.request("get", topic=name, what="desc"))["desc"]


async def test_a_chat_of_two_takes_no_third(server: Server) -> None:
    async with people(server, "ann", "bob", "cyd") as (ann, bob, cyd):
        await ann.request("sub", topic=bob.user)
        for mode in ({}, {"mode": "JRWP"}):
            sub = {"user": cyd.user} | mode
            assert (await ann.request("set", topic=bob.user, sub=sub))["code"] == 403
        assert await rows(cyd) == {}


async def test_a_login_has_up_to_32_characters(server: Server) -> None:
    async with connect(server) as ann:
        longest = unique("ann").ljust(32, "x")
        await ann.signup(longest)
        async with connect(server) as phone:
            await phone.login(longest)
            assert phone.user == ann.user
        new: Body = {"user": "new", "scheme": "basic", "secret": basic(longest + "x", "secret")}
        assert (await ann.request("acc", **new))["code"] == 422


async def test_a_new_password_ends_the_older_tokens(server: Server) -> None:
    async with connect(server) as ann, connect(server) as phone:
        login = unique("ann")
        await ann.signup(login)
        old = ann.token
        await phone.login_token(old)
        change = await ann.request("acc", scheme="basic", secret=basic(login, "another one"))
        assert change["code"] == 200
        for token in (old, phone.token):
            async with connect(server) as other:
                reply = await other.request("login", scheme="token", secret=token)
                assert (reply["code"], reply["text"]) == (401, "authentication failed")
        async with connect(server) as other:
            await other.login(login, "another one")
            async with connect(server) as again:
                await again.login_token(other.token)
                assert again.user == ann.user


async def test_who_may_not_delete_for_everyone_is_told_so(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        seq = await say(ann, name, "stays")
        deletion: Body = {"topic": name, "what": "msg", "delseq": [{"low": seq}]}
        assert (await bob.request("del", hard=True, **deletion))["code"] == 403
        assert await history(bob, name) == ["stays"], "hidden from bob alone"
        assert (await bob.request("del", **deletion))["code"] == 200
        assert (await history(bob, name), await history(ann, name)) == ([], ["stays"])


async def test_an_old_message_cannot_be_deleted_for_everyone(start_server: StartServer) -> None:
    server = start_server(messages_delete_age=1, limits_enabled=False)
    async with people(server, "ann", "bob") as (ann, bob):
        for client, other in ((ann, bob), (bob, ann)):
            await client.request("sub", topic=other.user)
        old = await say(ann, bob.user, "old")
        await asyncio.sleep(1.1)  # its age is what is tested
        new = await say(ann, bob.user, "new")
        deletion: Body = {"topic": bob.user, "what": "msg", "hard": True}
        too_old = await ann.request("del", delseq=[{"low": old, "hi": new + 1}], **deletion)
        assert too_old["code"] == 403
        assert await history(bob, ann.user) == ["old", "new"]
        assert (await ann.request("del", delseq=[{"low": new}], **deletion))["code"] == 200
        assert await history(bob, ann.user) == ["old"]


async def upload(server: Server, client: Client) -> str:
    """Uploads a small text; its address relative to the server."""
    form = aiohttp.FormData({"id": "1"})
    form.add_field("file", b"secret plan", filename="plan.txt", content_type="text/plain")
    headers = {"X-Tinode-APIKey": API_KEY, "X-Tinode-Auth": f"Token {client.token}"}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as http,
        http.post("/v0/file/u/", data=form) as response,
    ):
        assert response.status == 200
        return str((await response.json())["ctrl"]["params"]["url"])


async def may_download(server: Server, client: Client, url: str) -> bool:
    headers = {"X-Tinode-APIKey": API_KEY, "X-Tinode-Auth": f"Token {client.token}"}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as http,
        http.get(url) as response,
    ):
        assert response.status in (200, 404), response.status
        return response.status == 200


async def test_a_file_is_served_to_those_who_may_read_where_it_was_posted(server: Server) -> None:
    async with people(server, "ann", "bob", "cyd") as (ann, bob, cyd):
        name = await group(ann, bob)
        url = await upload(server, ann)

        async def readers() -> list[bool]:
            return [await may_download(server, who, url) for who in (ann, bob, cyd)]

        assert await readers() == [True, False, False]
        await say(ann, name, "see the plan", extra={"attachments": [url]})
        assert await readers() == [True, True, False]
        await ann.request("del", topic=name, what="sub", user=bob.user)
        assert await readers() == [True, False, False]


async def test_who_cannot_read_a_file_cannot_post_it_to_read_it(server: Server) -> None:
    async with people(server, "ann", "bob", "eve") as (ann, bob, eve):
        name = await group(ann, bob)
        url = await upload(server, ann)
        await say(ann, name, "see the plan", extra={"attachments": [url]})
        evil = await group(eve)
        await eve.request("pub", topic=evil, content="mine", extra={"attachments": [url]})
        assert not await may_download(server, eve, url)
