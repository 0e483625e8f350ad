"""Outgoing webhooks: each event that a target wants is POSTed to it, in order, at least once.

A target is a consumer group of its own, so what one has to wait for is no matter of the others.
An event is held until its target took it; the message queue keeps those that follow. What a target
refuses for good, or was kept too long, is raised, and ends among the group's dead letters.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

import aiohttp
import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

from pipit import __version__
from pipit.bus import events
from pipit.bus.events import AccountChanged, AnyEvent, MessageStored
from pipit.config.modules import Target
from pipit.core import drafty, ids
from pipit.modules.member import Member
from pipit.modules.webhooks import signing
from pipit.modules.webhooks.breaker import Breaker

log = logging.getLogger(__name__)

TRY_AGAIN = frozenset({408, 409, 421, 423, 425, 429})
"""Refusals (4xx) that say nothing about the event itself (RFC 9110, 4918, 6585, 8470)."""


class Undeliverable(Exception):
    """The target does not want the event, or could not be reached for too long."""


@dataclass(slots=True)
class Figures:
    """What Prometheus is told, by target."""

    delivered: Counter
    failed: Counter
    open: Gauge


def make_figures(registry: CollectorRegistry) -> Figures:
    """Figures that the registry tells."""
    return Figures(
        Counter("pipit_webhooks_delivered", "Events taken.", ["target"], registry=registry),
        Counter("pipit_webhooks_failed", "Tries that failed.", ["target"], registry=registry),
        Gauge("pipit_webhooks_open", "1: left alone for now.", ["target"], registry=registry),
    )


@dataclass(slots=True)
class Delivery:
    """Delivers to one target. `member` is the account of incoming hooks, if there are any: what it
    posts is not told, lest two programs answer each other for ever.
    """

    target: Target
    key: bytes
    session: aiohttp.ClientSession
    breaker: Breaker
    keep_seconds: float
    figures: Figures
    member: Member | None = None

    async def handle(self, event: AnyEvent) -> None:
        """Returns when the target took the event, or does not want such. Raises Undeliverable."""
        if self.member:
            await self.member.ready()
        if not self.wants(event):
            return
        body = payload(event)
        while not await self._try(event, body):
            age = time.time() - event.at / 1000
            if age > self.keep_seconds:
                raise Undeliverable(f"{self.target.name}: not reached for {age / 3600:.1f} hours")

    def wants(self, event: AnyEvent) -> bool:
        """Whether the settings name such events. Chats of two and saved notes are never told."""
        if event.__struct_config__.tag not in self.target.events:
            return False
        if isinstance(event, MessageStored) and self.member and event.sender == self.member.user:
            return False
        if isinstance(event, AccountChanged):
            return True
        wanted = {"*" if name == "*" else ids.as_group(name) for name in self.target.topics}
        return event.topic.startswith("grp") and not wanted.isdisjoint({"*", event.topic})

    async def _try(self, event: AnyEvent, body: bytes) -> bool:
        """One try, when it is time for it. Raises Undeliverable if the target refused for good."""
        await asyncio.sleep(self.breaker.wait(time.monotonic()))
        reason = await self._post(event.key, body)
        if reason:
            self._note_failure(event, reason)
        else:
            self._note_success()
        self.figures.open.labels(self.target.name).set(self.breaker.open)
        return not reason

    def _note_failure(self, event: AnyEvent, reason: str) -> None:
        self.breaker.failed(time.monotonic())
        self.figures.failed.labels(self.target.name).inc()
        if self.breaker.failures == 1:
            log.warning("%s does not take %s: %s", self.target.name, event.key, reason)

    def _note_success(self) -> None:
        if self.breaker.failures:
            log.info("%s is there again", self.target.name)
        self.breaker.succeeded()
        self.figures.delivered.labels(self.target.name).inc()

    async def _post(self, event_id: str, body: bytes) -> str:
        """Why it failed; "" if the target answered 2xx. Raises Undeliverable for most 4xx."""
        headers = signing.headers(self.key, event_id, int(time.time()), body)
        headers |= {"Content-Type": "application/json", "User-Agent": f"Pipit/{__version__}"}
        try:
            async with self.session.post(
                self.target.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                code = response.status  # what else it says is not read
        except TimeoutError:
            return "no answer in time"
        except aiohttp.ClientError as error:
            return str(error)
        if 400 <= code < 500 and code not in TRY_AGAIN:
            self.breaker.succeeded()  # it is there
            raise Undeliverable(f"{self.target.name}: answered {code}")
        return "" if 200 <= code < 300 else f"answered {code}"


def payload(event: AnyEvent) -> bytes:
    """The JSON text that a target gets: the event, its id, and a message's plain text."""
    body = msgspec.json.decode(events.encode(event)) | {"id": event.key}
    body.pop("key", None)
    if isinstance(event, MessageStored):
        body["text"] = drafty.plain_text(body["content"])
    return msgspec.json.encode(body)
