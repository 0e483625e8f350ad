"""The `pipit` command as a process of its own."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
"""Seconds for a command on a busy machine."""

QUICK_HASH = {"accounts_hash_memory_kib": 8, "accounts_hash_time": 1}


@dataclass(frozen=True)
class Outcome:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


async def pipit(
    data_dir: Path, *arguments: object, stdin: str | int = "", **settings: object
) -> Outcome:
    """Runs `pipit <arguments>` on a data folder, with settings as in `support.server.start`.

    `stdin` is text, or the file descriptor of a terminal.
    """
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("pipit")),
        *map(str, arguments),
        env=_environment({"data_dir": data_dir} | QUICK_HASH | settings),
        stdin=stdin if isinstance(stdin, int) else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate(None if isinstance(stdin, int) else stdin.encode())
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return Outcome(process.returncode or 0, out.decode(), err.decode())


async def done(data_dir: Path, *arguments: object, stdin: str = "", **settings: object) -> str:
    """The same for a command that must succeed: what it printed."""
    outcome = await pipit(data_dir, *arguments, stdin=stdin, **settings)
    assert outcome.code == 0, outcome
    return outcome.out


def _environment(settings: dict[str, object]) -> dict[str, str]:
    machine = {name: value for name, value in os.environ.items() if not name.startswith("PIPIT_")}
    return machine | {f"PIPIT_{name.upper()}": str(value) for name, value in settings.items()}
