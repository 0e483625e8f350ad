"""The links to all other gateways: listening, calling, noticing who fell silent."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from pipit.cluster import messages as msg
from pipit.cluster.leases import Member
from pipit.cluster.link import Hooks, Link

log = logging.getLogger(__name__)

TICK = 0.5
"""Seconds between two signs of life, and between two attempts to reach a gateway."""

SOCKET_MODE = 0o600


class Peers:
    """Open links by member id. Of two gateways the one whose id is smaller calls the other."""

    def __init__(self, me: str, key: bytes, patience: float) -> None:
        self.me = me
        self.key = key
        self.most_quiet = max(2, round(patience / TICK))
        self.links: dict[str, Link] = {}
        self._hooks: Hooks | None = None
        self._calling: dict[str, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    async def listen(self, address: str, hooks: Hooks) -> None:
        """Takes calls at `host:port`, or at the path of a Unix socket.

        Raises OSError, also if another gateway listens there.
        """
        self._hooks = hooks
        loop = asyncio.get_running_loop()

        def answer() -> Link:
            return Link(hooks, self.me, self.key)

        if is_path(address):
            if _somebody_listens(address):
                raise OSError(f"{address}: in use; is another gateway called the same?")
            unlink(address)
            self._server = await loop.create_unix_server(answer, address)
            os.chmod(address, SOCKET_MODE)
        else:
            host, _, port = address.rpartition(":")
            self._server = await loop.create_server(answer, host.strip("[]"), int(port))

    async def close(self) -> None:
        """Ends all links."""
        if self._server is not None:
            self._server.close()
        for task in self._calling.values():
            task.cancel()
        await asyncio.gather(*self._calling.values(), return_exceptions=True)
        for link in list(self.links.values()):
            link.close()

    def opened(self, link: Link) -> Link | None:
        """Notes an open link; returns an older one to the same gateway, which ends."""
        old, self.links[link.peer] = self.links.get(link.peer), link
        if old is not None:
            old.close()
        return old

    def lost(self, link: Link) -> bool:
        """Forgets a link; False if a newer one stands in its place."""
        if self.links.get(link.peer) is not link:
            return False
        del self.links[link.peer]
        return True

    def tell_all(self, message: msg.Message) -> None:
        """Sends to every gateway."""
        for link in self.links.values():
            link.send(message)

    def tick(self, members: Iterable[Member]) -> None:
        """Every TICK seconds: gives a sign of life, cuts links that gave none, calls who is not
        linked. Ticks are counted, not seconds: after a halt of this process nobody is cut.
        """
        for link in list(self.links.values()):
            link.quiet += 1
            if link.quiet > self.most_quiet:
                log.warning("link to %s cut: it is silent", link.peer)
                link.close()
            else:
                link.send(msg.Ping())
        for member in members:
            linked = member.id in self.links or member.id in self._calling
            if self.me < member.id and not linked:
                task = asyncio.create_task(self._call(member))
                self._calling[member.id] = task

    async def _call(self, member: Member) -> None:
        """Reaches a gateway, or gives up until the next tick."""
        assert self._hooks is not None
        link = Link(self._hooks, self.me, self.key, calls=member.id)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TICK * 4):
                if is_path(member.address):
                    await loop.create_unix_connection(lambda: link, member.address)
                else:
                    host, _, port = member.address.rpartition(":")
                    await loop.create_connection(lambda: link, host.strip("[]"), int(port))
                await link.known
        except (OSError, TimeoutError) as fault:
            log.info("%s at %s cannot be reached: %s", member.id, member.address, fault)
        finally:
            self._calling.pop(member.id, None)
            if not link.peer:
                link.close()


def is_path(address: str) -> bool:
    """Whether an address is the path of a Unix socket, not host and port."""
    return "/" in address


def _somebody_listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        return attempt.connect_ex(path) == 0


def unlink(address: str) -> None:
    """Takes the socket of a gateway that ends out of its folder."""
    if is_path(address):
        with contextlib.suppress(OSError):
            Path(address).unlink()
