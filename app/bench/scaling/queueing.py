"""How long a message takes, by simple queueing."""

import math

from bench.scaling.limits import Setup, busiest
from bench.scaling.model import COSTS, Costs
from bench.scaling.simulate import Load


def p99(setup: Setup, load: Load, costs: Costs = COSTS) -> float:
    """Seconds from a message's arrival until the other side of a chat of two is sent it, 99 % take
    less; infinite if there is more work than time.

    The sum of the 99th percentiles of the stages, which is on the safe side: the wait for the
    owner's event loop, the commit under way and the own, and if there are several gateways, the
    waits at those of the sender and of the receiver.
    """
    database = load.mongod / setup.shards / setup.engine.speed / setup.engine.cores
    if database >= 1:
        return math.inf
    loops = 3 if setup.gateways > 1 else 1
    work = (costs.message.value + 2 * costs.nginx_frame.value) / 1e6 / setup.board.speed
    return loops * loop_wait(setup, load) + work + 2 * setup.engine.flush / (1 - database)


def loop_wait(setup: Setup, load: Load) -> float:
    """The 99th percentile of the wait for the fullest event loop, in seconds."""
    rho = busiest(setup, load)
    squares = sum(job.rate * (job.micros / 1e6 / setup.board.speed) ** 2 for job in load.jobs)
    return wait_percentile(0.99, rho, squares / setup.gateways)


def wait_percentile(share: float, rho: float, squares: float) -> float:
    """The time that a share of the arrivals at a queue wait less than.

    `rho` is the share of time it is busy, `squares` λ E[S²], for arrivals λ and work S. The mean
    wait of M/G/1 is E[W] = λ E[S²] / 2 (1 - ρ) (Pollaczek, 1930; Khinchine, 1932). A share ρ waits
    at all, and exponentially long: P(W > t) = ρ exp(-ρ t / E[W]), which is exact for M/M/1 and else
    the approximation for heavy traffic (Kingman, 1962).
    """
    if rho >= 1:
        return math.inf
    if rho <= 1 - share:
        return 0.0
    return squares / (2 * (1 - rho)) / rho * math.log(rho / (1 - share))


def commits(rate: float, seconds: float) -> float:
    """Journaled writes a second, if a commit takes so many seconds and each begins at once with all
    that has arrived by then, at a Poisson `rate`.

    After a commit the next begins at once, unless nothing came meanwhile, which has probability
    exp(-rate × seconds): then one waits 1 ÷ rate for the next arrival. So it is one commit in
    seconds + exp(-rate × seconds) ÷ rate (a renewal process).
    """
    if rate == 0:
        return 0.0
    return 1 / (seconds + math.exp(-rate * seconds) / rate)
