"""What sessions say: sign-up, start, groups, P2P topics (docs/protocol.md), as the web app does."""

import base64
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from bench.client import Connection, Load, Script, ask, check
from bench.frames import client_frame

USER_AGENT = "TinodeWeb/0.25.3 (Chrome/140; Linux); tinodejs/0.25.3"
HI = ask({"hi": {"id": "1", "ver": "0.25.3", "ua": USER_AGENT, "lang": "en-US", "platf": "web"}})


@dataclass(frozen=True)
class Account:
    """Who a session is: the user's id, and a login token in base64 as the server gave it."""

    user: str
    token: str


def sign_up(load: Load, count: int) -> list[Account]:
    """Make accounts through the protocol; their sessions are closed again."""
    accounts: list[Account] = []
    load.close(load.open(_sign_up(accounts) for _ in range(count)))
    return accounts


def log_in(load: Load, accounts: Iterable[Account]) -> list[Connection]:
    """Open one session per account, attached to `me`."""
    return load.open(start(account) for account in accounts)


def start(account: Account) -> Script:
    """The start of the web app: {hi}, {login} by token, {sub me} with desc and sub."""
    yield HI
    login = {"id": "2", "scheme": "token", "secret": account.token}
    yield ask({"login": login})
    me = {"id": "3", "topic": "me", "get": {"what": "desc sub"}}
    yield ask({"sub": me}, until=b'"sub"')  # rows, or a 204 that names the part


def nothing() -> Script:
    """Only the handshake."""
    yield from ()


def found_group(name: str, topics: list[str]) -> Script:
    """Make a group and put its topic's name into `topics`."""
    group = {"id": "4", "topic": "new1", "set": {"desc": {"public": {"fn": name}}}}
    topics.append(check((yield ask({"sub": group})))["topic"])


def attach(topic: str) -> Script:
    """Attach to a group or to a person, joining or making the topic if need be."""
    yield ask({"sub": {"id": "5", "topic": topic}})


def publish(topic: str, text: str) -> Script:
    """Publish one message and wait until it is acknowledged."""
    yield ask({"pub": {"id": "6", "topic": topic, "content": text}})


def publish_frame(topic: str, text: str, *, echo: bool) -> bytes:
    """The prebuilt frame of a {pub} with the id 7, to be sent any number of times."""
    pub = {"id": "7", "topic": topic, "noecho": not echo, "content": text}
    return client_frame(json.dumps({"pub": pub}).encode())


def _sign_up(accounts: list[Account]) -> Script:
    yield HI
    name = uuid.uuid4().hex[:16]
    secret = base64.b64encode(f"{name}:password-{name}".encode()).decode()
    desc = {"public": {"fn": f"Person {name}"}}
    acc = {"id": "2", "user": "new", "scheme": "basic", "secret": secret, "login": True}
    ctrl = check((yield ask({"acc": acc | {"desc": desc}})))
    accounts.append(Account(ctrl["params"]["user"], ctrl["params"]["token"]))
