"""The checks of `pipit doctor`: each looks at one thing and says what is wrong and what to do."""

import asyncio
import errno
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import apsw

from pipit.bus.base import BusUnavailable
from pipit.bus.factory import examine
from pipit.config import Settings
from pipit.store.base import StoreError
from pipit.store.sqlite import database as sqlite

PYTHON = ((3, 11), (3, 13))
"""Oldest and newest version that Pipit is tested with."""

SPACE_FAIL, SPACE_WARN = 100 * 2**20, 2 * 2**30
"""Bytes free in the data folder: minutes, and some weeks, of a busy place with pictures."""

FSYNCS = 20
FSYNC_WARN_MS = 50.0
"""An acknowledged message waits for one fsync, and members notice some tenths of a second."""

BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock can rightly be before this; a Pi without network time starts years back."""


class Finding(NamedTuple):
    """The outcome of a check."""

    level: Literal["ok", "warn", "FAIL"]
    text: str


def python_version(_: Settings) -> Finding:
    """The interpreter is one of those Pipit is tested with."""
    found = sys.version_info[:2]
    text = f"Python {found[0]}.{found[1]}"
    oldest, newest = PYTHON
    if found < oldest:
        return Finding("FAIL", f"{text} is too old; install {oldest[0]}.{oldest[1]} or newer")
    if found > newest:
        return Finding("warn", f"{text} is newer than what Pipit is tested with")
    return Finding("ok", text)


def data_folder(settings: Settings) -> Finding:
    """The data folder can be written and has room."""
    folder = settings.data_dir.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "give the user that runs Pipit the right to write there"
        return Finding("FAIL", f"data folder {folder}: {error.strerror}; {advice}")
    free = shutil.disk_usage(folder).free
    text = f"data folder {folder}: {free / 2**30:.1f} GiB free"
    if free < SPACE_FAIL:
        return Finding("FAIL", f"{text}; make room now, new messages will soon be refused")
    if free < SPACE_WARN:
        return Finding("warn", f"{text}; make room soon")
    return Finding("ok", text)


def fsync_latency(settings: Settings) -> Finding:
    """Writes reach the disk in good time (median of some)."""
    try:
        median = sorted(_fsync_times(settings.data_dir))[FSYNCS // 2] * 1000
    except OSError as error:
        return Finding("FAIL", f"disk: no test could be written: {error.strerror}")
    text = f"disk: a write is safe after {median:.1f} ms"
    if median > FSYNC_WARN_MS:
        return Finding("warn", f"{text}, over {FSYNC_WARN_MS:.0f}; is the card worn? Use an SSD")
    return Finding("ok", text)


def _fsync_times(folder: Path) -> list[float]:
    """Seconds of each of some fsyncs of a 4 KiB page."""
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(FSYNCS):
            file.write(bytes(4096))
            begin = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begin)
    return times


def database(settings: Settings) -> Finding:
    """The database can be read, also while Pipit runs; it is not made or migrated."""
    return _mongodb(settings) if settings.database.type == "mongodb" else _sqlite(settings)


def _mongodb(settings: Settings) -> Finding:
    from pipit.store.mongodb import opening

    try:
        return Finding("ok", f"database: {asyncio.run(opening.probe(settings.database))}")
    except StoreError as error:
        advice = "is MongoDB running, and is what stands below `database` right?"
        return Finding("FAIL", f"{error}; {advice}")


def _sqlite(settings: Settings) -> Finding:
    path = settings.database_path
    if not path.exists():
        return Finding("ok", f"database: {path} will be made at the first start")
    try:
        with closing(sqlite.open_for_reading(path)) as connection:
            sqlite.last_beat(connection)
    except apsw.Error as error:
        advice = "restore it from a backup, or set database.path"
        return Finding("FAIL", f"database: {path} gives no answer: {error}; {advice}")
    return Finding("ok", f"database: {path}, {path.stat().st_size / 2**20:.1f} MiB")


def message_queue(settings: Settings) -> Finding:
    """The message queue answers, and is set up so that it keeps what it is given."""
    queue = settings.message_queue
    if queue.type == "memory":
        return Finding("ok", "message queue: within the service")
    text = f"message queue: {queue.type} at {queue.host}"
    try:
        advice = asyncio.run(examine(queue))
    except BusUnavailable as fault:
        hint = "start it, or look at message_queue in the settings; chats go on, modules wait"
        return Finding("FAIL", f"message queue: {fault}; {hint}")
    return Finding("warn", f"{text}: {'; '.join(advice)}") if advice else Finding("ok", text)


def web_app(settings: Settings) -> Finding:
    """The web app is there."""
    root = settings.web_root
    if root and (root / "index.html").is_file():
        return Finding("ok", f"web app: {root}")
    advice = "build it with `make run`, or set server.web_root"
    return Finding("warn", f"web app: not in {root or 'app/web/dist'}; {advice}")


def listening(settings: Settings) -> Finding:
    """The port or socket is free."""
    server = settings.server
    if server.socket:
        return Finding("ok", f"Unix socket: {server.socket}")
    where = f"port {server.port} on {server.host}"
    try:
        with socket.create_server(
            (server.host, server.port), family=_family(server.host), reuse_port=False
        ):
            return Finding("ok", f"{where}: free")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Finding("warn", f"{where}: in use, by Pipit or another program (`ss -ltnp`)")
        return Finding("FAIL", f"{where}: {error.strerror}; change server.host or server.port")


def _family(host: str) -> socket.AddressFamily:
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]


def clock(_: Settings) -> Finding:
    """The clock is not years back."""
    now = datetime.now(UTC)
    text = f"clock: {now:%Y-%m-%d %H:%M} UTC"
    if now < BUILT:
        return Finding("FAIL", f"{text}, years back; turn on `timedatectl set-ntp true`")
    return Finding("ok", text)


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    python_version,
    clock,
    data_folder,
    fsync_latency,
    database,
    message_queue,
    web_app,
    listening,
)
"""In the order in which they are printed."""
