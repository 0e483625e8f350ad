"""The ledger: every request to the model, written before it leaves; and the budgets it allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import apsw
import msgspec

from pipit.config.modules import ChatAI
from pipit.core import clock

DAY_MS = 86_400_000


class Entry(msgspec.Struct, frozen=True):
    """One request. `at` is milliseconds since 1970. Bytes are those of the HTTP bodies, tokens what
    the endpoint counted (where it did not: estimates), `cost` what the settings' prices make of it.
    """

    at: int
    topic: str
    seq: int
    user: str
    endpoint: str
    model: str
    bytes_out: int
    bytes_in: int
    tokens_in: int
    tokens_out: int
    cost: float
    outcome: str


@dataclass(slots=True)
class Use:
    """What a request took."""

    bytes_out: int = 0
    bytes_in: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used in a day."""

    requests: int
    tokens: int
    cost: float


class Ledger:
    """Keeps entries for ever, in order."""

    def __init__(self, db: apsw.Connection, settings: ChatAI) -> None:
        self._db = db
        self._settings = settings

    def begin(self, topic: str, seq: int, user: str, expected: Use) -> int:
        """Enters a request that is about to leave, with what it will take at most; its number.

        So a request that never ends is in the ledger too, and those under way count.
        """
        endpoint, model = self._settings.endpoint, self._settings.model
        self._db.execute(
            "INSERT INTO requests (at, topic, seq, user, endpoint, model, bytes_out, bytes_in,"
            " tokens_in, tokens_out, cost, outcome) VALUES (?,?,?,?,?,?,?,?,?,?,?,'open')",
            (clock.now_ms(), topic, seq, user, endpoint, model, *self._figures(expected)),
        )
        return self._db.last_insert_rowid()

    def finish(self, number: int, use: Use, outcome: str) -> None:
        """Enters what a request took, and what came of it."""
        self._db.execute(
            "UPDATE requests SET bytes_out = ?, bytes_in = ?, tokens_in = ?, tokens_out = ?,"
            " cost = ?, outcome = ? WHERE id = ?",
            (*self._figures(use), outcome, number),
        )

    def entries(self, topic: str = "", latest: int = -1) -> Iterator[Entry]:
        """The `latest` entries, oldest first; -1: all. Of one topic, or of all."""
        rows = self._db.execute(
            "SELECT * FROM (SELECT id, at, topic, seq, user, endpoint, model, bytes_out, bytes_in,"
            " tokens_in, tokens_out, cost, outcome FROM requests WHERE ? IN ('', topic)"
            " ORDER BY id DESC LIMIT ?) ORDER BY id",
            (topic, latest),
        )
        return (Entry(*row[1:]) for row in rows)

    def spent(self, topic: str = "") -> Spent:
        """What was used since midnight UTC, in one topic or in all."""
        midnight = clock.now_ms() // DAY_MS * DAY_MS
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(tokens_in + tokens_out), 0), coalesce(sum(cost), 0.0)"
            " FROM requests WHERE at >= ? AND ? IN ('', topic)",
            (midnight, topic),
        ).get
        return Spent(*row)

    def over_budget(self, topic: str) -> str:
        """Which budget of the day is used up, in words; "" if none is."""
        limits = self._settings
        here = limits.topic_requests_per_day, limits.topic_tokens_per_day, limits.topic_cost_per_day
        everywhere = limits.requests_per_day, limits.tokens_per_day, limits.cost_per_day
        return self._exceeded(self.spent(topic), here, "this conversation") or self._exceeded(
            self.spent(), everywhere, "all conversations together"
        )

    def _exceeded(self, spent: Spent, most: tuple[int, int, float], where: str) -> str:
        requests, tokens, cost = most
        if requests and spent.requests >= requests:
            return f"{requests} requests for {where}"
        if tokens and spent.tokens >= tokens:
            return f"{tokens} tokens for {where}"
        if cost and spent.cost >= cost:
            return f"{cost:g} {self._settings.currency} for {where}"
        return ""

    def _figures(self, use: Use) -> tuple[int, int, int, int, float]:
        prices = self._settings
        cost = (use.tokens_in * prices.price_in + use.tokens_out * prices.price_out) / 1_000_000
        return use.bytes_out, use.bytes_in, use.tokens_in, use.tokens_out, cost
