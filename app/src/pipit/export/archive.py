"""A zip file that appears as a whole or not at all."""

import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PACKED = ("image/", "audio/", "video/", "application/zip", "application/gzip")
"""Types of content that deflate makes no smaller."""


@contextmanager
def archive(path: Path) -> Iterator["Archive"]:
    """A zip file for its owner alone, moved to its place once it is complete and on the disk.

    Raises FileExistsError if something is there already.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already; name another file with --out")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with open(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w") as parts:
                yield Archive(parts)
            file.flush()
            os.fsync(file.fileno())
        os.rename(name, path)
    except BaseException:
        os.unlink(name)
        raise


class Archive:
    """The parts of a zip file, written one after another."""

    def __init__(self, parts: zipfile.ZipFile) -> None:
        self._parts = parts

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        """A part to be written bit by bit."""
        with self._parts.open(_info(name), "w", force_zip64=True) as part:
            yield part

    def put(self, name: str, content: bytes) -> None:
        """A small part."""
        self._parts.writestr(_info(name), content)

    def copy(self, name: str, source: Path, mime: str) -> None:
        """A file. Raises OSError if it cannot be read."""
        info = zipfile.ZipInfo.from_file(source, name, strict_timestamps=False)
        packed = mime.startswith(PACKED)
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        with source.open("rb") as content, self._parts.open(info, "w") as part:
            shutil.copyfileobj(content, part, 1 << 20)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, time.localtime()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
