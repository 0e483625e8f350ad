"""The contract of a store: what every backend honours, proven by one suite
(tests/contract/test_store_*.py).

Rules that hold for all of it:
- A method that changes something returns only when the change is committed and would survive a
power cut.
- Changes asked one after another are made in that order.
- A fault of the backend itself (disk full, server away) is raised as Unavailable; nothing was
changed then.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Protocol

from pipit.core.ranges import Span
from pipit.core.tags import Query
from pipit.store.records import (
    Contact,
    CredentialRecord,
    Deletion,
    FileRecord,
    FileUse,
    Found,
    LoginRecord,
    Mark,
    Member,
    Message,
    Subscription,
    TopicRecord,
    User,
)


class StoreError(Exception):
    """Something a store could not do."""


class Unavailable(StoreError):
    """The backend did not take it, for a reason that may pass; nothing was changed."""


class Duplicate(StoreError):
    """A name is taken. `what` says which: "login", "alias", "credential", "user" or "topic"."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is taken")
        self.what = what


class OutOfOrder(StoreError):
    """A message does not continue its topic: another writer was there, or one before it failed."""


Committed = Callable[[Sequence[Message], StoreError | None], None]
"""Called in the event loop with messages of one topic, in order: committed, or (error) not stored
at all.
"""


class Store(Protocol):
    """Accounts, topics, messages and files' records."""

    async def open(self) -> None:
        """Gets ready: locks, makes or migrates the schema. Raises StoreError with a sentence that
        says why not.
        """

    async def close(self) -> None:
        """Commits what was asked and lets go of everything."""

    async def ping(self) -> None:
        """A round trip that writes and reads. Raises Unavailable."""

    # -- accounts ----------------------------------------------------------------------------------

    async def create_user(
        self,
        user: User,
        login: LoginRecord | None = None,
        credentials: Iterable[CredentialRecord] = (),
    ) -> None:
        """Raises Duplicate("login" | "alias" | "user" | "credential"), nothing stored then."""

    async def load_user(self, user: str) -> User | None:
        """The account, also a suspended one; None for unknown and deleted ones."""

    async def load_users(self, users: Iterable[str]) -> dict[str, User]:
        """Those of the accounts that exist."""

    async def update_user(self, user: str, **changes: Any) -> None:
        """Sets fields of User (tags included); nothing for an unknown account.

        Raises Duplicate("alias"), TypeError for what is no field.
        """

    async def delete_user(self, user: str, at: int) -> None:
        """Erases the account, its logins, credentials, tags, subscriptions and `slf` topic.

        A tombstone in state "del" stays (for `standings`), and so do messages sent to others.
        The caller has deleted the topics that it owned.
        """

    def list_users(self) -> AsyncIterator[User]:
        """All accounts but deleted ones, oldest first."""

    async def standings(self) -> list[tuple[str, int, str]]:
        """(user, token_gen, state) of all whose token_gen is not 0 or whose state is not "ok"."""

    async def find_login(self, scheme: str, login: str) -> LoginRecord | None:
        """By the name somebody types."""

    async def login_of(self, user: str, scheme: str) -> LoginRecord | None:
        """By the account."""

    async def save_login(self, record: LoginRecord) -> None:
        """Adds or replaces the login of that user and scheme. Raises Duplicate("login")."""

    async def save_credential(self, record: CredentialRecord) -> None:
        """Adds or replaces (user, method, value). Raises Duplicate("credential") if `done` and
        another's is done.
        """

    async def credentials_of(self, user: str) -> list[CredentialRecord]:
        """In the order they were added."""

    async def delete_credential(self, user: str, method: str, value: str) -> bool:
        """Whether there was one."""

    async def find_credential(self, method: str, value: str) -> CredentialRecord | None:
        """The confirmed one of that value."""

    # -- topics and subscriptions ------------------------------------------------------------------

    async def create_topic(self, topic: TopicRecord, subs: Iterable[Subscription]) -> None:
        """Also with the name of a deleted topic. Raises Duplicate("topic" | "alias")."""

    async def load_topic(self, name: str) -> tuple[TopicRecord, list[Member]] | None:
        """A topic and its members (not those who left, not a channel's readers).

        Of a chat of two both sides, also one that left (its subscription is `deleted`): what it was
        given still counts when it comes back.
        """

    def release_topic(self, name: str) -> None:
        """Another process writes to the topic from now on, until it is loaded here again: nothing
        that is kept of it in memory is written, or believed.
        """

    async def update_topic(self, name: str, **changes: Any) -> None:
        """Sets fields of TopicRecord (tags included); nothing for an unknown topic.

        Raises Duplicate("alias"), TypeError for what is no field.
        """

    async def delete_topic(self, name: str, at: int) -> None:
        """Erases messages, deletions, tags and file uses; marks every subscription deleted at that
        time.
        """

    async def save_subscriptions(self, subs: Iterable[Subscription]) -> None:
        """Adds or replaces each as a whole, all or none. Their users and topics have to exist."""

    async def load_subscription(self, topic: str, user: str) -> Subscription | None:
        """A subscription that is not deleted, a reader's too."""

    async def contacts(self, user: str, deleted_since: int | None = None) -> list[Contact]:
        """All conversations of a user, with those left or deleted after a time if one is given.

        `members` counts every subscription that is not deleted, those of readers too.
        """

    async def load_user_and_contacts(self, user: str) -> tuple[User, list[Contact]] | None:
        """`load_user` and `contacts` in one go, for who comes online."""

    async def contact(self, user: str, topic: str) -> Contact | None:
        """One row of `contacts`."""

    async def owned_topics(self, user: str) -> list[str]:
        """Groups and channels whose owner this is."""

    async def save_marks(self, marks: Iterable[Mark]) -> None:
        """Raises each mark that is behind; never lowers one."""

    async def save_seen(self, seen: Iterable[tuple[str, int, str]]) -> None:
        """(user, when last online, user agent)."""

    async def search(self, query: Query, limit: int) -> list[Found]:
        """Users in state "ok" and topics that match, most matched tags first."""

    async def tag_holders(self, tags: Iterable[str]) -> list[str]:
        """Names of the users and topics that hold any of the tags."""

    # -- messages ----------------------------------------------------------------------------------

    def on_committed(self, committed: Committed) -> None:
        """Who is told of appended messages; set once, before the first append."""

    def append(self, message: Message) -> None:
        """Queues a message that continues its topic; `committed` hears of it, soon, in order.

        Also raises the topic's `seq` and `touched`. If one fails, those queued after it in the
        topic fail too, until `committed` was told of the first. Raises Unavailable when closed.
        """

    async def messages(
        self, topic: str, user: str, spans: Sequence[Span], limit: int
    ) -> list[Message]:
        """Those in the spans, highest number first, without what is deleted for the user."""

    async def message(self, topic: str, seq: int) -> Message | None:
        """One message, unless it is deleted for everybody."""

    async def oldest_message(self, topic: str, spans: Sequence[Span]) -> Message | None:
        """The lowest-numbered one in the spans that is not deleted for everybody."""

    async def delete_messages(
        self, topic: str, del_id: int, user: str, spans: Sequence[Span]
    ) -> None:
        """Hides them from `user`, or ("") erases them for everybody, under a transaction number.

        Sets the topic's `del_id` and the `cleared` of the subscriptions concerned. What is erased
        no longer uses its files.
        """

    async def deletions(
        self, topic: str, user: str, since: int, before: int, limit: int
    ) -> list[Deletion]:
        """Those with since <= del_id < before that concern the user, in rising order."""

    # -- files -------------------------------------------------------------------------------------

    async def save_file(self, record: FileRecord) -> None:
        """Adds the record of an upload."""

    async def load_file(self, file: str) -> FileRecord | None:
        """The record of an upload."""

    async def link_files(self, uses: Sequence[FileUse]) -> None:
        """Notes uses; unknown files are passed over.

        The pictures (seq 0) of a target that one call names replace its former ones.
        """

    async def file_uses(self, file: str) -> list[FileUse]:
        """Where a file is used."""

    async def file_bytes(self, user: str) -> int:
        """How many bytes the uploads of a user hold."""

    async def files_of(self, user: str) -> list[FileRecord]:
        """A user's uploads, oldest first."""

    async def unused_files(self, before: int, limit: int) -> list[FileRecord]:
        """Uploads older than that which nothing uses, oldest first."""

    async def delete_files(self, files: Iterable[str]) -> None:
        """Forgets the records."""

    # -- the outbox --------------------------------------------------------------------------------

    async def put_outbox(self, events: Sequence[bytes]) -> None:
        """Appends events that the message queue could not take. The caller keeps the number low."""

    async def outbox(self, limit: int) -> list[tuple[int, bytes]]:
        """The oldest events with their numbers.

        Those of one process are numbered in the order they were put. Several processes may put and
        drop at the same time.
        """

    async def drop_outbox(self, numbers: Iterable[int]) -> None:
        """Forgets events; numbers that are not there are passed over."""

    async def outbox_size(self) -> int:
        """How many events wait in the outbox."""
