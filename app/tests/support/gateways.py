"""Several gateways of one service: real processes that share MongoDB, Redis and a data folder."""

import asyncio
import json
import secrets
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.mongod import Mongod
from tests.support.redis_server import RedisServer
from tests.support.server import Server, start

SLOTS = 256
PATIENCE = 20.0
"""Seconds until shares are as they should be, on a busy machine."""


@dataclass
class Gateways:
    """The running ones by name. Clients may connect to any of them."""

    mongod: Mongod
    redis: RedisServer
    folder: Path
    settings: Mapping[str, object] = field(default_factory=dict)
    own_settings: dict[str, dict[str, object]] = field(default_factory=dict)
    database: str = field(default_factory=lambda: f"gateways-{secrets.token_hex(4)}")
    running: dict[str, Server] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Server:
        return self.running[name]

    def start(self, *names: str) -> None:
        """Starts gateways; each listens then, and takes its share soon."""
        for name in names:
            self.running[name] = start(self.folder, **self._settings(name))

    def _settings(self, name: str) -> dict[str, object]:
        return {
            "log_name": f"{name}.log",
            "database_type": "mongodb",
            "database_host": "127.0.0.1",
            "database_port": self.mongod.port,
            "database_name": self.database,
            "message_queue_type": "redis",
            "message_queue_port": self.redis.port,
            "cluster_enabled": True,
            "cluster_name": name,
            "limits_enabled": False,
            **self.settings,
            **self.own_settings.get(name, {}),
        }

    def kill(self, name: str) -> None:
        """kill -9; it is no longer among the running ones."""
        self.running.pop(name).kill()

    def freeze(self, name: str) -> None:
        """Halts one in the midst of whatever it does."""
        self.running[name].process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Lets one go on."""
        self.running[name].process.send_signal(signal.SIGCONT)

    def stop(self, name: str) -> None:
        """Ends one with SIGTERM; it hands over what it owns."""
        self.running.pop(name).stop()

    def stop_all(self) -> None:
        """Ends all; the first failure is raised in the end."""
        faults = []
        for name in list(self.running):
            try:
                self.stop(name)
            except AssertionError as fault:
                faults.append(fault)
        if faults:
            raise faults[0]

    def shares(self) -> dict[str, int]:
        """How many slots each running gateway owns, as it says itself."""
        return {name: health(server)["cluster"]["slots"] for name, server in self.running.items()}

    async def settled(self, without: str = "") -> dict[str, int]:
        """Waits until all slots have an owner and everybody is linked; the shares.

        `without`: one that does not answer just now.
        """
        late = time.monotonic() + PATIENCE
        asked = {name: one for name, one in self.running.items() if name != without}
        while True:
            said = [await asyncio.to_thread(health, one) for one in asked.values()]
            found = [one["cluster"] for one in said]
            linked = all(one["links"] == len(found) - 1 for one in found)
            shares = [one["slots"] for one in found]
            if linked and all(shares) and sum(shares) == SLOTS:
                return dict(zip(asked, shares, strict=True))
            assert time.monotonic() < late, f"shares never settled: {found}"
            await asyncio.sleep(0.05)

    async def ownerless(self) -> None:
        """Waits until nobody owns anything."""
        late = time.monotonic() + PATIENCE
        while any((await asyncio.to_thread(self.shares)).values()):
            assert time.monotonic() < late, "leases do not end"
            await asyncio.sleep(0.05)


def health(server: Server) -> dict[str, Any]:
    """What a gateway says at /healthz, well or not."""
    try:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as response:  # noqa: S310
            body = response.read()
    except urllib.error.HTTPError as unwell:
        body = unwell.read()
    answer: dict[str, Any] = json.loads(body)
    return answer


@contextmanager
def running(gateways: Gateways, *names: str) -> Iterator[Gateways]:
    """Gateways that are started now and stopped in the end."""
    try:
        gateways.start(*names)
        yield gateways
    finally:
        gateways.stop_all()
