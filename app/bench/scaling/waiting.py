"""How long a message takes, by simple queueing."""

import math

from bench.scaling.model import COSTS, Costs
from bench.scaling.queueing import wait_percentile
from bench.scaling.setups import Setup, busiest, commit_seconds, mongod_work
from bench.scaling.simulate import Load


def p99(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """Seconds from a message's arrival until the other side of a chat of two is sent it, 99 % take
    less; infinite if there is more work than time.

    The sum of the 99th percentiles of the stages, which is on the safe side: the wait for the
    owner's event loop, the commit under way and the own, and if there are several gateways, the
    waits at those of the sender and of the receiver.
    """
    database = mongod_work(setup, load, costs) / setup.shards
    database /= setup.engine.speed * setup.engine.cores
    if database >= 1:
        return math.inf
    loops = 3 if setup.gateways > 1 else 1
    work = (costs.message.value + 2 * costs.nginx_frame.value) / 1e6 / setup.board.speed
    commit = commit_seconds(setup, costs) / (1 - database)
    return loops * loop_wait(setup, load, costs) + work + 2 * commit


def loop_wait(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """The 99th percentile of the wait for the fullest event loop, in seconds."""
    squares = sum(job.rate * (job.micros / 1e6 / setup.board.speed) ** 2 for job in load.jobs)
    return wait_percentile(0.99, busiest(setup, load, costs), squares / setup.gateways)
