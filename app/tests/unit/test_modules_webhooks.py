"""Webhooks: signatures, which addresses are public, the circuit breaker, what is told to whom."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from prometheus_client import CollectorRegistry

from pipit.bus.events import AccountChanged, AnyEvent, MessagesDeleted, MessageStored
from pipit.config import ConfigError
from pipit.config.modules import EventName, Target
from pipit.modules.addresses import NotPublic, is_public, public_socket
from pipit.modules.webhooks import secrets, signing
from pipit.modules.webhooks.breaker import Breaker
from pipit.modules.webhooks.deliveries import Delivery, Undeliverable, make_figures, payload
from tests.support.receiver import Receiver, receiving

DOCS = Path(__file__).parents[3] / "docs" / "modules.md"
GROUP = "grpAAAAAAAAAAE"
OTHER = "grpAAAAAAAAAAI"
PAIR = "p2pAAAAAAAAAAEAAAAAAAAAAI"
ANN = "usrAAAAAAAAAAE"


def stored(topic: str = GROUP, content: bytes = b'"hello"', sender: str = ANN) -> MessageStored:
    now = int(time.time() * 1000)
    return MessageStored(now, topic, 7, sender, msgspec.Raw(b"null"), msgspec.Raw(content))


# -- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255",  # noqa: S104
        "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "224.0.0.251",
        "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1",
        "198.51.100.1", "203.0.113.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
        "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
        "64:ff9b::808:808", "2002:7f00:1::1", "2001:0:7f00:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1",
        "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0", "0.0.0.0",  # noqa: S104
    ],
)  # fmt: skip
async def test_no_spelling_of_this_machine_is_connected_to(host: str) -> None:
    reached = []
    both = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    port = both.getsockname()[1]
    listener = await asyncio.start_server(lambda *_: reached.append(1), sock=both)
    async with listener, _guarded() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{host}:{port}/")
    assert not reached


async def test_a_name_server_that_changes_its_mind_is_of_no_use() -> None:
    """The first answer is public, all later ones are this machine: DNS rebinding."""

    class Rebinding(AbstractResolver):
        asked = 0

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            self.asked += 1
            ip = "127.0.0.1" if self.asked > 1 else "8.8.8.8"
            return [
                ResolveResult(hostname=host, host=ip, port=port, family=family, proto=0, flags=0)
            ]

        async def close(self) -> None: ...

    resolver = Rebinding()
    assert is_public((await resolver.resolve("evil.example"))[0]["host"])
    async with _guarded(resolver) as session:
        with pytest.raises(
            aiohttp.ClientConnectorError, match=r"127\.0\.0\.1 is no public address"
        ):
            await session.get("http://evil.example:9/")


def test_the_guard_says_which_address_it_refused() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))
    with pytest.raises(NotPublic, match=r"10\.0\.0\.1 is no public address"):
        public_socket(info)


def _guarded(resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(socket_factory=public_socket, resolver=resolver)
    return aiohttp.ClientSession(connector=connector)


# -- the circuit breaker --------------------------------------------------------------------------


def test_a_breaker_waits_longer_with_each_failure_and_then_as_long() -> None:
    breaker = Breaker(most=4, pause=60)
    waits = []
    for _ in range(6):
        breaker.failed(now=1000)
        waits.append(breaker.wait(now=1000))
    assert waits == [7.5, 15, 30, 60, 60, 60]


def test_a_breaker_is_open_after_its_failures_and_closes_with_a_success() -> None:
    breaker = Breaker(most=2, pause=60)
    breaker.failed(now=0)
    assert not breaker.open
    breaker.failed(now=0)
    assert breaker.open
    assert breaker.wait(now=59) == 1
    assert breaker.wait(now=61) == 0
    breaker.succeeded()
    assert not breaker.open
    assert breaker.wait(now=0) == 0


# -- keys and signatures --------------------------------------------------------------------------


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of standard-webhooks.md, "Verifying signatures"."""
    key = signing.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signing.headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_program_in_the_docs_tells_true_deliveries_from_others() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    (source,) = (block for block in blocks if "def is_genuine" in block)
    names: dict[str, object] = {}
    exec(source, names)  # noqa: S102
    is_genuine = names["is_genuine"]
    assert callable(is_genuine)
    text = signing.key_text(b"k" * 32)
    headers = signing.headers(signing.key_of(text), "grpX:1", int(time.time()), b"{}")
    assert is_genuine(text, headers, b"{}")
    assert not is_genuine(text, headers, b"{ }")
    assert not is_genuine(signing.key_text(b"x" * 32), headers, b"{}")
    old = signing.headers(signing.key_of(text), "grpX:1", int(time.time()) - 3600, b"{}")
    assert not is_genuine(text, old, b"{}")


