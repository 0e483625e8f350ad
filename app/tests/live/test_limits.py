"""Limits through a real server: who asks for too much is told how long to wait."""

from tests.conftest import StartServer
from tests.live.people import unique
from tests.support.client import Body, Client, basic, connect


async def guess(client: Client, login: str, password: str) -> Body:
    return await client.request("login", scheme="basic", secret=basic(login, password))


def assert_told_to_wait(reply: Body, seconds: int) -> None:
    assert (reply["code"], reply["text"]) == (429, "too many requests")
    assert 0 < reply["params"]["wait"] <= seconds


async def test_guessing_passwords_is_slowed_down_while_tokens_go_on_working(
    start_server: StartServer,
) -> None:
    server = start_server(limits_login_failures_per_hour_per_account=3)
    async with connect(server) as ann, connect(server) as guesser, connect(server) as phone:
        login = unique("ann")
        await ann.signup(login)
        codes = [(await guess(guesser, login, "wrong"))["code"] for _ in range(3)]
        assert codes == [401, 401, 401]
        assert_told_to_wait(await guess(guesser, login, "secret123"), 1200)
        assert_told_to_wait(await guess(guesser, login.upper(), "secret123"), 1200)
        assert (await guess(guesser, unique("bob"), "wrong"))["code"] == 401
        await phone.login_token(ann.token)


async def test_a_password_change_is_no_way_around_the_limit(start_server: StartServer) -> None:
    server = start_server(limits_login_failures_per_hour_per_account=3)
    async with connect(server) as ann, connect(server) as guesser:
        login = unique("ann")
        await ann.signup(login)
        change: Body = {"scheme": "basic", "secret": basic("", "another")}
        proof: Body = {"tmpscheme": "basic", "tmpsecret": basic(login, "wrong")}
        replies = [await guesser.request("acc", **change, **proof) for _ in range(4)]
        assert [reply["code"] for reply in replies] == [401, 401, 401, 429]


async def test_right_passwords_are_never_slowed_down(start_server: StartServer) -> None:
    server = start_server(limits_login_failures_per_hour_per_account=2)
    async with connect(server) as ann:
        login = unique("ann")
        await ann.signup(login)
    for _ in range(6):
        async with connect(server) as phone:
            await phone.login(login)


async def test_sign_ups_of_an_address_are_limited(start_server: StartServer) -> None:
    server = start_server(limits_signups_per_hour_per_address=2)
    async with connect(server) as client:
        for _ in range(2):
            secret = basic(unique("kid"), "secret123")
            made = await client.request("acc", user="new", scheme="basic", secret=secret)
            assert made["code"] == 201
        reply = await client.request("acc", user="new", scheme="anonymous")
        assert_told_to_wait(reply, 1800)


async def test_requests_of_a_session_are_limited_and_others_are_not_concerned(
    start_server: StartServer,
) -> None:
    server = start_server(
        limits_packets_per_second_per_session=1, limits_packet_burst_per_session=10
    )
    async with connect(server) as noisy, connect(server) as quiet:
        replies = [await noisy.request("get", topic="me", what="desc") for _ in range(20)]
        assert {reply["code"] for reply in replies} == {401, 429}
        assert_told_to_wait(next(r for r in replies if r["code"] == 429), 1)
        await quiet.signup(unique("ann"))


async def test_switched_off_they_let_everything_through(start_server: StartServer) -> None:
    server = start_server(
        limits_enabled=False,
        limits_login_failures_per_hour_per_account=1,
        limits_packet_burst_per_session=1,
        limits_packets_per_second_per_session=1,
    )
    async with connect(server) as client:
        codes = {(await guess(client, "nobody", "wrong"))["code"] for _ in range(10)}
        assert codes == {401}
