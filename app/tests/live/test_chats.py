"""Chats of two, saved notes and reports, beyond what the recorded conversations hold."""

from tests.live.people import history, people, rows, say, unique
from tests.support.client import connect
from tests.support.command import done
from tests.support.server import Server


async def test_the_history_stays_while_one_side_does(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await say(ann, bob.user, "hello")
        assert (await ann.request("leave", topic=bob.user, unsub=True))["code"] == 200
        assert bob.user not in await rows(ann)
        await ann.request("sub", topic=bob.user)
        assert await history(ann, bob.user) == ["hello"]


async def test_when_both_sides_have_left_the_history_is_gone(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await say(ann, bob.user, "hello")
        await ann.request("del", topic=bob.user, what="topic")
        await bob.request("del", topic=ann.user, what="topic")
        await ann.request("sub", topic=bob.user)
        assert await history(ann, bob.user) == []
        assert await say(ann, bob.user, "anew") == 1


async def test_blocking_survives_leaving_and_coming_back(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await ann.request("set", topic=bob.user, sub={"user": bob.user, "mode": "N"})
        assert (await bob.request("sub", topic=ann.user))["code"] == 403
        await bob.request("del", topic=ann.user, what="topic")
        assert (await bob.request("sub", topic=ann.user))["code"] == 403


async def test_a_chat_with_a_deleted_account_is_closed_and_stays_listed(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await say(ann, bob.user, "hello")
        gone = bob.user
        assert (await bob.request("del", what="user", hard=True))["code"] == 200
        await ann.next("pres", what="gone", src=gone)
        assert (await ann.request("pub", topic=gone, content="still there?"))["code"] == 409
        assert (await ann.request("sub", topic=gone))["code"] == 404
        assert "public" not in (await rows(ann))[gone]


async def test_notes_to_oneself_reach_the_other_device(server: Server) -> None:
    async with people(server, "ann") as (ann,), connect(server) as phone:
        await phone.login_token(ann.token)
        await ann.request("sub", topic="slf")
        await phone.request("sub", topic="slf")
        await say(ann, "slf", "milk")
        assert (await phone.next("data", topic="slf"))["content"] == "milk"
        reply = await ann.request("set", topic="slf", desc={"public": {"fn": "Notes"}})
        assert (reply["code"], reply["text"]) == (304, "not modified")


async def test_everybody_may_report_and_nobody_may_read_reports(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        report = {"action": "report", "target": "grpAAAAAAAAAAE"}
        assert (await ann.request("pub", topic="sys", content=report))["code"] == 202
        assert (await ann.request("sub", topic="sys"))["code"] == 403
        assert (await ann.request("get", topic="sys", what="data"))["code"] == 403


async def test_reports_stay_when_an_operator_stops_reading_them(server: Server) -> None:
    operator = unique("root")
    await done(
        server.data_dir, "user", "add", operator, "--root", "--password-stdin", stdin="secret123\n"
    )
    async with people(server, "ann") as (ann,), connect(server) as root:
        await root.login(operator)
        await root.request("sub", topic="sys")
        seq = (await ann.request("pub", topic="sys", content="spam"))["params"]["seq"]
        await root.next("data", topic="sys", seq=seq)
        assert (await root.request("leave", topic="sys", unsub=True))["code"] == 200
        assert (await root.request("sub", topic="sys"))["code"] == 200
        assert "spam" in await history(root, "sys")


async def test_a_phone_that_was_off_learns_what_changed_since(server: Server) -> None:
    async with people(server, "ann", "bob", "cyd") as (ann, bob, cyd):
        await ann.request("sub", topic=bob.user)
        await ann.request("sub", topic=cyd.user)
        seen = max(row["updated"] for row in (await rows(ann)).values())
        await say(ann, bob.user, "news")
        await ann.request("del", topic=cyd.user, what="topic")
        reply = await ann.request("get", topic="me", what="sub", sub={"ims": seen})
        changed = {row["topic"]: row for row in reply["sub"]}
        assert changed[bob.user]["seq"] == 1
        assert changed[bob.user]["public"]
        assert changed[cyd.user]["deleted"]
