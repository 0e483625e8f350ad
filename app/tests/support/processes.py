"""What the servers of tests have in common."""

import socket
import subprocess
import threading


def free_port() -> int:
    """A TCP port that nothing listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def await_line(process: subprocess.Popen[str], sign: str, seconds: float) -> str | None:
    """Reads what a server says until a line has the sign, and on in the background.

    None once it came; else all that was said until the server ended, or was killed as too slow.
    """
    assert process.stdout
    said = ""
    too_late = threading.Timer(seconds, process.kill)
    too_late.start()
    try:
        for line in process.stdout:
            said += line
            if sign in line:
                threading.Thread(target=_drain, args=(process,), daemon=True).start()
                return None
        return said
    finally:
        too_late.cancel()


def _drain(process: subprocess.Popen[str]) -> None:
    """Reads on, so that the server never waits for a reader."""
    assert process.stdout
    with process.stdout as lines:
        for _ in lines:
            pass
