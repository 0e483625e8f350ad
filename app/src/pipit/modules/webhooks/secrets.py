"""Keys of targets and tokens of incoming hooks, each in a file of its own in the data folder.

They are made when they are first needed. A key that the receiver gave is put into its file.
"""

import os
import secrets
from pathlib import Path

from pipit.config import ConfigError
from pipit.modules.webhooks import signing

TOKEN_BYTES = 24
"""192 random bits: nobody guesses the address of a hook."""


def signing_key(folder: Path, name: str) -> bytes:
    """The key that deliveries to a target are signed with. Raises ConfigError, OSError."""
    path = folder / f"{name}.key"
    text = _kept(path, signing.key_text(secrets.token_bytes(signing.KEY_BYTES)))
    try:
        return signing.key_of(text)
    except ValueError as error:
        raise ConfigError(f"{path}: holds no key, allowed: whsec_ and base64: {error}") from None


def hook_token(folder: Path, name: str) -> str:
    """The last part of an incoming hook's address. Raises ConfigError, OSError."""
    path = folder / f"{name}.token"
    token = _kept(path, secrets.token_urlsafe(TOKEN_BYTES))
    if len(token) < TOKEN_BYTES or not token.replace("-", "").replace("_", "").isalnum():
        allowed = f"at least {TOKEN_BYTES} of A-Z, a-z, 0-9, - and _"
        raise ConfigError(f"{path}: holds no token, allowed: {allowed}")
    return token


def _kept(path: Path, new: str) -> str:
    """What the file holds; `new` if there was none, which it holds from then on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(new + "\n")
        file.flush()
        os.fsync(descriptor)
    return new
