"""Records to put into stores."""

from pipit.core import access, ids
from pipit.store.base import Store
from pipit.store.records import FileRecord, Message, Subscription, TopicRecord, User

NOW = 1_763_900_000_000


def user(number: int = 1, *tags: str, created: int = NOW) -> User:
    """An account with an id of its own."""
    public = b'{"fn":"Person %d"}' % number
    return User(ids.new_user_id(), created, created, public=public, tags=sorted(tags))


def message(topic: str, seq: int, content: bytes = b'"hi"', sender: str = "") -> Message:
    """A message, a second after the one before it."""
    return Message(topic, seq, NOW + seq * 1000, sender or ids.new_user_id(), content)


def messages(topic: str, low: int, hi: int) -> list[Message]:
    """The messages [low, hi) of a topic, each with its number as content."""
    return [message(topic, seq, b"%d" % seq) for seq in range(low, hi)]


def file(owner: str, size: int = 1000, created: int = NOW) -> FileRecord:
    """An upload with an id of its own."""
    return FileRecord(ids.new_file_id(), owner, created, size, "image/png", "a.png")


def subscription(topic: str, user_id: str, mode: int = access.GROUP_AUTH) -> Subscription:
    """A plain one, wanted and given alike."""
    return Subscription(topic, user_id, mode, mode, NOW, NOW)


async def people(store: Store, count: int) -> list[str]:
    """The ids of so many new accounts."""
    made = [user(number) for number in range(count)]
    for one in made:
        await store.create_user(one)
    return [one.id for one in made]


async def group(store: Store, *members: str, tags: tuple[str, ...] = ()) -> str:
    """The name of a new group; its first member owns it."""
    name = ids.new_group_name()
    topic = TopicRecord(name, NOW, NOW, NOW, members[0], public=b'{"fn":"G"}', tags=sorted(tags))
    await store.create_topic(topic, [subscription(name, member) for member in members])
    return name


async def chat(store: Store, one: str, other: str) -> str:
    """The name of a new chat of two."""
    name = ids.p2p_name(one, other)
    sides = [subscription(name, side, access.P2P_DEFAULT) for side in (one, other)]
    await store.create_topic(TopicRecord(name, NOW, NOW, NOW), sides)
    return name
