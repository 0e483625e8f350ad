"""A connection that comes back: connects again, logs in again, and waits where the server asks."""

import asyncio
import base64
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from pipit.sdk.backoff import delays
from pipit.sdk.errors import ConfirmationNeeded, ConnectionLost, RequestRefused, SdkError
from pipit.sdk.packets import Answer, Ctrl, Pushed
from pipit.sdk.session import Session

log = logging.getLogger(__name__)

PROTOCOL = "0.25"


@dataclass(frozen=True)
class Options:
    """How to talk to the server."""

    api_key: str = "AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K"
    """The one that the published apps send. It names the app, it is no secret."""
    user_agent: str = "PipitSDK/1.0"
    ca_file: str | Path | None = None
    """Certificates (PEM) to trust instead of the system's, for a server with its own CA."""
    timeout: float = 10.0
    """Seconds to wait for an answer, or for a connection to open."""
    offline_wait: float | None = 10.0
    """Seconds that a request waits for the connection to come back; None: as long as it takes."""
    patience: float = 60.0
    """Longest time in seconds that a request waits when the server asks it to (429)."""


class Account(msgspec.Struct, frozen=True):
    """Who one is logged in as; the token logs in without the password until it expires."""

    user: str
    token: str = ""
    expires: datetime | None = None
    authlvl: str = ""


DEFAULTS = Options()


@dataclass(frozen=True)
class Online:
    """The connection is there again; subscriptions are being renewed."""


@dataclass(frozen=True)
class Offline:
    """The connection was lost."""

    reason: str


