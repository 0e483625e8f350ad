"""What people's doings cost: work for each kind of process, bytes for disks and networks."""

from dataclasses import dataclass

from bench.scaling.model import COSTS, Costs
from bench.scaling.people import Minute, Workload

CHUNK = 256
"""Receivers after which a fan-out lets other work through (docs/performance.md, Pauses)."""

PING_SECONDS = 49.5
FILES_MOVED = 3
"""A file is uploaded once, and downloaded twice. Assumed."""


@dataclass(frozen=True)
class Job:
    """Work that a gateway's event loop does in one go: how many a second, µs of each."""

    rate: float
    micros: float


@dataclass(frozen=True)
class Load:
    """What one second of a minute asks of the whole system, whatever its setup.

    Work is in reference cores, that is CPU seconds a second, without the commits (setups.py):
    `sessions` of the gateways that hold the connections, `owners` of those that own the topics,
    `forwarded` what both have more to do where these are not the same; `mongod_spread` in
    collections that can be sharded, `mongod_whole` in the others. `network` and `journal` are
    bytes.
    """

    minute: Minute
    people: int
    sessions: float
    owners: float
    forwarded: float
    nginx: float
    mongod_spread: float
    mongod_whole: float
    redis: float
    module: float
    network: float
    journal: float
    jobs: tuple[Job, ...]

    @property
    def messages(self) -> float:
        """A second."""
        return self.minute.messages / 60


def load(people: int, minute: Minute, costs: Costs = COSTS) -> Load:
    """What a minute costs, for each of its seconds."""
    c = costs.values()
    messages, deliveries = minute.messages / 60, minute.deliveries / 60
    receipts, relays = minute.receipts / 60, minute.relays / 60
    logins, presence, bursts = minute.logins / 60, minute.presence / 60, minute.bursts / 60
    packets = deliveries + relays + presence
    marks = receipts + messages  # who writes has read
    frames = packets + 2 * messages + receipts + 2 * minute.online / PING_SECONDS
    login = c["login"] + c["login_mongodb"]
    message = c["message"] + c["message_mongodb"] + c["event"]
    cold = c["cold"] / 1e6
    owners = messages * message + bursts * c["topic_mongodb"] + receipts * c["receipt"]
    spread = messages * c["mongod_message"] + marks * c["mongod_mark"] + logins * c["mongod_login"]
    whole = bursts * c["mongod_topic"] + logins * c["mongod_contacts"]
    network = (messages + deliveries) * c["data_frame"] + logins * c["login_bytes"]
    network += (receipts + relays + presence) * c["small_frame"]
    network += minute.files / 60 * FILES_MOVED * c["file_bytes"]
    idle = minute.online * c["idle"]
    return Load(
        minute=minute,
        people=people,
        sessions=(packets * c["delivery"] + logins * login + idle) * cold,
        owners=owners * cold,
        forwarded=((messages + receipts) * c["hop"] + packets * c["hop_delivery"]) * cold,
        nginx=(frames * c["nginx_frame"] + logins * c["nginx_login"]) / 1e6,
        mongod_spread=spread * cold,
        mongod_whole=whole * cold,
        redis=messages * c["redis_event"] / 1e6,
        module=messages * c["module_event"] / 1e6,
        network=network,
        journal=messages * c["message_journal"]
        + marks * c["mark_journal"]
        + bursts * c["topic_journal"],
        jobs=tuple(_jobs(minute, c)),
    )


def _jobs(minute: Minute, c: dict[str, float]) -> list[Job]:
    """The event loops' work, in the pieces that they do it in."""
    c = {name: value * c["cold"] for name, value in c.items()}
    jobs = [
        Job(minute.logins / 60, c["login"] + c["login_mongodb"]),
        Job(minute.bursts / 60, c["topic_mongodb"]),
    ]
    for size, count in minute.by_size:
        receivers, rate = minute.receivers(size), count / 60
        receipts = rate * 2 * minute.reading * receivers
        jobs += [Job(rate, c["message"] + c["message_mongodb"]), Job(receipts, c["receipt"])]
        chunks, rest = divmod(receivers, CHUNK)
        for length, times in ((CHUNK, chunks), (rest, 1)):
            jobs.append(Job((rate + receipts) * times, length * c["delivery"]))
    return [job for job in jobs if job.rate and job.micros]


def stored(workload: Workload, people: int, costs: Costs = COSTS) -> float:
    """Bytes of messages a year, in one copy."""
    return people * workload.messages * workload.days * costs.message_disk.value


def filed(workload: Workload, people: int, costs: Costs = COSTS) -> float:
    """Bytes of pictures a year."""
    return people * workload.messages * workload.days * workload.files * costs.file_bytes.value
