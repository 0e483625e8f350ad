"""Module processes for tests, with the service and the message queue that they need."""

import asyncio
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.rabbitmq import RabbitServer
from tests.support.redis_server import RedisServer
from tests.support.server import START_SECONDS, STOP_SECONDS, Server, start_pipit


@dataclass
class Module:
    """A running `pipit module NAME`; `url` is its listener."""

    process: subprocess.Popen[str]
    url: str
    data_dir: Path
    log_path: Path

    @property
    def log(self) -> str:
        """What it has written to standard error so far."""
        return self.log_path.read_text("utf-8", "replace")

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a GET request to its listener."""
        async with aiohttp.request("GET", self.url + path) as response:
            return response.status, await response.json()

    async def healthy(self) -> None:
        """Returns when it has all it needs: message queue, account."""
        try:
            async with asyncio.timeout(START_SECONDS):
                while (answer := await self.get("/healthz"))[0] != 200:
                    assert self.process.poll() is None, self.log
        except TimeoutError:
            raise AssertionError(f"not healthy: {answer}") from None

    async def figures(self) -> dict[str, float]:
        """What /metrics tells."""
        async with aiohttp.request("GET", f"{self.url}/metrics") as response:
            lines = (await response.text()).splitlines()
        rows = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
        return {name: float(value) for name, value in rows}

    def stop(self) -> int:
        """Ends it with SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        """Ends it if it still runs; in good order, as the next one waits for its groups else."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        self.process.kill()
        self.process.wait()


def start(name: str, data_dir: Path, **settings: Any) -> Module:
    """Starts a module; settings as in `support.server.start`. RuntimeError if it does not run."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log_path = data_dir / f"{name}.log"
    ours = {"data_dir": data_dir, f"{name}_port": 0} | settings
    process, url = start_pipit(["module", name], ours, log_path)
    return Module(process, url, data_dir, log_path)


@contextmanager
def modules() -> Iterator[Callable[..., Module]]:
    """What starts modules; in the end those still running are stopped, and logs are printed."""
    started: list[Module] = []

    def start_one(name: str, data_dir: Path, **settings: Any) -> Module:
        started.append(start(name, data_dir, **settings))
        return started[-1]

    try:
        yield start_one
    finally:
        for module in started:
            module.end()
            if module.process.stdout:
                module.process.stdout.close()
        for path in sorted({module.log_path for module in started}):
            print(f"--- {path}\n{path.read_text('utf-8', 'replace')}")


def queue(broker: RedisServer | RabbitServer, kind: str = "redis") -> dict[str, Any]:
    """The settings that name a message queue."""
    return {"message_queue_type": kind, "message_queue_port": broker.port}


def account(server: Server, section: str, login: str) -> dict[str, Any]:
    """The settings with which a module logs in; the password is that of tests.support.client."""
    return {
        f"{section}_url": server.url,
        f"{section}_login": login,
        f"{section}_password": "secret123",
    }
