"""Formulas for queues."""

import math


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
    """Batches a second, if a batch takes so many seconds and each begins at once with all that has
    arrived by then, at a Poisson `rate`.

    After a batch the next begins at once, unless nothing came meanwhile, which has probability
    exp(-rate × seconds): then one waits 1 ÷ rate for the next arrival. So it is one batch in
    seconds + exp(-rate × seconds) ÷ rate (a renewal process).
    """
    if rate == 0:
        return 0.0
    return 1 / (seconds + math.exp(-rate * seconds) / rate)
