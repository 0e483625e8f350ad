"""Puts the story into a place."""

from collections.abc import Callable

from pipit.accounts.service import NewAccount
from pipit.config import Settings
from pipit.demo.cast import CAST, Person
from pipit.demo.conversing import MINUTE_MS, converse
from pipit.demo.place import Place, opened
from pipit.demo.portraits import portrait
from pipit.demo.story import STORY
from pipit.demo.topics import photo

STEPS = len(CAST) + len(STORY)
SINCE_MS = 45 * 24 * 60 * MINUTE_MS
"""How long ago the first of the cast made an account: before anybody speaks."""

AGENT = "TinodeWeb/0.25.3 (Firefox; Linux)"


class NotEmpty(Exception):
    """There are accounts that are in the way; the message says what is allowed."""


async def fill(
    settings: Settings, password: str, seed: int, *, force: bool, step: Callable[[], None]
) -> None:
    """Adds people and conversations; the same seed sets the same pace of what they say.

    Raises NotEmpty, StoreError, KeyFileError, OSError, and Refused if the settings do not take a
    login or the password.
    """
    async with opened(settings, seed) as place:
        await _check_free(place, force=force)
        for number, person in enumerate(CAST):
            await _enter(place, person, password, number)
            step()
        for conversation in STORY:
            await converse(place, conversation)
            step()
        await place.store.save_seen([_seen(place, person) for person in CAST])


async def _check_free(place: Place, *, force: bool) -> None:
    async for _user in place.store.list_users():
        if not force:
            raise NotEmpty(
                "there are accounts in this data folder already; start it as it is, take another "
                "folder (PIPIT_DATA_DIR), or add the demo to them by --force-add"
            )
    taken = [person.login for person in CAST if await place.accounts.find(person.login)]
    if taken:
        raise NotEmpty(f"the demo cannot be added: taken are the logins {', '.join(taken)}")


async def _enter(place: Place, person: Person, password: str, number: int) -> None:
    public = {"fn": person.name, "note": person.note, "photo": photo(portrait(person.look))}
    trusted = {"staff": True} if person.staff else None
    new = NewAccount(person.login, password, public=public, trusted=trusted, tags=person.tags)
    user = await place.accounts.create(new)
    place.users[person.login] = user.id
    since = place.now_ms - SINCE_MS + number * 47 * MINUTE_MS
    await place.store.update_user(user.id, created=since, updated=since)


def _seen(place: Place, person: Person) -> tuple[str, int, str]:
    """When somebody was last online: not before what they said last."""
    at = max(place.now_ms - person.seen * MINUTE_MS, place.spoke.get(person.login, 0))
    return place.users[person.login], at, AGENT
