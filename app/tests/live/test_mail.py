"""Addresses confirmed by codes, and passwords reset with them, through a real mail server."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.conftest import StartServer
from tests.live.logins import PASSWORD, answer, encoded, login_code
from tests.live.people import unique
from tests.support.client import Body, Client, basic, connect
from tests.support.server import Server
from tests.support.smtp import MailServer, mail_server

StartWithMail = Callable[..., Server]


@pytest.fixture
async def mails() -> AsyncIterator[MailServer]:
    async with mail_server() as one:
        yield one


@pytest.fixture
def start(start_server: StartServer, mails: MailServer) -> StartWithMail:
    """Starts a server that mails: `start(accounts_email="required")`."""

    def start_one(**settings: object) -> Server:
        mail = {
            "mail_host": "127.0.0.1",
            "mail_port": mails.port,
            "mail_tls": "none",
            "mail_sender": "pipit@example.org",
        }
        return start_server(**mail | settings)

    return start_one


def email(address: str) -> Body:
    return {"meth": "email", "val": address}


async def sign_up(client: Client, login: str, *credentials: Body) -> Body:
    secret = basic(login, PASSWORD)
    cred = list(credentials)
    return await client.request(
        "acc", user="new", scheme="basic", secret=secret, login=True, cred=cred
    )


async def confirm(client: Client, token: str, code: str) -> Body:
    cred: list[Body] = [{"meth": "email", "resp": code}]
    return await client.request("login", scheme="token", secret=token, cred=cred)


async def confirmed(server: Server, mails: MailServer, login: str, address: str) -> Client:
    """Signs up where an address is required, and confirms it; a client that is gone already."""
    async with connect(server) as client:
        reply = await sign_up(client, login, email(address))
        await confirm(client, reply["params"]["token"], await mails.code(address))
        return client


def other_code(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_a_required_address_has_to_be_confirmed_once(
    start: StartWithMail, mails: MailServer
) -> None:
    server = start(accounts_email="required")
    login = unique("ann")
    async with connect(server, hello=False) as ann:
        assert (await ann.hello())["params"]["reqCred"] == {"auth": ["email"]}
        reply = await sign_up(ann, login, email("Ann@Example.com"))
        assert (reply["code"], reply["text"]) == (300, "validate credentials")
        assert reply["params"]["cred"] == ["email"]
        token = reply["params"]["token"]
        code = await mails.code("ann@example.com")
        assert (await ann.request("sub", topic="me"))["code"] == 401

        wrong = await confirm(ann, token, other_code(code))
        assert (wrong["code"], wrong["text"]) == (300, "validate credentials")
        right = await confirm(ann, token, code)
        assert (right["code"], right["params"]["user"]) == (200, reply["params"]["user"])
        sub = await ann.request("sub", topic="me", get={"what": "tags cred"})
        assert sub["code"] == 200
        tags = await ann.next("meta", where=lambda meta: "tags" in meta)
        assert tags["tags"] == [f"basic:{login}", "email:ann@example.com"]
        cred = await ann.next("meta", where=lambda meta: "cred" in meta)
        assert cred["cred"] == [{"meth": "email", "val": "ann@example.com", "done": True}]
    assert await login_code(server, "basic", basic(login, PASSWORD)) == 200


async def test_until_then_every_login_asks_for_the_code(
    start: StartWithMail, mails: MailServer
) -> None:
    server = start(accounts_email="required")
    login = unique("ann")
    async with connect(server) as ann:
        await sign_up(ann, login, email("ann@example.com"))
    code = await mails.code("ann@example.com")
    async with connect(server) as phone:
        reply = await phone.request("login", scheme="basic", secret=basic(login, PASSWORD))
        assert reply["code"] == 300
        token = reply["params"]["token"]
        again = await phone.request("login", scheme="token", secret=token)
        assert again["code"] == 300
        change = await phone.request(
            "acc",
            scheme="basic",
            secret=basic("", "another"),
            tmpscheme="token",
            tmpsecret=token,
        )
        assert answer(change) == (401, "authentication failed", {"what": "auth"})
        assert (await confirm(phone, token, code))["code"] == 200
    assert mails.waiting.empty()


async def test_codes_cannot_be_guessed(start: StartWithMail, mails: MailServer) -> None:
    server = start(accounts_email="required")
    async with connect(server) as ann:
        reply = await sign_up(ann, unique("ann"), email("ann@example.com"))
        token = reply["params"]["token"]
        first = await mails.code("ann@example.com")
        for _ in range(5):
            assert (await confirm(ann, token, other_code(first)))["code"] == 300
        second = await mails.code("ann@example.com")
        assert second != first
        assert (await confirm(ann, token, first))["code"] == 300
        assert (await confirm(ann, token, second))["code"] == 200


@pytest.mark.parametrize(
    "address", [None, "", "nonsense", "a@b", "a b@c.de", "a@b.c\r\nBcc: x@y.z"]
)
async def test_sign_up_needs_an_address_where_one_is_required(
    start: StartWithMail, mails: MailServer, address: str | None
) -> None:
    async with connect(start(accounts_email="required")) as ann:
        credentials = [] if address is None else [email(address)]
        reply = await sign_up(ann, unique("ann"), *credentials)
        assert answer(reply) == (422, "policy violation", {"what": "cred"})
    assert mails.waiting.empty()


async def test_an_optional_address_is_added_confirmed_and_removed(
    start: StartWithMail, mails: MailServer
) -> None:
    async with connect(start(accounts_email="optional")) as ann:
        login = unique("ann")
        await ann.signup(login)
        await ann.request("sub", topic="me")
        assert (await ann.request("set", topic="me", cred=email("ann@example.com")))["code"] == 200
        code = await mails.code("ann@example.com")
        listed = await ann.request("get", topic="me", what="cred")
        assert listed["cred"] == [email("ann@example.com")]

        wrong: Body = {"meth": "email", "resp": other_code(code)}
        assert (await ann.request("set", topic="me", cred=wrong))["code"] == 401
        right: Body = {"meth": "email", "resp": code}
        assert (await ann.request("set", topic="me", cred=right))["code"] == 200
        listed = await ann.request("get", topic="me", what="cred")
        assert listed["cred"] == [email("ann@example.com") | {"done": True}]
        tags = await ann.request("get", topic="me", what="tags")
        assert tags["tags"] == [f"basic:{login}", "email:ann@example.com"]

        asked: Body = {"topic": "me", "what": "cred", "cred": email("ann@example.com")}
        assert (await ann.request("del", **asked))["code"] == 200
        tags = await ann.request("get", topic="me", what="tags")
        assert tags["tags"] == [f"basic:{login}"]
        assert (await ann.request("del", **asked))["code"] == 304


async def test_an_address_belongs_to_who_confirmed_it_first(
    start: StartWithMail, mails: MailServer
) -> None:
    server = start(accounts_email="required")
    await confirmed(server, mails, unique("ann"), "shared@example.com")
    async with connect(server) as bob:
        reply = await sign_up(bob, unique("bob"), email("shared@example.com"))
        assert reply["code"] == 300
        code = await mails.code("shared@example.com")
        late = await confirm(bob, reply["params"]["token"], code)
        assert answer(late) == (409, "duplicate credential", {"what": "cred"})


async def test_a_forgotten_password_is_reset_with_a_mailed_code(
    start: StartWithMail, mails: MailServer
) -> None:
    server = start(accounts_email="required")
    login = unique("ann")
    await confirmed(server, mails, login, "ann@example.com")
    async with connect(server) as stranger:
        reset = encoded("basic:email:Ann@example.com")
        reply = await stranger.request("login", scheme="reset", secret=reset)
        assert answer(reply) == (301, "auth reset", None)
        code = await mails.code("ann@example.com")

        async def change(password: str, code: str) -> int:
            proof = encoded(f"{code}:email:ann@example.com")
            reply = await stranger.request(
                "acc",
                scheme="basic",
                secret=basic("", password),
                tmpscheme="code",
                tmpsecret=proof,
            )
            return int(reply["code"])

        assert await change("another", other_code(code)) == 401
        assert await change("x", code) == 422
        assert await change("another", code) == 200
        assert await change("a third", code) == 401
    assert await login_code(server, "basic", basic(login, PASSWORD)) == 401
    assert await login_code(server, "basic", basic(login, "another")) == 200


async def test_a_reset_tells_nobody_whether_an_address_is_known(
    start: StartWithMail, mails: MailServer
) -> None:
    server = start(accounts_email="required")
    await confirmed(server, mails, unique("ann"), "ann@example.com")
    async with connect(server) as stranger:
        for address in ("nobody@example.com", "ann@example.com"):
            secret = encoded(f"basic:email:{address}")
            reply = await stranger.request("login", scheme="reset", secret=secret)
            assert answer(reply) == (301, "auth reset", None)
    await mails.code("ann@example.com")


async def test_nobody_gets_more_than_so_many_mails(start: StartWithMail, mails: MailServer) -> None:
    server = start(accounts_email="required", limits_codes_per_hour_per_recipient=2)
    login = unique("ann")
    await confirmed(server, mails, login, "ann@example.com")
    async with connect(server) as stranger:
        secret = encoded("basic:email:ann@example.com")
        for _ in range(5):
            assert (await stranger.request("login", scheme="reset", secret=secret))["code"] == 301
    await asyncio.to_thread(server.stop)  # mails under way go out before it ends
    assert mails.waiting.qsize() == 1


async def test_where_no_mail_gets_through_one_can_still_sign_up_and_the_log_says_why(
    start: StartWithMail,
) -> None:
    server = start(accounts_email="optional", mail_port=1)
    async with connect(server) as ann:
        await ann.signup(unique("ann"), cred=[email("ann@example.com")])
    await asyncio.to_thread(server.stop)
    assert "no mail through 127.0.0.1:1" in server.log
    assert "ann@example.com" not in server.log
