"""Counts of system calls, by `strace -c` attached to the server for the time of one load."""

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path


def available() -> bool:
    """Tell whether strace is installed."""
    return shutil.which("strace") is not None


def count_calls(pid: int, work: Callable[[], object]) -> Counter[str]:
    """Count the system calls, by name, of all threads of a process while `work` goes on."""
    with tempfile.NamedTemporaryFile() as summary:
        command = ["strace", "-c", "-f", "-p", str(pid), "-o", summary.name]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr
            if "attached" not in (said := strace.stderr.readline()):
                raise PermissionError(said.strip())
            work()
            strace.terminate()
        return parse(Path(summary.name).read_text())


def parse(summary: str) -> Counter[str]:
    """Read the table that `strace -c` writes: the name is last in a line, the calls fourth."""
    calls: Counter[str] = Counter()
    for line in summary.splitlines():
        words = line.split()
        if len(words) >= 5 and words[3].isdigit() and words[-1] != "total":
            calls[words[-1]] = int(words[3])
    return calls
