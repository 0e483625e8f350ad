"""All measures, in the order in which a run takes them."""

from collections.abc import Callable

from bench.measures.fanout import fanout
from bench.measures.gateways import gateways
from bench.measures.idle import idle
from bench.measures.login import login
from bench.measures.mongodb import mongodb
from bench.measures.p2p import p2p
from bench.measures.pause import pause
from bench.measures.queue import queue
from bench.measures.start import start
from bench.run import Run

MEASURES: dict[str, Callable[[Run], None]] = {
    "fanout": fanout,
    "p2p": p2p,
    "login": login,
    "idle": idle,
    "start": start,
    "pause": pause,
    "mongodb": mongodb,
    "queue": queue,
    "gateways": gateways,
}
