"""Accounts through a real server: {hi}, {login}, {acc}, right and wrong (protocol.md, 2 and 3).

What recorded conversations show already is not repeated here.
"""

import base64
from typing import Any

import pytest

from pipit.accounts.levels import ROOT
from pipit.accounts.service import NewAccount
from tests.conftest import StartServer
from tests.live.logins import PASSWORD, accounts_of, answer, encoded, login_code
from tests.live.people import people, unique
from tests.support.client import Body, Client, basic, connect
from tests.support.server import Server


def new_account(name: str, password: str = PASSWORD, /, **fields: Any) -> Body:
    return {"user": "new", "scheme": "basic", "secret": basic(name, password)} | fields


# -- {hi} -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.25", "0.25.3", "v0.25", "0.22", "0.99", "1.0", "0.25-rc1"])
async def test_versions_that_are_taken(server: Server, version: str) -> None:
    async with connect(server, hello=False) as client:
        reply = await client.hello(ver=version)
        assert (reply["code"], reply["params"]["ver"]) == (201, "0.25")


@pytest.mark.parametrize(
    ("version", "code"), [("", 400), ("0", 400), ("junk", 400), (".", 400), ("0.16", 505)]
)
async def test_versions_that_are_refused_and_one_may_try_again(
    server: Server, version: str, code: int
) -> None:
    async with connect(server, hello=False) as client:
        assert (await client.hello(ver=version))["code"] == code
        assert (await client.hello())["code"] == 201


async def test_hi_again_changes_the_push_token_and_nothing_but_that_version_will_do(
    server: Server,
) -> None:
    async with people(server, "ann") as (ann,):
        asked: list[Body] = [{"dev": "token"}, {"dev": "token"}, {"ver": "0.25"}, {"dev": "␡"}]
        replies = [await ann.request("hi", **fields) for fields in asked]
        assert [reply["code"] for reply in replies] == [200, 201, 201, 200]
        assert not any("params" in reply for reply in replies)
        reply = await ann.request("hi", ver="0.25.1")
        assert answer(reply) == (409, "command out of sequence", None)


async def test_hi_tells_the_limits_of_the_settings(start_server: StartServer) -> None:
    server = start_server(
        messages_delete_age=60,
        messages_max_members=7,
        files_max_bytes=2048,
        calls_ice_servers="[{urls: ['stun:stun.lan:3478']}]",
    )
    async with connect(server, hello=False) as client:
        params = (await client.hello())["params"]
    assert params["build"].startswith("sqlite:pipit-")
    assert params["maxMessageSize"] == 131072
    assert params["maxFileUploadSize"] == 2048
    assert params["maxSubscriberCount"] == 7
    assert params["msgDelAge"] == 60
    assert params["reqCred"] is None
    assert params["iceServers"] == [{"urls": ["stun:stun.lan:3478"]}]
    assert params["callTimeout"] == 30


async def test_without_a_server_for_calls_none_is_told(server: Server) -> None:
    async with connect(server, hello=False) as client:
        params = (await client.hello())["params"]
    assert not {"iceServers", "callTimeout", "sid"} & set(params)


# -- {login} --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "secret", "code", "text"),
    [
        ("basic", "", 400, "malformed"),
        ("basic", encoded("nocolon"), 400, "malformed"),
        ("basic", encoded("nobody-at-all:x"), 401, "authentication failed"),
        ("token", "", 400, "malformed"),
        ("token", encoded("x" * 47), 400, "malformed"),
        ("token", encoded("x" * 48), 401, "authentication failed"),
        ("code", encoded("123456:email:nobody@example.com"), 401, "authentication failed"),
        ("code", encoded("123456"), 400, "malformed"),
        ("anonymous", "", 501, "not implemented"),
        ("", encoded("a:b"), 401, "unknown authentication scheme"),
        ("nosuch", encoded("a:b"), 401, "unknown authentication scheme"),
        ("reset", encoded("basic:email:nobody@example.com"), 301, "auth reset"),
        ("reset", encoded("basic:email"), 400, "malformed"),
        ("reset", encoded("basic:tel:+17025550001"), 501, "not implemented"),
        ("reset", encoded("nosuch:email:a@b.c"), 501, "not implemented"),
    ],
)
async def test_logins_that_are_refused(
    server: Server, scheme: str, secret: str, code: int, text: str
) -> None:
    async with connect(server) as client:
        reply = await client.request("login", scheme=scheme, secret=secret)
        assert answer(reply) == (code, text, None)
        assert (await client.request("sub", topic="me"))["code"] == 401


