"""One session that asks for a sign of life every 2 ms: the longest wait shows the longest pause.

Run as `python -m bench.prober PORT`, an account's id and token on the first line of stdin. It
probes until stdin is closed and then prints the waits in ms as a JSON list.
"""

import json
import select
import sys
import time

from bench.client import Connection, Load
from bench.frames import client_frame
from bench.scripts import Account, log_in
from bench.server import HOST

PROBE_SECONDS = 0.002
PROBE = client_frame(b"1")  # the protocol's probe; a server answers with the text frame 0


def main() -> None:
    """Probe until stdin is closed, and print all waits."""
    account = Account(*sys.stdin.readline().split())
    with Load((HOST, int(sys.argv[1]))) as load:
        (session,) = log_in(load, [account])
        print("ready", flush=True)
        waits = [_wait(load, session)]
        while not select.select([sys.stdin], [], [], PROBE_SECONDS)[0]:
            waits.append(_wait(load, session))
        print(json.dumps(waits))


def _wait(load: Load, session: Connection) -> float:
    """Probe once and return the ms until the answer."""
    answers: list[bytes] = []
    session.on_text = answers.append
    begin = time.perf_counter()
    session.send(PROBE)
    load.until(lambda: b"0" in answers)
    return 1e3 * (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
