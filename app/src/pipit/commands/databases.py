"""What `pipit migrate` and `pipit copy-store` do."""

import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from pipit.commands.progress import Progress
from pipit.config import ConfigError, Settings, load
from pipit.config.settings import Database
from pipit.store import copying, factory


async def migrate(settings: Settings) -> int:
    """Brings the database up to date, and tells of it. Raises StoreError."""

    def say(version: int, last: int) -> None:
        print(f"making version {version} of {last}", file=sys.stderr, flush=True)

    had, has = await factory.migrate(settings, say)
    if had == has:
        print(f"the database is up to date: version {has}")
    else:
        print(f"the database had version {had}, and has version {has} now")
    return 0


def named(text: str) -> Settings:
    """The settings of a database: those of a file, or of an address. Raises ConfigError."""
    if text.startswith("sqlite:"):
        return Settings(database=Database(path=text.removeprefix("sqlite:")))
    if text.startswith("mongodb://"):
        return Settings(database=_mongodb(text))
    path = Path(text)
    if not path.is_file():
        allowed = "a settings file, sqlite:PATH or mongodb://HOST:PORT/NAME"
        raise ConfigError(f"found {text}, allowed: {allowed}")
    return load(path, os.environ)


def _mongodb(text: str) -> Database:
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    try:
        said = parse_uri(text)
    except (PyMongoError, ValueError) as fault:
        raise ConfigError(f"a mongodb:// address that is none: {fault}") from None
    if not said["database"]:
        raise ConfigError("a mongodb:// address without a database: mongodb://HOST:PORT/NAME")
    return Database(
        type="mongodb",
        host=",".join(f"{host}:{port}" for host, port in said["nodelist"]),
        name=said["database"],
        user=said["username"] or "",
        password=said["password"] or "",
        replica_set=said["options"].get("replicaSet", ""),
    )


async def copy_store(source: Settings, target: Settings) -> int:
    """Copies, checks, and tells what was copied. Raises StoreError."""
    shown: list[Progress] = []

    def say(what: str, done: int, total: int) -> None:
        if not shown or shown[-1].what != what:
            shown.append(Progress(what, total))
        shown[-1].step(done - shown[-1].done)

    async with AsyncExitStack() as sides:
        there, here = factory.make_side(source), factory.make_side(target)
        for side in (there, here):
            sides.push_async_callback(side.close)
            await side.open()
        sums = await copying.copy(there, here, say)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    for kind, total in sums.items():
        print(f"{kind:<14} {total.rows:>12,}  checksum {total.checksum:032x}")
    print(f"{here.name} holds what {there.name} holds; uploaded files were not copied")
    return 0