class Connection:
    """A session, and after it the next. `on_change` is told of Offline and Online.

    If the login is refused when it comes back, it gives up: `failure` is told to everybody who
    waits.
    """

    def __init__(
        self,
        url: str,
        options: Options,
        on_packet: Callable[[Pushed], None],
        on_change: Callable[[Online | Offline | SdkError], None],
    ) -> None:
        """ValueError unless `url` is an address such as `https://pipit.local`."""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"url is {url!r}, but must begin with http:// or https://")
        self.base = url.rstrip("/")
        self.options = options
        self.account: Account | None = None
        self.server: dict[str, Any] = {}
        """What the server tells of itself and its limits, e.g. `maxFileUploadSize`, in bytes."""
        self.failure: SdkError | None = None
        self._on_packet = on_packet
        self._on_change = on_change
        self._secret = ""  # of the scheme basic
        self._online = asyncio.Event()
        self._held_until = 0.0
        self._closed = False

    async def open(self) -> None:
        """Connects for the first time. Raises ConnectionLost, RequestRefused, RequestTimeout."""
        trust = True if (ca := self.options.ca_file) is None else _trusting(ca)
        self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust))
        try:
            self._session = await self._greet()
        except BaseException:
            await self.http.close()
            raise
        self._online.set()
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Ends the connection for good."""
        self._closed = True
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        await self._session.close()
        await self.http.close()
        self._online.set()  # whoever waits for a connection shall learn of the end

    async def request(
        self,
        verb: str,
        body: dict[str, Any],
        extra: dict[str, Any] | None = None,
        answers: int = 1,
    ) -> list[Answer]:
        """Asks as `Session.request` does, once there is a connection.

        Where the server asks to wait (429), it waits, up to `patience` seconds, and asks again.
        """
        while True:
            session = await self._live()
            await self.held()
            try:
                return await session.request(
                    verb, body, extra, seconds=self.options.timeout, answers=answers
                )
            except RequestRefused as refused:
                self.hold(refused)

    async def send(self, verb: str, body: dict[str, Any]) -> None:
        """Sends what is not answered. Raises ConnectionLost."""
        session = await self._live()
        await self.held()
        await session.send(verb, body)

    def hold(self, refused: RequestRefused) -> None:
        """Lets what is asked from now on wait, as the server wants; else raises the refusal."""
        if refused.wait is None or refused.wait > self.options.patience:
            raise refused
        if self._held_until < _now():
            log.info("The server asks to wait %g s", refused.wait)
        self._held_until = max(self._held_until, _now() + refused.wait)

    async def log_in(self, scheme: str, secret: str, **more: Any) -> Account:
        """Logs in; `secret` is base64. Raises RequestRefused (401), ConfirmationNeeded."""
        body = {"scheme": scheme, "secret": secret} | more
        answers = await self.request("login", body)
        return self.logged_in(answers, secret if scheme == "basic" else "")

    def logged_in(self, answers: list[Answer], secret: str = "") -> Account:
        """Remembers who one is, for the next session too. Raises ConfirmationNeeded."""
        ctrl = answers[0]
        assert isinstance(ctrl, Ctrl)
        self.account = msgspec.convert(ctrl.params, Account)
        self._secret = secret or self._secret
        if ctrl.code >= 300:
            raise ConfirmationNeeded(list(ctrl.param("cred") or []))
        return self.account

    async def renew(self, secret: str) -> None:
        """Begins a new session with this secret: the tokens of another password have ended."""
        assert self.account
        self._secret = secret
        self.account = msgspec.structs.replace(self.account, token="")
        await self._session.close()
        await self._live()

    def offline(self) -> ConnectionLost:
        """The error for what waited too long for a connection."""
        return ConnectionLost(f"no connection to {self.base} for {self.options.offline_wait} s")

    async def _live(self) -> Session:
        try:
            async with asyncio.timeout(self.options.offline_wait):
                await self._online.wait()
        except TimeoutError:
            raise self.offline() from None
        if self._closed:
            raise ConnectionLost("the client was closed")
        if self.failure:
            raise self.failure
        return self._session

    async def held(self) -> None:
        """Waits until the server takes requests again, as it asked to."""
        await asyncio.sleep(max(0.0, self._held_until - _now()))

    async def _greet(self) -> Session:
        """A new session that has said {hi}, and is logged in if one was before."""
        url = f"{self.base.replace('http', 'ws', 1)}/v0/channels?apikey={self.options.api_key}"
        seconds = self.options.timeout
        session = await Session.open(self.http, url, self._on_packet, self._on_end, seconds)
        try:
            hello = {"ver": PROTOCOL, "ua": self.options.user_agent}
            (answer,) = await session.request("hi", hello, seconds=seconds)
            self.server = getattr(answer, "params", None) or self.server
            session.max_bytes = int(self.server.get("maxMessageSize", 0))
            if self.account:
                await self._log_in_again(session, self.account)
        except BaseException:
            await session.close()
            raise
        return session

    async def _log_in_again(self, session: Session, account: Account) -> None:
        """By the token, and where that has ended by the password."""
        try:
            if account.token:
                return await self._log_in_on(session, "token", account.token)
        except RequestRefused as refused:
            if refused.code != 401 or not self._secret:
                raise
        await self._log_in_on(session, "basic", self._secret)

    async def _log_in_on(self, session: Session, scheme: str, secret: str) -> None:
        body = {"scheme": scheme, "secret": secret}
        self.logged_in(await session.request("login", body, seconds=self.options.timeout))

    async def _keep(self) -> None:
        while not self.failure:
            await asyncio.wait([self._session.reader])
            self._on_end()  # it may have ended before it was taken into use
            await self._session.close()
            await self._reconnect()
            self._online.set()
            self._on_change(self.failure or Online())

    def _on_end(self) -> None:
        """A session ended; one that never got as far as the login is no news."""
        if self._online.is_set() and not self._closed:
            self._online.clear()
            log.warning("%s", self._session.reason)
            self._on_change(Offline(self._session.reason))

    async def _reconnect(self) -> None:
        """Tries until there is a session, or the login is refused."""
        for delay in delays():
            await asyncio.sleep(delay)
            await self.held()
            try:
                self._session = await self._greet()
                return
            except SdkError as error:
                log.warning("%s", error)
                if isinstance(error, RequestRefused) and error.wait:
                    self._held_until = _now() + error.wait
                elif not error.is_passing:
                    self.failure = error
                    return


def basic(login: str, password: str) -> str:
    """The secret of the scheme `basic`."""
    return base64.b64encode(f"{login}:{password}".encode()).decode()


def _trusting(ca_file: str | Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


def _now() -> float:
    return asyncio.get_running_loop().time()