async def test_a_wrong_password_is_answered_as_an_unknown_login_is(server: Server) -> None:
    async with connect(server) as ann, connect(server) as guesser:
        login = unique("ann")
        await ann.signup(login)
        wrong = await guesser.request("login", scheme="basic", secret=basic(login, "wrong"))
        nobody = await guesser.request("login", scheme="basic", secret=basic(unique("no"), "wrong"))
        for reply in (wrong, nobody):
            del reply["id"], reply["ts"]
        assert wrong == nobody


async def test_a_login_is_found_in_any_case_and_script(server: Server) -> None:
    async with connect(server) as ann, connect(server) as phone:
        login = unique("Юля")
        await ann.signup(login.upper())
        await phone.login(login.lower())
        assert phone.user == ann.user


async def test_every_login_gives_a_new_token_and_older_ones_hold(server: Server) -> None:
    async with people(server, "ann") as (ann,), connect(server) as phone:
        await phone.login_token(ann.token)
        assert len(phone.token) == 64
        assert await login_code(server, "token", ann.token) == 200


async def test_tokens_outlive_a_restart(start_server: StartServer) -> None:
    server = start_server()
    async with people(server, "ann") as (ann,):
        user, token = ann.user, ann.token
    server.stop()
    server = start_server(data_dir=server.data_dir)
    async with connect(server) as again:
        await again.login_token(token)
        assert again.user == user


async def test_no_changed_token_is_taken(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        token = base64.b64decode(ann.token)
    for position in range(len(token)):
        changed = bytearray(token)
        changed[position] ^= 1
        forged = base64.b64encode(changed).decode()
        assert await login_code(server, "token", forged) == 401, position


# -- {acc}: new -----------------------------------------------------------------------------------


async def test_an_account_may_be_made_without_logging_in(server: Server) -> None:
    async with connect(server) as ann:
        login = unique("ann")
        desc = {"public": {"fn": "Ann"}, "trusted": {"staff": True}}
        reply = await ann.request("acc", **new_account(login, desc=desc))
        assert (reply["code"], reply["text"]) == (201, "created")
        assert set(reply["params"]) == {"user", "authlvl", "desc"}
        assert set(reply["params"]["desc"]) == {"created", "updated", "defacs", "public"}
        assert (await ann.request("sub", topic="me"))["code"] == 401
        await ann.login(login)
        assert ann.user == reply["params"]["user"]


async def test_a_member_may_make_an_account_but_not_change_over_to_it(server: Server) -> None:
    async with people(server, "ann") as (ann,):
        made = await ann.request("acc", **new_account(unique("kid")))
        assert made["code"] == 201
        reply = await ann.request("acc", **new_account(unique("kid"), login=True))
        assert answer(reply) == (409, "already authenticated", None)
        assert (await ann.request("sub", topic="me"))["code"] in (200, 304)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ({}, {"auth": "JRWPASD", "anon": "N"}),
        ({"auth": "JRWPAS", "anon": "JR"}, {"auth": "JRWPA", "anon": "JRA"}),
        ({"auth": "N"}, {"auth": "N", "anon": "N"}),
    ],
)
async def test_access_for_others_is_what_a_chat_of_two_has(
    server: Server, asked: Body, stored: Body
) -> None:
    async with connect(server) as ann:
        reply = await ann.request("acc", **new_account(unique("ann"), desc={"defacs": asked}))
        assert reply["params"]["desc"]["defacs"] == stored


