"""Incoming webhooks: POST /hooks/<token> posts a message into the topic of that hook.

curl -d '{"text": "The door is open"}' http://127.0.0.1:8081/hooks/<token>
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web
from prometheus_client import Counter

from pipit.accounts.rates import Rate
from pipit.config.modules import Hook
from pipit.modules.member import Member
from pipit.sdk.errors import RequestRefused, SdkError

log = logging.getLogger(__name__)

MAX_BODY = 65_536
"""Bytes. The service takes requests of 131,072, in which the message is one part."""

PATIENCE = 10.0
"""Seconds that the service has to store a message; it may be on its way back."""

DRAFTY = {"mime": "text/x-drafty"}


class Post(msgspec.Struct, forbid_unknown_fields=True):
    """What a program sends: `text`, or `content` as Drafty, the apps' rich text."""

    text: str = ""
    content: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if bool(self.text.strip()) == (self.content is not None):
            raise ValueError("either text or content must be there")


@dataclass(slots=True)
class Incoming:
    """Answers requests. `hooks` by the digest of their token: comparing those tells nobody how much
    of a guess was right.
    """

    hooks: dict[bytes, Hook]
    member: Member
    rate: Rate
    posted: Counter

    async def post(self, request: web.Request) -> web.Response:
        """200 with topic and seq, or the reason why not, as JSON."""
        hook = self.hooks.get(digest(request.match_info["token"]))
        if hook is None:
            return _refusal(404, "there is no such hook")
        if wait := self.rate.take(hook.name):
            seconds = str(math.ceil(wait))
            return _refusal(429, f"too many messages, wait {seconds} s", {"Retry-After": seconds})
        body = await request.read()  # of more than 1 MiB aiohttp reads no further, and answers 413
        if len(body) > MAX_BODY:
            return _refusal(413, f"too large, at most {MAX_BODY} bytes are allowed")
        try:
            message = msgspec.json.decode(body, type=Post)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return _refusal(400, f'{error}; allowed: {{"text": "…"}} or {{"content": {{…}}}}')
        return await self._publish(hook, message)

    async def _publish(self, hook: Hook, message: Post) -> web.Response:
        content = message.text if message.content is None else message.content
        head = {"auto": True} | (DRAFTY if message.content is not None else {})
        if self.member.fault:
            return _away()
        try:
            async with asyncio.timeout(PATIENCE):
                seq = await self.member.post(hook.topic, content, head)
        except (SdkError, TimeoutError) as error:
            log.warning("hook %s: %s", hook.name, error or self.member.fault)
            if isinstance(error, RequestRefused) and not error.is_passing:
                return _refusal(502, f"the topic did not take the message: {error}")
            return _away()
        self.posted.labels(hook.name).inc()
        return web.json_response({"topic": hook.topic, "seq": seq})


def digest(token: str) -> bytes:
    """What stands for a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _away() -> web.Response:
    return _refusal(503, "the service cannot be reached", {"Retry-After": "5"})


def _refusal(code: int, why: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": why}, status=code, headers=headers)
