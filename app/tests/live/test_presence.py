"""Who sees whom come and go, and who does not."""

from tests.live.people import group, people, rows
from tests.support.client import connect
from tests.support.server import Server


async def test_partners_see_each_other_come_and_leave(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await ann.next("pres", what="on", src=bob.user)
        await bob.request("leave", topic="me")
        await ann.next("pres", what="off", src=bob.user)
        assert "online" not in (await rows(ann))[bob.user]
        await bob.request("sub", topic="me")
        assert (await ann.next("pres", what="on", src=bob.user))["ua"] == "PipitTest/1.0"
        await bob.next("pres", what="on", src=ann.user)


async def test_a_lost_connection_is_shown_after_a_grace_with_last_seen(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await bob.ws.close()
        assert (await rows(ann))[bob.user]["online"] is True
        await ann.next("pres", what="off", src=bob.user)
        row = (await rows(ann))[bob.user]
        assert "online" not in row
        assert row["seen"]["ua"] == "PipitTest/1.0"


async def test_who_is_back_within_the_grace_was_never_gone(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await ann.next("pres", what="on", src=bob.user)
        await bob.ws.close()
        async with connect(server) as again:
            await again.login_token(bob.token)
            await again.request("sub", topic="me")
            await again.request("leave", topic="me")
            await ann.next("pres", what="off", src=bob.user)  # the one of the {leave}
        assert not [p for kind, p in ann.waiting if kind == "pres" and p.get("src") == bob.user]


async def test_who_wants_no_presence_is_unseen(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await ann.next("pres", what="on", src=bob.user)
        reply = await bob.request("set", topic="me", sub={"mode": "JS"})
        assert reply["params"]["acs"]["mode"] == "JS"
        await ann.next("pres", what="off", src=bob.user)
        await bob.request("set", topic="me", sub={"mode": "JPS"})
        await ann.next("pres", what="on", src=bob.user)


async def test_a_group_is_online_while_somebody_is_in_it(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        name = await group(ann, bob)
        await bob.request("leave", topic=name)
        await ann.next("pres", topic=name, what="off", src=bob.user)
        await ann.request("leave", topic=name)
        await bob.next("pres", topic="me", what="off", src=name)
        await ann.request("sub", topic=name)
        await bob.next("pres", topic="me", what="on", src=name)


async def test_a_banned_member_is_seen_to_go(server: Server) -> None:
    async with people(server, "ann", "bob", "cyd") as (ann, bob, cyd):
        name = await group(ann, bob, cyd)
        await ann.request("set", topic=name, sub={"user": bob.user, "mode": "N"})
        evicted = await bob.next("ctrl", code=205, topic=name)
        assert evicted["params"] == {"unsub": False}
        await cyd.next("pres", topic=name, what="off", src=bob.user)
        assert (await bob.request("sub", topic=name))["code"] == 403


async def test_typing_is_shown_and_never_stored(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        await ann.request("sub", topic=bob.user)
        await ann.send("note", topic=bob.user, what="kp")
        info = await bob.next("info", what="kp")
        assert (info["topic"], info["src"], info["from"]) == ("me", ann.user, ann.user)