def test_keys_and_tokens_are_made_once_and_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "webhooks"
    assert secrets.signing_key(folder, "one") == secrets.signing_key(folder, "one")
    assert secrets.hook_token(folder, "one") == secrets.hook_token(folder, "one")
    assert secrets.signing_key(folder, "one") != secrets.signing_key(folder, "two")
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_file_that_holds_no_key_or_token_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.key").write_text("hunter2")
    (tmp_path / "one.token").write_text("short")
    with pytest.raises(ConfigError, match=r"one\.key: holds no key, allowed: whsec_"):
        secrets.signing_key(tmp_path, "one")
    with pytest.raises(ConfigError, match=r"one\.token: holds no token, allowed: at least 24"):
        secrets.hook_token(tmp_path, "one")


# -- what is told to whom -------------------------------------------------------------------------


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def delivery(
    session: aiohttp.ClientSession | None = None,
    url: str = "http://127.0.0.1:9/",
    topics: tuple[str, ...] = ("*",),
    events: tuple[EventName, ...] = ("message.stored",),
    keep_seconds: float = 60,
) -> Delivery:
    target = Target(name="one", url=url, topics=topics, events=events)
    figures = make_figures(CollectorRegistry())
    http: aiohttp.ClientSession = session  # type: ignore[assignment]
    return Delivery(target, b"k" * 32, http, Breaker(3, 0.01), keep_seconds, figures)


@pytest.mark.parametrize(
    ("topics", "event", "wanted"),
    [
        (("*",), stored(), True),
        ((GROUP,), stored(), True),
        (("chn" + GROUP[3:],), stored(), True),
        ((OTHER,), stored(), False),
        (("*",), stored(PAIR), False),
        (("*",), stored("slfAAAAAAAAAAE"), False),
        (("*",), MessagesDeleted(1, topic=GROUP, user="", spans=[]), False),
    ],
)
async def test_a_target_is_told_of_its_topics_and_never_of_private_ones(
    topics: tuple[str, ...], event: AnyEvent, wanted: bool
) -> None:
    assert delivery(topics=topics).wants(event) is wanted


async def test_a_target_is_told_of_the_events_that_it_names() -> None:
    asked = delivery(events=("account.changed",))
    assert asked.wants(AccountChanged(1, user=ANN, what="created"))
    assert not asked.wants(stored())


def test_a_payload_has_the_event_its_id_and_the_plain_text() -> None:
    content = b'{"txt":"see this","fmt":[{"len":3,"tp":"ST"}]}'
    body = msgspec.json.decode(payload(stored(content=content)))
    assert body["id"] == f"{GROUP}:7"
    assert (body["event"], body["topic"], body["seq"]) == ("message.stored", GROUP, 7)
    assert (body["sender"], body["text"]) == (ANN, "see this")
    assert body["content"]["txt"] == "see this"


async def test_a_delivery_that_fails_is_made_again_until_it_is_taken(
    receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    receiver.answers = [500, 503, 429, 302, 408, 204]
    await delivery(session, receiver.url).handle(stored())
    assert len(receiver.bodies) == 6
    assert len(set(receiver.bodies)) == 1


@pytest.mark.parametrize("code", [400, 404, 410, 422])
async def test_what_a_target_refuses_for_good_is_put_aside(
    code: int, receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    receiver.answers = [code]
    with pytest.raises(Undeliverable, match=f"one: answered {code}"):
        await delivery(session, receiver.url).handle(stored())
    assert len(receiver.bodies) == 1


async def test_what_was_kept_too_long_is_put_aside(session: aiohttp.ClientSession) -> None:
    with pytest.raises(Undeliverable, match="not reached for"):
        await delivery(session, keep_seconds=-1).handle(stored())


async def test_a_redirect_is_not_followed(
    receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    receiver.answers = [307]
    await delivery(session, receiver.url).handle(stored())
    assert receiver.paths == ["/hook", "/hook"]
