"""The control socket: through it `pipit user …` works on a service that is running.

A Unix socket in the data folder, for the user who runs the service (and root) alone. A request is
an operation as JSON, the reply is what `operations.perform` gives, or a sentence with a code.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from pipit.config import Settings
from pipit.gateway import operations
from pipit.gateway.operations import Operation, OperationError, Reply
from pipit.gateway.service import Service

log = logging.getLogger(__name__)

Perform = Callable[[Operation], Awaitable[Reply]]
"""Does an operation. Raises OperationError."""

NAME = "control.sock"
NAMES = "control*.sock"
MODE = 0o600
SHUTDOWN_SECONDS = 2.0
MOST_BYTES = 64 * 2**20
"""A request with a hundred thousand accounts to check has 20 MB."""

OTHER_VERSION = "the service that runs is another version of Pipit; restart it, or use its `pipit`"


# -- the service's side ----------------------------------------------------------------------------


def socket_name(settings: Settings) -> str:
    """The file of the socket; gateways that share a data folder have one each."""
    return f"control-{settings.cluster.name}.sock" if settings.cluster.enabled else NAME


@asynccontextmanager
async def listening(service: Service) -> AsyncIterator[None]:
    """Takes operations meanwhile.

    Where the file system has no sockets, a warning is logged and the service goes on without.
    """
    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_post("/", partial(_answer, service))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    with _listener(service.settings.data_dir / socket_name(service.settings)) as listener:
        if listener is not None:
            await web.SockSite(runner, listener).start()
        try:
            yield
        finally:
            await runner.cleanup()


@contextmanager
def _listener(path: Path) -> Iterator[socket.socket | None]:
    """The socket, gone at the end; one that a killed service left is replaced."""
    try:
        path.unlink(missing_ok=True)
        listener = _bind(path)
    except OSError as fault:
        log.warning("no control socket: `pipit user` needs the service stopped: %s", fault)
        yield None
        return
    try:
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


def _bind(path: Path) -> socket.socket:
    """The mode is set before the file appears: Linux gives it the one of the socket."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.fchmod(listener.fileno(), MODE)
        with _address(path) as address:
            listener.bind(address)
    except BaseException:
        listener.close()
        raise
    return listener


async def _answer(service: Service, request: web.Request) -> web.Response:
    try:
        operation = msgspec.json.decode(await request.read(), type=Operation)
        reply = await operations.perform(service.hub, operation)
    except msgspec.DecodeError:
        return web.Response(status=400, text=OTHER_VERSION)
    except OperationError as fault:
        return web.Response(status=422, text=str(fault))
    log.info("from the command line: %s", type(operation).__name__)
    return web.Response(body=msgspec.json.encode(reply), content_type="application/json")


# -- the command's side ----------------------------------------------------------------------------


@asynccontextmanager
async def connect(folder: Path) -> AsyncIterator[Perform | None]:
    """A way to have the service that runs on a data folder do things; None if none runs.

    Raises OperationError if it is somebody else's.
    """
    path = _answering(folder)
    if path is None:
        yield None
        return
    with _address(path) as address:
        connector = aiohttp.UnixConnector(address)
        async with aiohttp.ClientSession("http://pipit", connector=connector) as http:
            yield partial(_ask, http)


def _answering(folder: Path) -> Path | None:
    """The socket of a service that runs; of one of several gateways, which tells the others."""
    for path in sorted(folder.glob(NAMES)):
        with _address(path) as address:
            if _answers(address):
                return path
    return None


def _answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(address)
        except PermissionError:
            raise OperationError(
                "the data folder is another user's; run this as that user, or with sudo"
            ) from None
        except OSError:
            return False
    return True


async def _ask(http: aiohttp.ClientSession, operation: Operation) -> Reply:
    try:
        async with http.post("/", data=msgspec.json.encode(operation)) as response:
            body = await response.read()
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise OperationError(f"the service does not answer: {fault or 'timeout'}") from fault
    if response.status != 200:
        raise OperationError(body.decode(errors="replace"))
    try:
        return msgspec.json.decode(body, type=Reply)
    except msgspec.DecodeError:
        raise OperationError(OTHER_VERSION) from None


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """The path through its open folder: as it is, it may be longer than 107 bytes (unix(7))."""
    folder = None
    with suppress(OSError):
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield str(path) if folder is None else f"/proc/self/fd/{folder}/{path.name}"
    finally:
        if folder is not None:
            os.close(folder)
