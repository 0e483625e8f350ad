"""Which topics are switched on, and which messages were answered: what must survive a restart."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from pipit.core import clock

KEPT_MS = 30 * 86_400_000
"""A message is not handed over again after so long: how it was answered may be forgotten."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the answer to a message is. `answer` is its number in the topic, 0 if none is known;
    `tries` counts from 1.
    """

    tries: int
    answer: int
    done: bool


class Notebook:
    """Every change is on disk when the method returns."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        db.execute("DELETE FROM answers WHERE at < ?", (clock.now_ms() - KEPT_MS,))

    def on_since(self, topic: str) -> int:
        """The number of the message that switched the topic on; 0 while it is off."""
        row = self._db.execute("SELECT since FROM topics WHERE topic = ?", (topic,)).fetchone()
        return int(row[0]) if row else 0

    def switch(self, topic: str, since: int, by: str) -> None:
        """Switches a topic on from a message on, or off with 0."""
        self._db.execute(
            "INSERT OR REPLACE INTO topics VALUES (?, ?, ?, ?)", (topic, since, by, clock.now_ms())
        )

    def begin(self, topic: str, seq: int) -> Progress:
        """Counts a try to answer a message."""
        tries, answer, done = self._db.execute(
            "INSERT INTO answers VALUES (?, ?, 1, NULL, 0, ?)"
            " ON CONFLICT DO UPDATE SET tries = tries + 1 RETURNING tries, answer, done",
            (topic, seq, clock.now_ms()),
        ).get
        return Progress(tries, answer or 0, bool(done))

    def posted(self, topic: str, seq: int, answer: int) -> None:
        """The answer is there, or its beginning."""
        self._db.execute(
            "UPDATE answers SET answer = ? WHERE topic = ? AND seq = ?", (answer, topic, seq)
        )

    def finished(self, topic: str, seq: int) -> None:
        """The answer is whole."""
        self._db.execute("UPDATE answers SET done = 1 WHERE topic = ? AND seq = ?", (topic, seq))
