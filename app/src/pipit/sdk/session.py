"""One connection to the server: requests and their answers, and what comes unasked."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import aiohttp
import msgspec

from pipit.sdk.errors import ConnectionLost, RequestRefused, RequestTimeout, SdkError
from pipit.sdk.packets import Answer, Ctrl, Packet, Pushed

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 30.0
"""A ping as often; without its pong within half of that the connection counts as lost."""

_decoder = msgspec.json.Decoder(Packet)
_encoder = msgspec.json.Encoder()


@dataclass
class _Pending:
    """A request on its way, the answers that came, and how many make it whole.

    Errors are results of `done`: an exception that nobody fetches would be complained of.
    """

    what: str
    wanted: int
    done: asyncio.Future[list[Answer] | SdkError]
    answers: list[Answer] = field(default_factory=list)


class Session:
    """One WebSocket. Requests may be on their way side by side; each has an id."""

    def __init__(
        self,
        ws: aiohttp.ClientWebSocketResponse,
        on_packet: Callable[[Pushed], None],
        on_end: Callable[[], None],
    ) -> None:
        """`on_end` is called once, before the requests that are on their way fail."""
        self._ws = ws
        self._on_packet = on_packet
        self._on_end = on_end
        self._ended = False
        self.max_bytes = 0
        """The largest packet that the server takes; it ends the connection at larger ones."""
        self._ids = count(1)
        self._pending: dict[str, _Pending] = {}
        self.reader = asyncio.create_task(self._read())
        """Is done when the connection has ended."""

    @classmethod
    async def open(
        cls,
        http: aiohttp.ClientSession,
        url: str,
        on_packet: Callable[[Pushed], None],
        on_end: Callable[[], None],
        seconds: float,
    ) -> Self:
        """Connects to a `ws(s)://…` address. Raises ConnectionLost, if only after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                ws = await http.ws_connect(url, heartbeat=HEARTBEAT_SECONDS, max_msg_size=0)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            where = url.partition("?")[0]
            raise ConnectionLost(f"cannot connect to {where}: {error or 'timeout'}") from error
        return cls(ws, on_packet, on_end)

    async def request(
        self,
        verb: str,
        body: dict[str, Any],
        extra: dict[str, Any] | None = None,
        *,
        seconds: float,
        answers: int = 1,
    ) -> list[Answer]:
        """Sends a request; returns its first answers.

        Fewer than `answers` come back where the first {ctrl} says that there is nothing more (its
        code is from 300 up). Raises RequestRefused for codes from 400 up and (413) for what is too
        large, RequestTimeout after `seconds`, ConnectionLost.
        """
        name = str(next(self._ids))
        what = " ".join(filter(None, [verb, str(body.get("topic") or "")]))
        pending = _Pending(what, answers, asyncio.get_running_loop().create_future())
        self._pending[name] = pending
        try:
            async with asyncio.timeout(seconds):
                await self.send(verb, {"id": name} | body, extra)
                result = await pending.done
        except TimeoutError:
            raise RequestTimeout(f"{what}: no answer within {seconds:g} s") from None
        finally:
            del self._pending[name]
        if isinstance(result, SdkError):
            raise result
        return result

    async def send(
        self, verb: str, body: dict[str, Any], extra: dict[str, Any] | None = None
    ) -> None:
        """Sends a packet. Fields that are None are left out.

        Raises ConnectionLost, and RequestRefused (413) for what is too large.
        """
        packet = {verb: {key: value for key, value in body.items() if value is not None}}
        if extra:
            packet["extra"] = extra
        text = _encoder.encode(packet)
        if self._ended:
            raise ConnectionLost(self.reason)
        if 0 < self.max_bytes < len(text):
            size = {"size": len(text), "max": self.max_bytes}
            raise RequestRefused(f"{verb} of {len(text)} bytes", 413, "too large", size)
        try:
            await self._ws.send_str(text.decode())
        except (aiohttp.ClientError, OSError) as error:
            self._end()
            raise ConnectionLost(f"the connection broke: {error}") from error

    async def close(self) -> None:
        """Closes the connection."""
        await self._ws.close()
        self.reader.cancel()
        await asyncio.gather(self.reader, return_exceptions=True)

    @property
    def reason(self) -> str:
        """Why the connection ended."""
        error = self._ws.exception()
        return f"the connection ended: {error or f'close code {self._ws.close_code}'}"

    async def _read(self) -> None:
        try:
            async for frame in self._ws:
                if frame.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    self._take(frame.data)
        finally:
            self._end()

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._on_end()
        for pending in self._pending.values():
            if not pending.done.done():
                pending.done.set_result(ConnectionLost(self.reason))

    def _take(self, text: str | bytes) -> None:
        try:
            packet = _decoder.decode(text)
        except msgspec.DecodeError as error:
            log.warning("A packet that is none was passed over: %s: %.200r", error, text)
            return
        answer = packet.ctrl or packet.meta
        if answer and (pending := self._pending.get(answer.id)):
            _settle(pending, answer)
        elif pushed := packet.data or packet.pres or packet.info or packet.ctrl:
            self._on_packet(pushed)


def _settle(pending: _Pending, answer: Answer) -> None:
    if pending.done.done():
        return
    pending.answers.append(answer)
    if isinstance(answer, Ctrl) and answer.code >= 400:
        refused = RequestRefused(pending.what, answer.code, answer.text, answer.params)
        pending.done.set_result(refused)
    elif len(pending.answers) == pending.wanted or _ends(answer):
        pending.done.set_result(pending.answers)


def _ends(answer: Answer) -> bool:
    return isinstance(answer, Ctrl) and answer.code >= 300