@pytest.mark.parametrize(
    ("fields", "code", "params"),
    [
        (new_account("ab"), 422, {"what": "auth"}),
        (new_account("x" * 33), 422, {"what": "auth"}),
        (new_account("has space"), 422, {"what": "auth"}),
        (new_account("a@b.c"), 422, {"what": "auth"}),
        (new_account(""), 422, {"what": "auth"}),
        (new_account("goodname", ""), 422, None),
        (new_account("goodname", secret=encoded("nocolon")), 400, {"what": "auth"}),
        (new_account("goodname", scheme="token"), 501, {"what": "auth"}),
        (new_account("goodname", scheme="code"), 501, {"what": "auth"}),
        (new_account("goodname", scheme=""), 400, None),
        (new_account("goodname", scheme="anon"), 400, None),
        (new_account("goodname", tags=["basic:other"]), 403, {"what": "tags"}),
        (new_account("goodname", tags=["alias:bad alias!"]), 400, {"what": "tags"}),
        (new_account("goodname", desc={"defacs": {"auth": "JRX"}}), 400, None),
        (new_account("goodname", user="nobody"), 403, None),
        (new_account("goodname", user="usrAAAAAAAAAAA"), 403, None),
    ],
)
async def test_accounts_that_are_not_made(
    server: Server, fields: Body, code: int, params: Body | None
) -> None:
    async with connect(server) as client:
        reply = await client.request("acc", login=True, **fields)
        assert (reply["code"], reply.get("params")) == (code, params)
        assert (await client.request("sub", topic="me"))["code"] == 401


async def test_a_login_and_an_alias_belong_to_one_account(server: Server) -> None:
    async with connect(server) as client:
        login, alias = unique("ann"), f"alias:{unique('ann')}"
        await client.request("acc", **new_account(login, tags=[alias]))
        same_login = await client.request("acc", **new_account(login.upper()))
        assert answer(same_login) == (409, "duplicate credential", {"what": "auth"})
        same_alias = await client.request("acc", **new_account(unique("bob"), tags=[alias]))
        assert answer(same_alias) == (409, "duplicate credential", {"what": "alias"})


async def test_credentials_are_ignored_where_nothing_confirms_them(server: Server) -> None:
    async with connect(server) as ann:
        mail: Body = {"meth": "email", "val": "ann@example.com"}
        await ann.signup(unique("ann"), cred=[mail, {"meth": "nosuch", "val": "x"}])
        await ann.request("sub", topic="me")
        assert (await ann.request("set", topic="me", cred=mail))["code"] == 200
        listed = await ann.request("get", topic="me", what="cred")
        assert answer(listed) == (204, "no content", {"what": "creds"})
        removed = await ann.request("del", topic="me", what="cred", cred=mail)
        assert answer(removed)[:2] == (304, "no action")
        assert (await ann.request("del", topic="me", what="cred"))["code"] == 400


async def test_an_anonymous_account_is_known_by_its_token_only(server: Server) -> None:
    async with connect(server) as guest:
        reply = await guest.request(
            "acc", user="new", scheme="anonymous", login=True, desc={"public": {"fn": "Guest"}}
        )
        params = reply["params"]
        assert (reply["code"], params["authlvl"]) == (200, "anon")
        sub = await guest.request("sub", topic="me", get={"what": "tags"})
        assert sub["code"] == 200
        assert answer(await guest.next("ctrl", topic="me"))[0] == 204
        reply = await guest.request("acc", scheme="basic", secret=basic("", PASSWORD))
        assert reply["code"] == 403
    async with connect(server) as again:
        reply = await again.login_token(params["token"])
        assert (reply["params"]["user"], reply["params"]["authlvl"]) == (params["user"], "anon")


@pytest.mark.parametrize("policy", ["closed", "invite"])
async def test_who_is_not_invited_makes_no_account(start_server: StartServer, policy: str) -> None:
    async with connect(start_server(accounts_signup=policy)) as stranger:
        for scheme in ("basic", "anonymous"):
            reply = await stranger.request("acc", **new_account("somebody", scheme=scheme))
            assert answer(reply) == (403, "permission denied", None)


