"""Whether an account may log in, and which of its tokens hold: in memory, for all accounts.

Only those are held that differ from a new account, so ten thousand accounts cost nothing.
"""

from typing import NamedTuple

from pipit.store.base import Store


class Standing(NamedTuple):
    """How often an account's tokens were ended (User.token_gen), and its state (User.state)."""

    generation: int = 0
    state: str = "ok"


NEW = Standing()


class Standings:
    """The standing of every account. Kept in step with the store by whoever changes that."""

    __slots__ = ("_changed",)

    def __init__(self) -> None:
        self._changed: dict[str, Standing] = {}

    async def load(self, store: Store) -> None:
        """Reads all from the store."""
        rows = await store.standings()
        self._changed = {user: Standing(generation, state) for user, generation, state in rows}

    def of(self, user: str) -> Standing:
        """The standing of an account; that of a new one for a name never heard of."""
        return self._changed.get(user, NEW)

    def learn(self, user: str, standing: Standing) -> bool:
        """Notes what another process committed; False if it is no news."""
        known = self.of(user)
        if standing == known or standing.generation < known.generation:
            return False
        self.put(user, standing)
        return True

    def put(self, user: str, standing: Standing) -> None:
        """Notes what was committed to the store."""
        self._changed[user] = standing
