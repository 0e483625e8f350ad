"""The floor of fan-out: a process that does nothing but send() the same bytes to many sockets.

Run as `python -m bench.floor RECEIVERS`, the frame on stdin. It prints its port, accepts the
connection that gives the beat and then the receivers. Each byte of the beat is one round.
"""

import socket
import sys


def main() -> None:
    """Send the frame round-robin until the connection that gives the beat is closed."""
    frame, receivers = sys.stdin.buffer.read(), int(sys.argv[1])
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        print(listener.getsockname()[1], flush=True)
        beat = _accept(listener)
        sends = [_accept(listener).send for _ in range(receivers)]
        while beat.recv(1):
            for send in sends:
                send(frame)


def _accept(listener: socket.socket) -> socket.socket:
    connection, _address = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


if __name__ == "__main__":
    main()