# -- {acc}: change --------------------------------------------------------------------------------


async def test_a_new_password_ends_the_other_sessions_but_not_this_one(server: Server) -> None:
    async with connect(server) as ann, connect(server) as phone:
        login = unique("ann")
        await ann.signup(login)
        await phone.login_token(ann.token)
        reply = await ann.request("acc", user=ann.user, scheme="basic", secret=basic("", "another"))
        assert answer(reply) == (200, "ok", None)
        assert "params" in reply
        await phone.closed()
        assert (await ann.request("sub", topic="me"))["code"] == 200
    assert await login_code(server, "basic", basic(login, PASSWORD)) == 401
    assert await login_code(server, "basic", basic(login, "another")) == 200


async def test_a_new_password_outlives_a_restart_and_so_does_the_end_of_older_tokens(
    start_server: StartServer,
) -> None:
    server = start_server()
    async with connect(server) as ann:
        login = unique("ann")
        await ann.signup(login)
        old = ann.token
        await ann.request("acc", scheme="basic", secret=basic(login, "another"))
    server.stop()
    server = start_server(data_dir=server.data_dir)
    assert await login_code(server, "token", old) == 401
    assert await login_code(server, "basic", basic(login, "another")) == 200


async def test_a_login_can_be_renamed(server: Server) -> None:
    async with people(server, "ann", "bob") as (ann, bob):
        old = (await ann.request("get", topic="me", what="tags"))["tags"][0]
        taken = (await bob.request("get", topic="me", what="tags"))["tags"][0]
        new = unique("anna")
        secret = basic(taken.removeprefix("basic:"), PASSWORD)
        reply = await ann.request("acc", scheme="basic", secret=secret)
        assert answer(reply) == (409, "duplicate credential", {"what": "auth"})
        reply = await ann.request("acc", scheme="basic", secret=basic(new.upper(), PASSWORD))
        assert reply["code"] == 200
        tags = await ann.request("get", topic="me", what="tags")
        assert tags["tags"] == [f"basic:{new}"]
    assert await login_code(server, "basic", basic(old.removeprefix("basic:"), PASSWORD)) == 401
    assert await login_code(server, "basic", basic(new, PASSWORD)) == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"scheme": "basic", "secret": basic("", "x")}, 422),
        ({"scheme": "basic", "secret": basic("ab", PASSWORD)}, 422),
        ({"scheme": "basic", "secret": encoded("nocolon")}, 400),
        ({"scheme": "nosuch", "secret": basic("", PASSWORD)}, 400),
        ({"tags": ["club"]}, 400),
        ({"user": "me", "scheme": "basic", "secret": basic("", PASSWORD)}, 403),
        ({"user": "usrAAAAAAAAAAA", "scheme": "basic", "secret": basic("", PASSWORD)}, 403),
        ({"status": "susp"}, 403),
        ({"user": "usrAAAAAAAAAAA", "status": "ok"}, 403),
    ],
)
async def test_changes_that_are_refused(server: Server, fields: Body, code: int) -> None:
    async with connect(server) as ann:
        login = unique("ann")
        await ann.signup(login)
        assert (await ann.request("acc", **fields))["code"] == code
    assert await login_code(server, "basic", basic(login, PASSWORD)) == 200
    assert await login_code(server, "token", ann.token) == 200


@pytest.mark.parametrize("scheme", ["token", "basic"])
async def test_before_login_a_change_needs_a_proof_of_its_own(server: Server, scheme: str) -> None:
    login = unique("ann")
    async with connect(server) as ann:
        await ann.signup(login)
    proofs = {"token": ann.token, "basic": basic(login, PASSWORD)}
    change: Body = {"scheme": "basic", "secret": basic("", "another")}
    async with connect(server) as stranger:
        assert (await stranger.request("acc", **change))["code"] == 403
        wrong: Body = {"tmpscheme": scheme, "tmpsecret": basic(login, "wrong")}
        reply = await stranger.request("acc", **change, **wrong)
        assert answer(reply) == (401, "authentication failed", {"what": "auth"})
        right: Body = {"tmpscheme": scheme, "tmpsecret": proofs[scheme]}
        reply = await stranger.request("acc", user="usrAAAAAAAAAAA", **change, **right)
        assert reply["code"] == 403
        assert (await stranger.request("acc", **change, **right))["code"] == 200
        assert (await stranger.request("sub", topic="me"))["code"] == 401
    assert await login_code(server, "basic", basic(login, "another")) == 200


