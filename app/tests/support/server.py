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
    command = [str(Path(sys.executable).with_name("pipit")), "serve"]
    with log_path.open("a") as log:
        environment = _environment(data_dir, settings)
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    url = None
    try:
        url = _await_ready(process)
    finally:
        if not url:
            _end(process)
    if not url:
        log_end = log_path.read_text("utf-8", "replace")[-2000:]
        raise RuntimeError(
            f"`pipit serve` did not listen, exit code {process.returncode}:\n{log_end}"
        )
    return Server(process, url, data_dir, log_path)


def _end(process: subprocess.Popen[str]) -> None:
    """Kills it if it still runs, and lets go of it."""
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _environment(data_dir: Path, settings: dict[str, object]) -> dict[str, str]:
    """The machine's variables without its own Pipit settings, then those of this server."""
    ours = {"data_dir": data_dir, "server_port": 0} | settings
    machine = {name: value for name, value in os.environ.items() if not name.startswith("PIPIT_")}
    return machine | {f"PIPIT_{name.upper()}": _text(value) for name, value in ours.items()}


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
