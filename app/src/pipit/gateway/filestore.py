"""The bytes of uploads, as files `<root>/Ab/AbCd…`. What they are and whose, the store knows."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from pipit.gateway.sniffing import HEAD_BYTES


class FileStore:
    """One folder. Its methods raise OSError when the disk does not take or give what it should."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"

    def open(self) -> None:
        """Makes the folder; removes what an earlier run left half written."""
        self.incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self.incoming.iterdir():
            leftover.unlink()

    def path(self, file: str) -> Path:
        """Where the bytes of a file lie; `file` is an id that the server gave."""
        return self.root / file[:2] / file

    @asynccontextmanager
    async def receive(self) -> AsyncIterator[Incoming]:
        """A new file to be written; gone at the end unless it was kept."""
        temporary = self.incoming / secrets.token_hex(8)
        incoming = Incoming(temporary, await asyncio.to_thread(temporary.open, "xb"))
        try:
            yield incoming
        finally:
            incoming.handle.close()
            temporary.unlink(missing_ok=True)

    async def keep(self, incoming: Incoming, file: str) -> None:
        """Moves what was written to its place, so that it would survive a power cut."""
        await asyncio.to_thread(_move, incoming, self.path(file))

    async def remove(self, files: Iterable[str]) -> None:
        """Removes the bytes of files; those that are not there are passed over."""
        await asyncio.to_thread(_unlink, [self.path(file) for file in files])


class Incoming:
    """A file on its way in."""

    __slots__ = ("handle", "head", "path", "size")

    def __init__(self, path: Path, handle: BinaryIO) -> None:
        self.path = path
        self.handle = handle
        self.head = b""
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """Adds bytes."""
        if len(self.head) < HEAD_BYTES:
            self.head = (self.head + chunk)[:HEAD_BYTES]
        self.size += len(chunk)
        await asyncio.to_thread(self.handle.write, chunk)


def _move(incoming: Incoming, target: Path) -> None:
    incoming.handle.flush()
    os.fsync(incoming.handle.fileno())
    target.parent.mkdir(mode=0o700, exist_ok=True)
    incoming.path.rename(target)
    for folder in (target.parent, target.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unlink(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
