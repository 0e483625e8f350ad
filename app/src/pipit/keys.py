"""Secrets of this installation, made at the first start and kept in `<data.dir>/keys`.

`token.key` signs login tokens; by `cluster.key` gateways of a cluster know each other. Names of
users and topics need no key: they are random, see pipit.core.ids.
"""

import logging
import os
import secrets
import tempfile
from pathlib import Path

TOKEN_KEY_BYTES = 32
"""As long as the digest of HMAC-SHA-256, the least that RFC 2104 (section 3) advises."""

log = logging.getLogger(__name__)


class KeyFileError(Exception):
    """A key cannot be read or made; the message says which file and why."""


def token_key(folder: Path) -> bytes:
    """The key that signs login tokens, made if there is none. Raises KeyFileError."""
    return _load_or_make(folder / "token.key", TOKEN_KEY_BYTES)


def cluster_key(folder: Path) -> bytes:
    """The key by which gateways of a cluster know each other. Raises KeyFileError."""
    return _load_or_make(folder / "cluster.key", TOKEN_KEY_BYTES)


def _load_or_make(path: Path, size: int) -> bytes:
    try:
        if not path.exists():
            _make(path, size)
        return _load(path, size)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def _load(path: Path, size: int) -> bytes:
    key = path.read_bytes()
    if len(key) != size:
        raise KeyFileError(
            f"{path}: holds {len(key)} bytes, a key has {size}; restore it from a backup, "
            "or remove it, and everybody has to log in again"
        )
    if path.stat().st_mode & 0o077:
        log.warning("%s could be read by others; now it is for its owner alone", path)
        path.chmod(0o600)
    return key


def _make(path: Path, size: int) -> None:
    """Writes a new key in full or not at all; one that appeared meanwhile stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # mode 0600
        file.write(secrets.token_bytes(size))
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
