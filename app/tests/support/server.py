"""A real `pipit serve` process with a data folder of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 15.0
"""Draining may take 10 s; the rest is for a busy machine."""

READY = re.compile(r"listening on (\S+)")


@dataclass
class Server:
    """A running server. `url` is as it prints it: `http://127.0.0.1:40123`, or a socket's path."""

    process: subprocess.Popen[str]
    url: str
    data_dir: Path
    log_path: Path

    @property
    def ws(self) -> str:
        """The address for WebSocket clients, without the API key."""
        return self.url.replace("http", "ws", 1) + "/v0/channels"

    @property
    def log(self) -> str:
        """What it has written to standard error so far, in this run and earlier ones."""
        return self.log_path.read_text("utf-8", "replace")

    def stop(self) -> None:
        """Ends it with SIGTERM; AssertionError unless it ends in time with exit code 0."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {STOP_SECONDS} s after SIGTERM") from None
        finally:
            _end(self.process)
        assert code == 0, f"`pipit serve` ended with exit code {code}"

    def kill(self) -> None:
        """Ends it with SIGKILL: what it was doing stays half done, as in a crash."""
        _end(self.process)


def start(data_dir: Path, **settings: object) -> Server:
    """Starts a server on a free port and waits until it listens.

    Settings are keyword arguments named <section>_<key>: `limits_enabled=False, server_port=8000`.
    `data_dir` may be that of an earlier one. RuntimeError, with the log's end, if it does not
    come up.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log_path = data_dir / str(settings.pop("log_name", "serve.log"))
    ours = {"data_dir": data_dir, "server_port": 0} | settings
    process, url = start_pipit(["serve"], ours, log_path)
    return Server(process, url, data_dir, log_path)


def start_pipit(
    arguments: list[str], settings: dict[str, object], log_path: Path
) -> tuple[subprocess.Popen[str], str]:
    """Runs `pipit` until it listens: the process and where. RuntimeError, with the log's end, if it
    does not come up.
    """
    command = [str(Path(sys.executable).with_name("pipit")), *arguments]
    with log_path.open("a") as log:
        process = subprocess.Popen(
            command, env=_environment(settings), stdout=subprocess.PIPE, stderr=log, text=True
        )
    url = None
    try:
        url = _await_ready(process)
    finally:
        if not url:
            _end(process)
    if not url:
        log_end = log_path.read_text("utf-8", "replace")[-2000:]
        what = f"`pipit {' '.join(arguments)}` did not listen, exit code {process.returncode}"
        raise RuntimeError(f"{what}:\n{log_end}")
    return process, url


def _end(process: subprocess.Popen[str]) -> None:
    """Kills it if it still runs, and lets go of it."""
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _environment(settings: dict[str, object]) -> dict[str, str]:
    """The machine's variables without its own Pipit settings, then these."""
    machine = {name: value for name, value in os.environ.items() if not name.startswith("PIPIT_")}
    return machine | {f"PIPIT_{name.upper()}": _text(value) for name, value in settings.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _await_ready(process: subprocess.Popen[str]) -> str | None:
    """The URL in its line `listening on ...`; None if it ended, or took too long and was killed."""
    assert process.stdout
    too_late = threading.Timer(START_SECONDS, process.kill)
    too_late.start()
    try:
        for line in process.stdout:
            if found := READY.search(line):
                return found[1]
        return None
    finally:
        too_late.cancel()