# -- the operator ---------------------------------------------------------------------------------


async def test_root_suspends_an_account_and_lets_it_in_again(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    async with accounts_of(server.data_dir) as accounts:
        await accounts.create(NewAccount("boss", PASSWORD, level=ROOT))
    server = start_server(data_dir=server.data_dir)
    login = unique("ann")
    async with connect(server) as boss, connect(server) as ann:
        assert (await boss.login("boss"))["params"]["authlvl"] == "root"
        await ann.signup(login)
        change: Body = {"user": ann.user, "status": "susp"}
        assert answer(await boss.request("acc", **change)) == (200, "ok", None)
        await ann.closed()
        assert await login_code(server, "basic", basic(login, PASSWORD)) == 403
        assert await login_code(server, "basic", basic(login, "wrong")) == 401
        assert await login_code(server, "token", ann.token) == 403
        assert (await boss.request("acc", **change | {"status": "ok"}))["code"] == 200
        assert await login_code(server, "basic", basic(login, PASSWORD)) == 200
        assert await login_code(server, "token", ann.token) == 401
        wrong: list[tuple[Body, int]] = [
            ({"status": "nosuch"}, 400),
            ({"user": "nosuch"}, 400),
            ({"user": "usrAAAAAAAAAAE"}, 404),
        ]
        for fields, code in wrong:
            assert (await boss.request("acc", **change | fields))["code"] == code


async def test_an_account_is_changed_while_no_server_runs(start_server: StartServer) -> None:
    server = start_server()
    login = unique("ann")
    async with connect(server) as ann:
        await ann.signup(login)
    server.stop()
    async with accounts_of(server.data_dir) as accounts:
        assert await accounts.find(login.upper()) == ann.user
        await accounts.change_login(ann.user, "", "another")
        assert await accounts.suspend(ann.user)
        assert not await accounts.suspend(ann.user)
        assert await accounts.restore(ann.user)
    server = start_server(data_dir=server.data_dir)
    assert await login_code(server, "token", ann.token) == 401
    assert await login_code(server, "basic", basic(login, "another")) == 200


async def test_passwords_are_hashed_anew_when_the_settings_of_hashes_change(
    start_server: StartServer,
) -> None:
    server = start_server()
    login = unique("ann")
    async with connect(server) as ann:
        await ann.signup(login)
    server.stop()
    server = start_server(data_dir=server.data_dir, accounts_hash_memory_kib=64)
    for _ in range(2):
        assert await login_code(server, "basic", basic(login, PASSWORD)) == 200
    assert await login_code(server, "token", ann.token) == 200
    server.stop()
    async with accounts_of(server.data_dir) as accounts:
        record = await accounts.store.find_login("basic", login)
    assert record is not None
    assert "$m=64,t=1," in record.secret


# -- the end --------------------------------------------------------------------------------------


async def test_a_deleted_account_is_gone_and_its_name_is_free(server: Server) -> None:
    login = unique("ann")
    async with connect(server) as ann:
        await ann.signup(login)
        assert (await ann.request("del", what="user", hard=True))["code"] == 200
        await ann.closed()
    assert await login_code(server, "basic", basic(login, PASSWORD)) == 401
    async with connect(server) as stranger:
        reply = await stranger.request("login", scheme="token", secret=ann.token)
        assert answer(reply) == (404, "user not found", None)
        await signed_up_again(stranger, login, ann.user)


async def signed_up_again(client: Client, login: str, former: str) -> None:
    await client.signup(login)
    assert client.user != former
